// SPDX-License-Identifier: Apache-2.0

/// The seek index of an S2 stream: where, in the stream and in its content, some of the blocks begin.
///
/// An index comes from a file and proves nothing: its positions are hints, and the chunks found there decide.
public struct S2Index: Hashable, Sendable {
  /// Where a chunk begins.
  public struct Entry: Hashable, Sendable {
    /// Its first byte in the stream.
    public var compressed: Int64
    /// Its first byte of content.
    public var uncompressed: Int64

    /// Makes an entry.
    public init(compressed: Int64, uncompressed: Int64) {
      self.compressed = compressed
      self.uncompressed = uncompressed
    }
  }

  /// The size of the content.
  public var totalUncompressed: Int64 = 0
  /// The size of the stream without the index; -1 when it is not known.
  public var totalCompressed: Int64 = -1
  /// About how much content lies between two entries.
  public var blockSize: Int64
  /// The entries; both positions rise.
  public private(set) var entries: [Entry] = []

  /// The most entries that an index can have.
  public static let maximumEntries = 65_536
  /// Entries are at least so far apart.
  static let distance: Int64 = 1 << 20
  /// The largest chunk that an index can be in.
  static let maximumSize = 16_777_219

  /// An index without entries.
  ///
  /// - Parameter blockSize: the size of the stream's blocks.
  public init(blockSize: Int64) {
    self.blockSize = blockSize
  }

  /// Adds a chunk that holds data. Chunks come in their order; one that begins less than 1 MiB behind the last entry is
  /// passed over.
  public mutating func add(compressed: Int64, uncompressed: Int64) {
    if let last = entries.last {
      if last.uncompressed == uncompressed {
        entries[entries.count - 1].compressed = compressed
        return
      }
      guard uncompressed - last.uncompressed >= Self.distance else { return }
    }
    entries.append(Entry(compressed: compressed, uncompressed: uncompressed))
  }

  /// The entry to begin with when a position is wanted: the last that does not lie behind it. `nil` when there is none:
  /// begin at the start of the stream.
  ///
  /// - Parameter position: counted in the content.
  public func entry(for position: Int64) -> Entry? {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].uncompressed <= position { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : entries[low - 1]
  }

  /// Drops entries until they fit, and until they are not much closer than is useful.
  public mutating func thin() {
    guard entries.count >= Self.maximumEntries || blockSize < Self.distance else { return }
    var dropped = (entries.count + 1) / Self.maximumEntries
    while blockSize * Int64(dropped + 1) < Self.distance, entries.count / (dropped + 1) > 1000 { dropped += 1 }
    guard dropped > 0 else { return }
    entries = stride(from: 0, to: entries.count, by: dropped + 1).map { entries[$0] }
    blockSize += blockSize * Int64(dropped)
  }

  /// The most bytes that the index of so much content takes.
  static func sizeBound(contentSize: Int) -> Int {
    64 + 20 * min(maximumEntries, contentSize / Int(distance) + 2)
  }

  // MARK: - Form

  private static let header: [UInt8] = Array("s2idx\0".utf8)
  private static let trailer: [UInt8] = Array("\0xdi2s".utf8)

  /// The index as a chunk of a stream.
  public func encoded() -> [UInt8] {
    var body = Self.header
    for number in [totalUncompressed, totalCompressed, blockSize, Int64(entries.count)] {
      body += S2Format.varint(Self.zigzag(number))
    }
    let isRegular = entries.indices.allSatisfy {
      entries[$0].uncompressed == ($0 == 0 ? 0 : entries[$0 - 1].uncompressed &+ blockSize)
    }
    body.append(isRegular ? 0 : 1)
    if !isRegular {
      for index in entries.indices {
        let expected = index == 0 ? 0 : entries[index - 1].uncompressed &+ blockSize
        body += S2Format.varint(Self.zigzag(entries[index].uncompressed &- expected))
      }
    }
    var guess = blockSize / 2
    for index in entries.indices {
      let expected = index == 0 ? 0 : entries[index - 1].compressed &+ guess
      let delta = entries[index].compressed &- expected
      body += S2Format.varint(Self.zigzag(delta))
      if index > 0 { guess &+= delta / 2 }
    }
    let size = UInt32(truncatingIfNeeded: body.count + 4 + Self.trailer.count)
    let start = UInt32(S2Format.indexKind) | size << 8
    return Self.bytes(start) + body + Self.bytes(size + 4) + Self.trailer
  }

  /// The index without what can be made anew, 20 bytes less: to be kept apart from its stream.
  public func trimmed() -> [UInt8] { Array(encoded().dropFirst(10).dropLast(10)) }

  /// Reads an index that was written by ``trimmed()``.
  ///
  /// - Throws: ``CodecError`` with `corrupt` or `truncated`.
  public init(trimmed bytes: RawSpan) throws(CodecError) {
    let size = UInt32(truncatingIfNeeded: bytes.byteCount + 16)
    guard bytes.byteCount + 16 <= 0xFF_FFFF else { throw Self.fault(.corrupt, 0, "it is too long") }
    let whole =
      Self.bytes(UInt32(S2Format.indexKind) | size << 8) + Self.header + bytes.array + Self.bytes(size + 4)
      + Self.trailer
    try unsafe self.init(whole.span.bytes)
  }

