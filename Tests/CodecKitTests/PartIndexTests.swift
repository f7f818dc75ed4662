// SPDX-License-Identifier: Apache-2.0

// An index that lies, or that is damaged, never gives other data.

import CodecKit
import TestSupport
import Testing

@Suite("Parts and lying indexes")
struct PartIndexTests {
  private func zstd(_ count: Int = 600_000) throws -> (content: [UInt8], stream: [UInt8], frames: [Range<Int>]) {
    let content = TestInputs.bytes(.rows, count)
    let stream = try Zstd().compress(content, .init { $0.chunkSize = 128 << 10 })
    return (content, stream, try pieces(Zstd(), stream))
  }

  private func table(_ entries: [(packed: Int, content: Int)]) -> [UInt8] {
    func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    return [0x5E, 0x2A, 0x4D, 0x18] + word(entries.count * 8 + 9)
      + entries.flatMap { word($0.packed) + word($0.content) } + word(entries.count) + [0, 0xB1, 0xEA, 0x92, 0x8F]
  }

  @Test("a table that takes two frames for one misleads nobody")
  func hiddenFrame() throws {
    let (content, stream, frames) = try zstd()
    let sizes = frames.dropLast().map(\.count)
    let body = Array(stream[..<frames[frames.count - 1].lowerBound])
    var contents = [Int](repeating: 131_072, count: sizes.count)
    contents[contents.count - 1] = content.count - 131_072 * (sizes.count - 1)
    let honest = zip(sizes, contents).map { (packed: $0, content: $1) }
    #expect(body + table(honest) == stream)
    // The sizes add up, and the header of the first frame agrees.
    var hidden = honest
    hidden[0].packed += hidden[1].packed
    hidden.remove(at: 1)
    var moved = honest
    moved[0].content -= 1
    moved[1].content += 1
    var swapped = honest
    swapped.swapAt(0, 1)
    for (index, entries) in [hidden, moved, swapped, Array(honest.reversed()), Array(honest.dropLast())].enumerated() {
      let trial = PartTrial(Zstd(), body + table(entries))
      #expect(trial.error == nil)
      try trial.check(seed: UInt64(index), borders: [131_072, 262_144], "lie \(index)")
    }
    // With trust, what is found out is at least no worse than decoding from the start.
    for entries in [moved, Array(honest.dropLast())] {
      try PartTrial(Zstd(), body + table(entries), .init { $0.trustsIndex = true }).check(seed: 9, borders: [131_072])
    }
  }

  @Test("a damaged table changes nothing", arguments: 0..<4)
  func damagedTable(seed: UInt64) throws {
    let (_, stream, frames) = try zstd()
    let start = frames[frames.count - 1].lowerBound
    var random = SplitMix(seed: SplitMix.runSeed ^ seed)
    for _ in 0..<6 {
      let damaged = stream.noisy(start + random.below(stream.count - start), 1 + random.below(4), seed: random.next())
      try PartTrial(Zstd(), damaged).check(6, seed: random.next())
    }
  }

  @Test("damaged streams give the same data and errors", arguments: ["zstd", "lz4", "snappy", "s2", "gzip", "quicklz"])
  func damaged(format: String) throws {
    let content = TestInputs.bytes(.rows, 300_000)
    let codec = try CodecRegistry.builtin.codec(format)
    let chunk = ["zstd": 128 << 10, "lz4": 64 << 10, "s2": 32 << 10, "gzip": 64 << 10][format]
    let stream = format == "gzip" ? try hinted(content) : try codec.compress(content, .init { $0.chunkSize = chunk })
    var random = SplitMix(seed: SplitMix.runSeed ^ 11)
    for index in 0..<24 {
      let at = random.below(stream.count)
      let damaged =
        index % 3 == 0
        ? stream.flipped(at) : index % 3 == 1 ? Array(stream[..<at]) : stream.noisy(at, 1 + random.below(40), seed: 3)
      let trial = PartTrial(codec, damaged)
      for place in trial.places(8, seed: UInt64(index)) {
        let outcome = try trial.read(place.offset, place.count)
        let size = UInt64(content.count)
        let complaint = trial.complaint(outcome, place.offset, place.count)
        // A decoder that comes from the start may deliver noise before it finds out; one that begins behind the damage
        // delivers what was written.
        let start = min(place.offset, size)
        let end = start + min(place.count ?? .max, size - start)
        let isRight = TestInputs.same(outcome.output, Array(content[Int(start)..<Int(end)])) && outcome.error == nil
        if isRight, outcome.summary.start.inputOffset > at { continue }
        #expect(complaint == nil, "\(index) at \(at): \(place) \(outcome)")
      }
    }
  }

