// SPDX-License-Identifier: Apache-2.0

/// Compares a seek table with the frames that were walked before it, in constant memory: by checksums over both lists.
struct ZstdTableCheck {
  private var frames: UInt64 = 0
  private var packed = Sequence()
  private var content = Sequence()
  /// Whether every frame so far has said how much it holds.
  private var contentKnown = true
  private var verdict: Verdict?

  /// What the table turned out to be.
  private struct Verdict {
    var entries: UInt64
    var problem: String?
  }

  /// An order-dependent checksum of numbers: FNV-1a by whole words, enough to find mistakes.
  private struct Sequence: Equatable {
    private var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ number: UInt64) { value = (value ^ number) &* 0x0000_0100_0000_01B3 }
  }

  /// Notes a frame, or a skippable frame with no content.
  mutating func note(packed size: UInt64, content count: UInt64?) {
    frames += 1
    packed.add(size)
    if let count { content.add(count) } else { contentKnown = false }
  }

  /// Whether there is a table, it stands right behind all frames, and it is true.
  var isConsistent: Bool { verdict.map { $0.problem == nil } ?? false }

  /// The table in one line, if there is one.
  var summary: String? {
    verdict.map { "\($0.entries) entries, " + ($0.problem ?? "consistent with the frames") }
  }

  /// Reads a table piece by piece.
  struct Reader {
    private var rest: UInt64
    private let payload: UInt64
    private var entries: UInt64 = 0
    private var packed = Sequence()
    private var content = Sequence()
    /// The same sums for the case that entries carry checksums, which only the footer tells.
    private var wide: Wide = Wide()

    private struct Wide {
      var word = 0
      var packed = Sequence()
      var content = Sequence()
    }

    init(payload: UInt64) {
      self.payload = payload
      rest = payload
    }

    var isDone: Bool { rest == 0 }

    /// Takes what there is of the table.
    ///
    /// - Returns: how many bytes were taken; 0 when more are needed.
    mutating func read(_ input: RawSpan, _ check: inout ZstdTableCheck) -> Int {
      var used = 0
      let footer = UInt64(ZstdSeekTable.footerSize)
      while rest >= footer + 4, used + 4 <= input.byteCount {
        note(UInt64(input.uint32(at: used)))
        used += 4
        rest -= 4
      }
      if rest < footer + 4, used + Int(rest) <= input.byteCount {
        end(input.extracting(used..<used + Int(rest)), &check)
        used += Int(rest)
        rest = 0
      }
      return used
    }

    private mutating func note(_ number: UInt64) {
      if entries & 1 == 0 { packed.add(number) } else { content.add(number) }
      entries += 1
      if wide.word == 0 { wide.packed.add(number) } else if wide.word == 1 { wide.content.add(number) }
      wide.word = (wide.word + 1) % 3
    }

    private func end(_ footer: RawSpan, _ check: inout ZstdTableCheck) {
      func judge(_ count: UInt64, _ problem: String?) {
        check.verdict = Verdict(entries: count, problem: problem)
      }
      guard footer.byteCount == ZstdSeekTable.footerSize, footer.uint32(at: 5) == ZstdSeekTable.footerMagic else {
        return judge(0, "but its end mark is missing")
      }
      let count = UInt64(footer.uint32(at: 0))
      let descriptor = footer.byte(at: 4)
      let hasChecksums = descriptor & 0x80 != 0
      guard descriptor & 0x7C == 0, payload == count * (hasChecksums ? 12 : 8) + UInt64(ZstdSeekTable.footerSize) else {
        return judge(count, "but its size does not fit")
      }
      guard count == check.frames else { return judge(count, "but \(check.frames) frames precede it") }
      guard (hasChecksums ? wide.packed : packed) == check.packed else {
        return judge(count, "but the sizes of the frames are others")
      }
      guard !check.contentKnown || (hasChecksums ? wide.content : content) == check.content else {
        return judge(count, "but the sizes of the contents are others")
      }
      judge(count, nil)
    }
  }
}
