// SPDX-License-Identifier: Apache-2.0

// Where to begin in a gzip stream: at members whose sizes are told.

extension Gzip {
  /// A walker from member to member, by the size fields of pgzip, BGZF and mgzip.
  public func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)? {
    try options.refuseDictionary(codec: descriptor.id)
    return GzipSeekWalker(options, library, trials: try library.makeInflater(codec: descriptor.id))
  }
}

/// Walks a gzip stream by the size fields of its members.
final class GzipSeekWalker: SeekWalker {
  private let options: DecompressionOptions
  private let library: DeflateLibrary

  /// The header of a member that tells its size.
  private struct Header {
    var packedSize: UInt64
    /// Whether it has the form of ``SizedMemberEnding``, after which an end member is due.
    var isOurs: Bool
  }

  private static let commonHeader = 64
  private static let longestHeader = 3 * (64 << 10) + 16
  /// Larger members are not taken for sized ones.
  private static let largestMember: UInt64 = 64 << 20

  private let members: GzipMemberEngine
  private var sizes: ClaimedSize

  init(_ options: DecompressionOptions, _ library: DeflateLibrary, trials: any RawInflater) {
    self.options = options
    members = GzipMemberEngine(trials)
    sizes = ClaimedSize(options, members, codec: "gzip")
    self.library = library
  }

  var hasChecksumsBehindContent: Bool { true }

  func point(after point: SeekPoint, in input: SalvageInput) -> SeekPoint? {
    guard let header = header(at: point.inputOffset, input) else { return nil }
    let end = point.inputOffset + header.packedSize
    // Another sized member must follow: what comes after the last one is told by decoding it. Whether an end member is
    // missing depends on all members, and must look the same from the point on.
    guard end < input.size, let next = self.header(at: end, input), header.isOurs || !next.isOurs else { return nil }
    let size = input.withBytes(at: end - 4, count: 4) { $0.byteCount == 4 ? UInt64($0.uint32(at: 0)) : nil }
    // Deflate makes at most 1032 bytes of one.
    members.reset()
    guard let size, size <= header.packedSize * 1032 + 64,
      sizes.holds(size, SalvagePiece(offset: point.inputOffset, end: end), at: point, in: input),
      // A member that was decoded ends where its field says.
      members.memberSize == nil || members.memberSize == header.packedSize
    else { return nil }
    return SeekPoint(inputOffset: end, outputOffset: point.outputOffset &+ size, ordinal: point.ordinal + 1)
  }

  func makeEngine(at point: SeekPoint, in input: SalvageInput) throws(CodecError) -> any StreamEngine {
    let framing = GzipFraming(requiresProvenEnd: options.requiresProvenEnd)
    framing.resume(memberCount: point.ordinal)
    let engine = InflateEngine(
      try library.makeInflater(codec: "gzip"), framing, trailingData: options.trailingData)
    engine.resume(at: point.inputOffset)
    return engine
  }

  /// The header of a member that tells its size.
  private func header(at offset: UInt64, _ input: SalvageInput) -> Header? {
    func read(_ count: Int) -> (header: Header?, isShort: Bool) {
      input.withBytes(at: offset, count: count) { bytes in
        // Only with an extra field is there anything to know.
        guard bytes.byteCount >= 12, bytes.uint32(at: 0) & 0xE4FF_FFFF == 0x0408_8B1F else { return (nil, false) }
        let parsed: (header: GzipHeader, size: Int)?
        do throws(CodecError) { parsed = try GzipHeader.parse(bytes) } catch { return (nil, false) }
        guard let (header, size) = parsed else { return (nil, bytes.byteCount == count) }
        guard let packed = header.memberSizeHint(headerSize: size), packed >= UInt64(size) + 10,
          packed <= Self.largestMember, packed <= input.size - offset
        else { return (nil, false) }
        let field = header.extraFields.first
        let isOurs =
          header.extraSize == 8 && field?.id == [0x49, 0x47] && field?.bytes.count == 4 && header.operatingSystem == 255
          && (offset == 0
            || (header.modificationTime == nil && bytes.byte(at: 3) == GzipHeader.Flags.extra.rawValue))
        return (Header(packedSize: packed, isOurs: isOurs), false)
      }
    }
    let quick = read(Self.commonHeader)
    return quick.isShort ? read(Self.longestHeader).header : quick.header
  }
}