  /// Reads an index from the chunk that it is in. What follows the chunk is not looked at.
  ///
  /// - Parameter chunk: the bytes from the chunk's header on.
  /// - Throws: ``CodecError`` with `truncated`, `corrupt`, or `unsupportedFeature` when the chunk is not an index.
  public init(_ chunk: RawSpan) throws(CodecError) {
    guard chunk.byteCount >= 4 else { throw Self.fault(.truncated, 0, "it ends inside its header") }
    guard chunk.byte(at: 0) == S2Format.indexKind else { throw Self.fault(.corrupt, 0, "the chunk is of another kind") }
    let end = 4 + Int(chunk.uint32(at: 0) >> 8)
    guard chunk.byteCount >= end, end >= 4 + Self.header.count else {
      throw Self.fault(.truncated, chunk.byteCount, "it ends early")
    }
    guard chunk.extracting(4..<10).array == Self.header else {
      throw Self.fault(.unsupportedFeature, 4, "its name is another")
    }
    var reader = Reader(offset: 10)
    let bytes = chunk.extracting(0..<end)
    totalUncompressed = try reader.number(bytes)
    totalCompressed = try reader.number(bytes)
    blockSize = try reader.number(bytes)
    let count = try reader.number(bytes)
    guard totalUncompressed >= 0, totalCompressed >= -1, blockSize >= 0,
      (0...Int64(Self.maximumEntries)).contains(count)
    else { throw Self.fault(.corrupt, 10, "one of its numbers is not possible") }
    guard reader.offset < end else { throw Self.fault(.truncated, end, "it ends early") }
    let flag = bytes.byte(at: reader.offset)
    guard flag <= 1 else { throw Self.fault(.corrupt, reader.offset, "its flag is neither 0 nor 1") }
    reader.offset += 1
    // Each entry takes a byte at least.
    guard Int(count) <= end - reader.offset else { throw Self.fault(.truncated, end, "it ends early") }
    entries.reserveCapacity(Int(count))
    for _ in 0..<count {
      let delta = flag == 1 ? try reader.number(bytes) : 0
      let value = entries.last.map { Self.sum($0.uncompressed, blockSize, delta) } ?? delta
      guard let value, value >= 0, value > entries.last?.uncompressed ?? -1 else {
        throw Self.fault(.corrupt, reader.offset, "its positions do not rise")
      }
      entries.append(Entry(compressed: 0, uncompressed: value))
    }
    var guess = blockSize / 2
    for index in entries.indices {
      let delta = try reader.number(bytes)
      let before = index == 0 ? -1 : entries[index - 1].compressed
      let value = index == 0 ? delta : Self.sum(before, guess, delta)
      guard let value, value >= 0, value > before else {
        throw Self.fault(.corrupt, reader.offset, "its positions do not rise")
      }
      if index > 0 { guess &+= delta / 2 }
      entries[index].compressed = value
    }
    guard end - reader.offset >= 10 else { throw Self.fault(.truncated, end, "it ends early") }
    guard Int(bytes.uint32(at: reader.offset)) == end,
      bytes.extracting(reader.offset + 4..<reader.offset + 10).array == Self.trailer
    else { throw Self.fault(.corrupt, reader.offset, "its end is damaged") }
  }

  /// How far from the end of a stream its index begins, as the last bytes of the stream tell.
  ///
  /// - Parameter tail: the last bytes, at least 10 of them.
  /// - Returns: the size of the index; `nil` when no index stands there.
  public static func size(fromTail tail: RawSpan) -> Int? {
    guard tail.byteCount >= 10 else { return nil }
    let end = tail.dropping(tail.byteCount - 10)
    guard end.dropping(4).array == trailer else { return nil }
    let size = Int(end.uint32(at: 0))
    return size <= maximumSize && size >= 24 ? size : nil
  }

  private static func sum(_ first: Int64, _ second: Int64, _ third: Int64) -> Int64? {
    let (one, isOver) = first.addingReportingOverflow(second)
    let (two, isStillOver) = one.addingReportingOverflow(third)
    return isOver || isStillOver ? nil : two
  }

  private static func zigzag(_ number: Int64) -> UInt64 { UInt64(bitPattern: number << 1 ^ number >> 63) }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static func fault(_ code: CodecError.Code, _ offset: Int, _ reason: String) -> CodecError {
    CodecError(code, codec: S2.id, inputOffset: UInt64(offset), reason: "this is not a seek index: \(reason)")
  }

  /// Reads signed numbers one after the other.
  private struct Reader {
    var offset: Int

    mutating func number(_ bytes: RawSpan) throws(CodecError) -> Int64 {
      switch S2Format.readVarint(bytes, at: offset) {
      case .number(let value, let size):
        offset += size
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
      case .cut: throw S2Index.fault(.truncated, bytes.byteCount, "it ends early")
      case .tooLarge: throw S2Index.fault(.corrupt, offset, "a number does not fit into 64 bits")
      }
    }
  }
}