  @Test("a damaged size of a piece that is passed over moves nothing")
  func damagedSizes() throws {
    let (content, stream, frames) = try zstd()
    let bare = Array(stream[..<frames[frames.count - 1].lowerBound])
    let snappy = try Snappy().compress(content)
    let hints = try hinted(content)
    let member = try pieces(Gzip(), hints)[3]
    let cases: [(codec: any Codec, stream: [UInt8], at: Int)] = [
      (Zstd(), stream, frames[1].lowerBound + 5), (Zstd(), bare, frames[1].lowerBound + 5),
      (Zstd(), bare, frames[0].lowerBound + 6), (Gzip(), hints, member.upperBound - 4),
      (Snappy(), snappy, snappyChunk(snappy, 2) + 8),
    ]
    for (index, each) in cases.enumerated() {
      #expect(PartTrial(each.codec, each.stream).error == nil)
      let trial = PartTrial(each.codec, each.stream.flipped(each.at, 1))
      #expect(trial.error != nil)
      let outcome = try trial.read(590_000, 10)
      #expect(outcome.error == trial.error && outcome.output.isEmpty, "\(index): \(outcome)")
    }
  }

  /// Where a chunk of a snappy stream begins; the identifier is number 0.
  private func snappyChunk(_ stream: [UInt8], _ number: Int) -> Int {
    (0..<number).reduce(0) { offset, _ in
      offset + 4 + Int(stream[offset + 1]) + Int(stream[offset + 2]) << 8 + Int(stream[offset + 3]) << 16
    }
  }

  @Test("a checksum behind the part is checked, and nothing behind that")
  func checksumBehind() throws {
    let (content, stream, frames) = try zstd()
    // The checksum of the second frame; the header of the third; the last block of the third.
    for (at, isNoticed) in [
      (frames[1].upperBound - 1, true), (frames[2].lowerBound, false), (frames[2].upperBound - 30, false),
    ] {
      let outcome = try PartTrial(Zstd(), stream.flipped(at)).read(131_080, 100)
      #expect(outcome.output == Array(content[131_080..<131_180]))
      #expect((outcome.error != nil) == isNoticed, "\(at): \(outcome)")
    }
    let hints = try hinted(content)
    let members = try pieces(Gzip(), hints)
    for (at, isNoticed) in [(members[1].upperBound - 8, true), (members[2].lowerBound + 3, false)] {
      let outcome = try PartTrial(Gzip(), hints.flipped(at, 0x80)).read(20_010, 100)
      #expect(outcome.output == Array(content[20_010..<20_110]))
      #expect((outcome.error != nil) == isNoticed, "\(at): \(outcome)")
    }
    // What the limit forbids to decode is not checked.
    let limited = DecompressionOptions { $0.limits.maximumOutputSize = 131_200 }
    #expect(try PartTrial(Zstd(), stream, limited).read(131_080, 100).error == nil)
  }

  // MARK: - gzip

  /// Members of 20,000 bytes with `IG` fields and an end member.
  private func hinted(_ content: [UInt8], chunk: Int = 20_000) throws -> [UInt8] {
    var stream: [UInt8] = []
    for start in stride(from: 0, to: content.count, by: chunk) {
      let end = min(content.count, start + chunk)
      stream += member(try Gzip().compress(Array(content[start..<end])))
    }
    return stream + member(try Gzip().compress([]))
  }

