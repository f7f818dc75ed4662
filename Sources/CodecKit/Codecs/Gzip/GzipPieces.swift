// SPDX-License-Identifier: Apache-2.0

// Members that tell their size as pieces: what gzip adds for decoding on several threads.

/// Walks from member to member by the sizes that they tell, in the fields of pgzip (`IG`), BGZF (`BC`) and mgzip
/// (`MZ`). None of it is trusted: the unpacker finds out.
final class GzipMemberScanner: PieceScanner {
  private let largestPiece: Int
  private var isFirst: Bool
  private var parser = GzipHeaderParser(keepsText: false)

  /// No honest writer makes larger members that tell their size.
  private static let largestMember: UInt64 = 64 << 20
  /// The inflater is faster when it may write a little beyond the end.
  private static let spareRoom = 512

  init(isFirst: Bool, largestPiece: Int) {
    self.isFirst = isFirst
    self.largestPiece = largestPiece
  }

  func next(_ input: RawSpan) -> PieceScan {
    var used = 0
    GzipFraming.skipZeros(input, &used, when: !isFirst)
    if used > 0 { return .passage(size: used) }
    // Magic, method, and the flag of an extra field.
    guard input.byteCount >= 4 else { return .more(4) }
    guard input.uint32(at: 0) & 0x04FF_FFFF == 0x0408_8B1F else { return .serial }
    parser.reset()
    guard let isComplete = try? parser.consume(input, &used, at: 0) else { return .serial }
    guard isComplete else { return .more(input.byteCount + 1) }
    guard let size = parser.header().memberSizeHint(headerSize: used), size >= UInt64(used) + 10,
      size <= Self.largestMember
    else { return .serial }
    guard input.byteCount >= Int(size) else { return .more(Int(size)) }
    let content = Int(input.uint32(at: Int(size) - 4))
    // Deflate cannot shrink further than this.
    guard content <= 1032 * (Int(size) - used - 8) + 64, content + Self.spareRoom <= largestPiece else {
      return .serial
    }
    isFirst = false
    return .piece(size: Int(size), room: content + Self.spareRoom)
  }
}

/// Inflates whole members and checks them.
final class GzipMemberUnpacker: PieceUnpacker {
  private let inflater: any RawInflater
  private var parser = GzipHeaderParser(keepsText: false)

  init(_ inflater: any RawInflater) { self.inflater = inflater }

  func unpack(_ piece: RawSpan, into output: inout OutputRawSpan) -> Bool {
    var offset = 0
    parser.reset()
    guard (try? parser.consume(piece, &offset, at: 0)) == true, piece.byteCount - offset >= 8 else { return false }
    let end = piece.byteCount - 8
    let before = output.byteCount
    guard inflate(piece.extracting(offset..<end), into: &output) else { return false }
    let content = output.bytes.extracting(last: output.byteCount - before)
    return CRC32.of(content) == piece.uint32(at: end) && content.byteCount == Int(piece.uint32(at: end + 4))
  }

  /// Inflates a stream that must take exactly its input.
  private func inflate(_ stream: RawSpan, into output: inout OutputRawSpan) -> Bool {
    inflater.reset()
    var consumed = 0
    while true {
      var progress = InflateProgress(consumed: 0, produced: 0, ended: false)
      let written = try? unsafe output.appendWritten { (room) throws(CodecError) in
        progress = unsafe inflater.run(stream.dropping(consumed), into: room)
        return progress.produced
      }
      consumed += progress.consumed
      if written == nil || progress.fault != nil { return false }
      if progress.ended { return consumed - inflater.unread.count == stream.byteCount }
      guard progress.consumed + progress.produced > 0, output.freeCapacity > 0 else { return false }
    }
  }
}

/// Reads gzip files, with members as pieces.
final class GzipDecoder: InflateEngine, PiecewiseEngine {
  private let gzip: GzipFraming
  private let makeInflater: () throws(CodecError) -> any RawInflater

  /// - Parameters:
  ///   - makeInflater: makes the decompressor of this engine, and of each unpacker.
  ///   - framing: reads what is around the content.
  ///   - trailingData: what to do with foreign bytes at the end.
  init(
    _ makeInflater: @escaping () throws(CodecError) -> any RawInflater, _ framing: GzipFraming,
    trailingData: DecompressionOptions.TrailingData
  ) throws(CodecError) {
    gzip = framing
    self.makeInflater = makeInflater
    super.init(try makeInflater(), framing, trailingData: trailingData)
  }

  var isAtBorder: Bool { isInFraming && gzip.isAtBorder }

  var pausesAtBorders: Bool {
    get { gzip.pausesAtBorders }
    set { gzip.pausesAtBorders = newValue }
  }

  func makeScanner(largestPiece: Int) -> any PieceScanner {
    GzipMemberScanner(isFirst: gzip.isAtStart, largestPiece: largestPiece)
  }

  func makePieceUnpacker() throws(CodecError) -> any PieceUnpacker { GzipMemberUnpacker(try makeInflater()) }

  func accept(_ piece: RawSpan, content: RawSpan, digest: (any PieceDigest)?) throws(CodecError) {
    try gzip.accept(piece, contentSize: UInt64(content.byteCount), at: position)
    position += UInt64(piece.byteCount)
  }
}
