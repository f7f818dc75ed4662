// SPDX-License-Identifier: Apache-2.0

/// Reads the headers of an xbstream: what mariabackup and xtrabackup write to a pipe.
internal import CodecKit

/// What stands before the payload of a chunk.
struct XBStreamChunk {
  enum Kind: Equatable {
    case payload
    /// A payload with holes: each piece of it stands behind so many bytes that are not there.
    case sparse
    case end
    /// Something that may be passed over.
    case unknown
  }

  var kind: Kind
  var path: [UInt8]
  /// The bytes of the payload.
  var length: UInt64 = 0
  /// Where in the file it belongs.
  var fileOffset: UInt64 = 0
  var checksum: UInt32 = 0
  /// The pieces of a payload with holes.
  var pieces: [(skip: UInt32, length: UInt32)] = []
  /// The checksum of the bytes that tell the pieces.
  var mapChecksum: UInt32 = 0
  /// Where in the stream the chunk begins.
  var offset: UInt64 = 0
}

/// Finds one chunk after the other. Whoever uses it takes the payload of a chunk before it asks for the next.
struct XBStreamReader {
  static let magic = Array("XBSTCK01".utf8)
  /// No program writes longer ones.
  private static let maximumPath = 4096
  private static let maximumPieces = 1 << 20

  private let input: StreamInput

  init(_ input: StreamInput) { self.input = input }

  /// Whether a stream begins as an xbstream.
  static func begins(_ input: StreamInput) throws(ArchiveError) -> Bool { try input.peek(magic.count) == magic }

  /// The next chunk; `nil` at the end of the stream.
  ///
  /// - Throws: `notAnArchive` when there is not even a first one, `truncated`, `corrupt`, `unsupportedFeature`.
  func next() throws(ArchiveError) -> XBStreamChunk? {
    let start = input.offset
    guard try input.fill(1) == 1 else { return nil }
    let head = try input.take(Self.magic.count + 6)
    guard head.starts(with: Self.magic) || Self.magic.starts(with: head) else {
      if start == 0 { throw ArchiveError(.notAnArchive, "this is no xbstream") }
      throw .corrupt("a chunk of the xbstream has no magic", at: start)
    }
    guard head.count == Self.magic.count + 6 else { throw truncated }
    var reader = FieldReader(head, from: Self.magic.count)
    let flags: UInt8 = try reader.fixed()
    let kind: UInt8 = try reader.fixed()
    let pathLength: UInt32 = try reader.fixed()
    guard pathLength > 0, pathLength <= UInt32(Self.maximumPath) else {
      throw .corrupt("a chunk of the xbstream has an impossible path", at: start)
    }
    var chunk = XBStreamChunk(kind: .payload, path: try take(Int(pathLength)), offset: start)
    switch kind {
    case UInt8(ascii: "P"): break
    case UInt8(ascii: "S"): chunk.kind = .sparse
    case UInt8(ascii: "E"):
      chunk.kind = .end
      return chunk
    default:
      guard flags & 1 != 0 else {
        throw ArchiveError(.unsupportedFeature, "a chunk of the xbstream has an unknown type", offset: start)
      }
      chunk.kind = .unknown
    }
    let pieces: UInt32 = chunk.kind == .sparse ? try number() : 0
    chunk.length = try number()
    chunk.fileOffset = try number()
    chunk.checksum = try number()
    guard chunk.length <= UInt64(Int64.max), chunk.fileOffset <= UInt64(Int64.max), pieces <= UInt32(Self.maximumPieces)
    else { throw .corrupt("a chunk of the xbstream has an impossible size", at: start) }
    try readPieces(Int(pieces), of: &chunk)
    return chunk
  }

  private func readPieces(_ count: Int, of chunk: inout XBStreamChunk) throws(ArchiveError) {
    guard chunk.kind == .sparse else { return }
    let bytes = try take(count * 8)
    chunk.mapChecksum = CRC32.of(bytes)
    var reader = FieldReader(bytes)
    var sum: UInt64 = 0
    for _ in 0..<count {
      chunk.pieces.append((try reader.fixed(), try reader.fixed()))
      sum += chunk.pieces.last.map { UInt64($0.length) } ?? 0
    }
    guard sum == chunk.length else {
      throw .corrupt("the pieces of a chunk of the xbstream are not its payload", at: chunk.offset)
    }
  }

  private func take(_ count: Int) throws(ArchiveError) -> [UInt8] {
    let bytes = try input.take(count)
    guard bytes.count == count else { throw truncated }
    return bytes
  }

  private func number<Number: FixedWidthInteger>() throws(ArchiveError) -> Number {
    var reader = FieldReader(try take(Number.bitWidth / 8))
    return try reader.fixed()
  }

  private var truncated: ArchiveError {
    ArchiveError(.truncated, "the xbstream ends within a chunk", offset: input.offset)
  }
}
