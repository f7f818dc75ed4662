// SPDX-License-Identifier: Apache-2.0

/// What a walker sees of a stream, damaged or not: bytes at any position, out of a small window.
///
/// When the source fails, there is nothing more to see; the ``Salvager`` or ``PartReader`` tells its caller why.
public final class SalvageInput {
  /// How many bytes the stream has.
  public let size: UInt64

  private let source: (UInt64, inout OutputRawSpan) -> Int
  private var window = Window()

  /// Bytes of the stream from a position on.
  private struct Window: ~Copyable {
    var start: UInt64 = 0
    var bytes = ByteBuffer()
  }

  /// Hops from header to header need few bytes each.
  private static let smallestRead = 4096
  /// A search goes through the stream in pieces of this size.
  private static let searchWindow = 64 << 10

  init(size: UInt64, source: @escaping (UInt64, inout OutputRawSpan) -> Int) {
    self.size = size
    self.source = source
  }

  /// Hands out bytes.
  ///
  /// - Parameters:
  ///   - offset: the position of the first one.
  ///   - count: how many; a walker asks for headers, not for content.
  ///   - body: gets them; fewer only at the end of the stream.
  /// - Returns: what `body` returns.
  public func withBytes<Result>(at offset: UInt64, count: Int, _ body: (RawSpan) -> Result) -> Result {
    let available = Int(min(UInt64(max(0, count)), size - min(size, offset)))
    var window = Window()
    swap(&window, &self.window)
    defer { swap(&window, &self.window) }
    let end = window.start + UInt64(window.bytes.count)
    if offset < window.start || offset + UInt64(available) > end {
      fill(&window, from: offset, count: available)
    }
    let skipped = Int(min(offset - window.start, UInt64(window.bytes.count)))
    return body(window.bytes.bytes.dropping(skipped).extracting(first: available))
  }

  /// A copy of bytes.
  ///
  /// - Parameters:
  ///   - offset: the position of the first one.
  ///   - count: how many.
  /// - Returns: the bytes; fewer only at the end of the stream.
  public func bytes(at offset: UInt64, count: Int) -> [UInt8] {
    withBytes(at: offset, count: count) { $0.array }
  }

  /// Searches for a position.
  ///
  /// - Parameters:
  ///   - range: where to search; a match may extend behind it.
  ///   - lookahead: how many bytes `quick` wants to see, at most 64.
  ///   - quick: whether bytes may be what is searched for; called for every position, so it must be fast. Fewer than
  ///     `lookahead` bytes are given only at the end of the stream.
  ///   - sure: whether a position that `quick` let through is right; it may look anywhere.
  /// - Returns: the first position that both accept, or `nil`.
  public func firstOffset(
    in range: Range<UInt64>, lookahead: Int, where quick: (RawSpan) -> Bool, sure: (UInt64) -> Bool
  ) -> UInt64? {
    var offset = range.lowerBound
    let end = min(range.upperBound, size)
    while offset < end {
      let count = Int(min(UInt64(Self.searchWindow), end - offset))
      var candidates: [Int] = []
      withBytes(at: offset, count: count + lookahead) { bytes in
        var index = 0
        while index < count, index < bytes.byteCount {
          if quick(bytes.extracting(index..<min(index + lookahead, bytes.byteCount))) { candidates.append(index) }
          index += 1
        }
      }
      for candidate in candidates where sure(offset + UInt64(candidate)) { return offset + UInt64(candidate) }
      offset += UInt64(count)
    }
    return nil
  }

  /// Reads into memory that belongs to the caller.
  func read(at offset: UInt64, into room: inout OutputRawSpan) -> Int {
    let before = room.byteCount
    _ = source(offset, &room)
    return room.byteCount - before
  }

  private func fill(_ window: inout Window, from offset: UInt64, count: Int) {
    window.bytes.removeAll()
    window.start = offset
    let wanted = Int(min(UInt64(max(count, Self.smallestRead)), size - min(size, offset)))
    window.bytes.reserve(wanted)
    while window.bytes.count < wanted {
      let filled = window.bytes.count
      var room = window.bytes.room(atMost: wanted - filled)
      let count = read(at: offset + UInt64(filled), into: &room)
      window.bytes.didAppend(count)
      if count == 0 { return }
    }
  }
}
