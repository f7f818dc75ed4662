// SPDX-License-Identifier: Apache-2.0

/// The 64 bytes before each frame's body.
internal import CodecKit

/// What a frame holds.
enum FrameKind: UInt8, Sendable, CaseIterable {
  case data = 1
  case tree = 2
  case map = 3
  case directory = 4
  case ids = 5
  case blocks = 6
  case index = 7
  case checkpoint = 8
  case stamps = 9
  case ancestry = 10
  case residence = 11
  case superblockCopy = 12
  case note = 13

  /// The most that a payload may decode to.
  var maximumRawLength: Int { self == .data ? FrameHeader.maximumDataLength : FrameHeader.maximumIndexLength }

  /// Whether its blocks are numbered together with those of other kinds of index.
  var isIndexBlock: Bool { self == .tree || self == .map || self == .stamps }
}

/// The header of a frame.
struct FrameHeader: Hashable, Sendable {
  static let size = 64
  /// Where in a header its own offset stands.
  static let offsetPosition = 32
  static let maximumDataLength = 4 << 20
  static let maximumIndexLength = 16 << 20
  static let maximumChunks = 65536
  /// The greatest body: a data block that did not shrink, and its table of chunks.
  static let maximumStoredLength = maximumIndexLength

  struct Flags: OptionSet, Hashable, Sendable {
    let rawValue: UInt16
    static let skippable = Flags(rawValue: 1)
    static let encrypted = Flags(rawValue: 2)
    /// A leaf that only counts when the end is missing.
    static let provisional = Flags(rawValue: 4)
  }

  var tag: UInt64
  var kind: UInt8
  var codec: UInt8
  var flags: Flags
  var storedLength: UInt32
  var rawLength: UInt32
  var count: UInt32
  var number: UInt64
  var offset: UInt64
  var first: UInt64
  var bodyChecksum: UInt64

  /// The offset of the first byte behind the frame.
  var end: UInt64 { offset &+ UInt64(Self.size) &+ UInt64(storedLength) }

  var bytes: [UInt8] {
    var writer = FieldWriter(capacity: Self.size)
    writer.fixed(tag)
    writer.fixed(kind)
    writer.fixed(codec)
    writer.fixed(flags.rawValue)
    writer.fixed(storedLength)
    writer.fixed(rawLength)
    writer.fixed(count)
    writer.fixed(number)
    writer.fixed(offset)
    writer.fixed(first)
    writer.fixed(bodyChecksum)
    writer.fixed(XXH3.of(writer.bytes))
    return writer.bytes
  }
}

extension FrameHeader {
  /// Why bytes are no header.
  enum Refusal: Error, Hashable {
    case notAFrame
    case checksum
    case elsewhere(UInt64)
  }

  /// Reads a header and checks what it says of itself.
  ///
  /// - Parameters:
  ///   - bytes: 64 bytes.
  ///   - offset: where they stand in the archive.
  ///   - tag: how frames of this archive begin; `nil` when that is not known.
  init(_ bytes: [UInt8], at offset: UInt64, tag expected: UInt64?) throws(Refusal) {
    guard bytes.count == Self.size else { throw .notAFrame }
    var checksum: UInt64 = 0
    do throws(ArchiveError) {
      self = try FrameHeader(fields: bytes, &checksum)
    } catch {
      throw .notAFrame
    }
    if let expected, tag != expected { throw .notAFrame }
    guard checksum == XXH3.of(Array(bytes[..<56])) else { throw .checksum }
    guard self.offset == offset else { throw .elsewhere(self.offset) }
  }

  private init(fields bytes: [UInt8], _ checksum: inout UInt64) throws(ArchiveError) {
    var reader = FieldReader(bytes)
    tag = try reader.fixed()
    kind = try reader.fixed()
    codec = try reader.fixed()
    flags = Flags(rawValue: try reader.fixed())
    storedLength = try reader.fixed()
    rawLength = try reader.fixed()
    count = try reader.fixed()
    number = try reader.fixed()
    offset = try reader.fixed()
    first = try reader.fixed()
    bodyChecksum = try reader.fixed()
    checksum = try reader.fixed()
  }
}

extension FrameHeader {
  /// The kind, when it is known and the sizes are in its limits.
  ///
  /// - Returns: `nil` for an unknown frame that may be skipped.
  func checkedKind() throws(ArchiveError) -> FrameKind? {
    if flags.contains(.encrypted) {
      throw ArchiveError(.unsupportedFeature, "the archive is encrypted", offset: offset)
    }
    guard storedLength <= UInt32(Self.maximumStoredLength) else {
      throw .corrupt("a frame is larger than any may be", at: offset)
    }
    guard let kind = FrameKind(rawValue: kind) else {
      if flags.contains(.skippable) { return nil }
      throw ArchiveError(.unsupportedFeature, "a frame has the unknown type \(kind)", offset: offset)
    }
    guard rawLength <= UInt32(kind.maximumRawLength) else {
      throw .corrupt("a frame decodes to more than any may", at: offset)
    }
    if kind == .data {
      guard count > 0, count <= UInt32(Self.maximumChunks), count <= rawLength else {
        throw .corrupt("a data block has an impossible number of chunks", at: offset)
      }
    }
    return kind
  }
}