  /// A plain member with its size in a field.
  private func member(_ plain: [UInt8], lie: Int = 0) -> [UInt8] {
    let size = plain.count + 10 + lie
    let field: [UInt8] = [8, 0, 0x49, 0x47, 4, 0] + (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
    var bytes = Array(plain[..<10]) + field + Array(plain[10...])
    bytes[3] = 4
    bytes[9] = 255
    return bytes
  }

  @Test("members that tell their size are passed over")
  func members() throws {
    let content = TestInputs.bytes(.rows, 300_000)
    let trial = PartTrial(Gzip(), try hinted(content))
    #expect(trial.error == nil && trial.notices.isEmpty && trial.content == content)
    #expect(try trial.read(299_000, 10).summary.start.outputOffset == 280_000)
    try trial.check(seed: 1, borders: [20_000, 40_000])
    // Without the end member, the file may be cut: that is told from wherever decoding began.
    let cut = Array(trial.stream.dropLast(30))
    for strict in [false, true] {
      let trial = PartTrial(Gzip(), cut, .init { $0.requiresProvenEnd = strict })
      #expect(trial.notices.count == (strict ? 0 : 1) && (trial.error == nil) == !strict)
      for offset in [0, 250_000, 299_999, 300_000] as [UInt64] {
        let outcome = try trial.read(offset, nil)
        #expect(outcome.summary.notices == trial.notices && outcome.error == trial.error, "\(offset)")
      }
    }
  }

  @Test("whether an end member is missing is judged by all members")
  func mixedMembers() throws {
    let content = TestInputs.bytes(.rows, 60_000)
    var foreign = member(try Gzip().compress(content))
    foreign[9] = 3
    let ours = Array(try hinted(content).dropLast(30))
    for stream in [foreign + ours, ours + foreign, foreign + foreign, ours + ours] {
      let trial = PartTrial(Gzip(), stream)
      #expect(trial.error == nil && trial.notices.count == (stream == ours + ours ? 1 : 0))
      for offset in stride(from: 0, through: 120_000, by: 15_000) {
        let outcome = try trial.read(UInt64(offset), nil)
        #expect(outcome.summary.notices == trial.notices && outcome.error == nil, "\(offset)")
      }
    }
  }

  @Test("a member's size field that lies is found out where it leads nowhere")
  func lyingMembers() throws {
    let content = TestInputs.bytes(.rows, 100_000)
    for lie in [-300, -1, 1, 8, 20, 1 << 20, -100_000] {
      var stream: [UInt8] = []
      for (index, start) in stride(from: 0, to: content.count, by: 10_000).enumerated() {
        let plain = try Gzip().compress(Array(content[start..<start + 10_000]))
        stream += member(plain, lie: index == 4 ? lie : 0)
      }
      let trial = PartTrial(Gzip(), stream)
      #expect(trial.error == nil)
      try trial.check(20, seed: UInt64(bitPattern: Int64(lie)), borders: [40_000, 50_000], "lie \(lie)")
      // What leads behind the end of the stream is not even taken for a size.
      let start = lie == 1 << 20 || lie == -100_000 ? 30_000 : 40_000 as UInt64
      #expect(try trial.read(99_000, 10).summary.start.outputOffset == start)
    }
  }

  @Test("an error names the member that decoding from the start would name")
  func memberNumbers() throws {
    let content = TestInputs.bytes(.rows, 100_000)
    let stream = try hinted(content)
    let last = try pieces(Gzip(), stream)[4]
    let trial = PartTrial(Gzip(), stream.flipped(last.upperBound - 8))
    #expect(trial.error?.reason.contains("member 5") == true)
    let outcome = try trial.read(90_000, nil)
    #expect(outcome.error == trial.error && outcome.summary.start == .start)
  }

  // MARK: - lz4

  @Test("short blocks in the middle of an lz4 frame are noticed")
  func shortBlocks() throws {
    let content = TestInputs.bytes(.rows, 500_000)
    for sized in [false, true] {
      let options = CompressionOptions {
        $0.chunkSize = 64 << 10
        if sized { $0.contentSize = UInt64(content.count) }
      }
      let engine = try LZ4().makeCompressionEngine(options)
      var stream: [UInt8] = []
      for (range, flush) in [
        (0..<100_000, Flush.block), (100_000..<100_001, .block), (100_001..<300_000, .block),
        (300_000..<500_000, .finish),
      ] {
        stream += try flushed(engine, Array(content[range]), flush)
      }
      let trial = PartTrial(LZ4(), stream)
      #expect(trial.error == nil && trial.content == content)
      try trial.check(seed: 3, borders: [65_536, 100_000, 100_001, 165_537])
      #expect(try trial.read(499_999, 1).summary.start.outputOffset > 400_000)
    }
  }

  /// What an engine makes of an input and a flush.
  private func flushed(_ engine: any StreamEngine, _ input: [UInt8], _ flush: Flush) throws -> [UInt8] {
    var used = 0
    var output: [UInt8] = []
    while true {
      var state = StreamStep.State.needsOutput
      output =
        try unsafe output
        + [UInt8](unsafeUninitializedCapacity: 1 << 20) { memory, count in
          var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(memory), initializedCount: 0)
          let step = try unsafe engine.step(input.span.bytes.extracting(used..<input.count), into: &room, flush: flush)
          used += step.consumed
          state = step.state
          count = room.byteCount
        }
      if state != .needsOutput { return output }
    }
  }

  @Test("the content of an lz4 block is found out without decoding")
  func measure() throws {
    for kind in InputKind.allCases {
      for size in [1, 12, 13, 14, 100, 5000, 65_535, 65_536, 65_537, 200_000] {
        let trial = PartTrial(
          LZ4(), try LZ4().compress(TestInputs.bytes(kind, size), .init { $0.chunkSize = 64 << 10 }))
        let outcome = try trial.read(UInt64(size - 1), 1)
        #expect(outcome.summary.start.outputOffset == UInt64((size - 1) / 65_536 * 65_536), "\(kind) \(size)")
        #expect(outcome.output == [trial.content[size - 1]])
      }
    }
  }
}
