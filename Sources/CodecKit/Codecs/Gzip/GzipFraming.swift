// SPDX-License-Identifier: Apache-2.0

/// Members of gzip (RFC 1952), joined, with zero padding between and after them.
final class GzipFraming: DeflateFraming {
  /// A member that has been read and checked.
  struct Member {
    var offset: UInt64
    var packedSize: UInt64
    var contentSize: UInt64
  }

  private enum Stage { case border, header, content, trailer }

  /// Is told of each member; for inspection.
  var onMember: ((GzipHeaderParser, Member) -> Void)?

  /// Whether reading pauses behind each member.
  var pausesAtBorders = false

  private var parser: GzipHeaderParser
  private let requiresProvenEnd: Bool
  private let stopsAfterMember: Bool
  private var stage = Stage.border
  private var memberCount: UInt64 = 0
  private var memberOffset: UInt64 = 0
  private var crc = CRC32()
  private var contentSize: UInt64 = 0
  private var trailer: UInt64 = 0
  private var trailerCount = 0
  private var ending = SizedMemberEnding()

  /// - Parameters:
  ///   - requiresProvenEnd: whether sized members without an end member are an error instead of a notice.
  ///   - keepsText: whether names and comments are wanted by `onMember`.
  ///   - stopsAfterMember: whether everything behind the first member is foreign.
  init(requiresProvenEnd: Bool, keepsText: Bool = false, stopsAfterMember: Bool = false) {
    self.requiresProvenEnd = requiresProvenEnd
    self.stopsAfterMember = stopsAfterMember
    parser = GzipHeaderParser(keepsText: keepsText)
  }

  var dictionary: CodecDictionary? { nil }

  var place: String { "member \(memberCount + 1)" }

  func reset() {
    parser.reset()
    stage = .border
    memberCount = 0
    ending = SizedMemberEnding()
  }

  /// Begins behind so many members.
  func resume(memberCount: UInt64) {
    reset()
    self.memberCount = memberCount
  }

  func note(_ content: RawSpan) {
    crc.update(content)
    contentSize &+= UInt64(content.byteCount)
  }

  func contentEnded() {
    stage = .trailer
    trailer = 0
    trailerCount = 0
  }

  func read(_ input: RawSpan, _ used: inout Int, at position: UInt64) throws(CodecError) -> FramingStep {
    while used < input.byteCount {
      switch stage {
      case .border:
        if stopsAfterMember, memberCount > 0 { return .foreign(position + UInt64(used)) }
        Self.skipZeros(input, &used, when: memberCount > 0)
        guard used < input.byteCount else { return .input }
        memberOffset = position + UInt64(used)
        if memberCount == 0 {
          try Self.nameForeign(input, used, at: memberOffset)
        } else if !Self.mayBeginMember(input, used) {
          return .foreign(memberOffset)
        }
        parser.reset()
        stage = .header
      case .header:
        // The first byte was the last of its call: only now is it known to begin no member.
        if memberCount > 0, position + UInt64(used) == memberOffset + 1, input.byte(at: used) != 0x8B {
          return .foreign(memberOffset)
        }
        guard try consumeHeader(input, &used, at: position) else { return .input }
        stage = .content
        crc.reset()
        contentSize = 0
        return .content
      case .content: return .content
      case .trailer:
        try readTrailer(input, &used, at: position)
        if stage == .border, pausesAtBorders { return .border }
      }
    }
    return .input
  }

  func inputEnded(at position: UInt64) throws(CodecError) -> StreamNotice? {
    switch stage {
    case .border:
      guard memberCount > 0 else {
        throw CodecError(.truncated, inputOffset: position, reason: "no gzip header: the input is empty")
      }
      guard ending.isMissing(memberCount: memberCount) else { return nil }
      let text = "the file may be cut: its sized members end without the end member"
      if requiresProvenEnd { throw CodecError(.truncated, inputOffset: position, reason: text) }
      return StreamNotice(.possiblyTruncated, inputOffset: position, text: text)
    case .header:
      // One byte 1F behind the last member is no cut header but a foreign byte.
      if memberCount > 0, position == memberOffset + 1 {
        return StreamNotice(.trailingData, inputOffset: memberOffset, text: "1 byte after the last member")
      }
      throw CodecError(.truncated, inputOffset: position, reason: "\(place): the input ends inside the header")
    case .content:
      throw CodecError(.truncated, inputOffset: position, reason: "\(place): the input ends inside the data")
    case .trailer:
      throw CodecError(.truncated, inputOffset: position, reason: "\(place): the input ends inside the trailer")
    }
  }

  private func consumeHeader(
    _ input: RawSpan, _ used: inout Int, at position: UInt64
  ) throws(CodecError) -> Bool {
    do throws(CodecError) {
      return try parser.consume(input, &used, at: position)
    } catch {
      guard memberCount > 0 else { throw error }
      throw CodecError(
        error.code, inputOffset: error.inputOffset, reason: "\(place): \(error.reason)", native: error.native)
    }
  }

  private func readTrailer(_ input: RawSpan, _ used: inout Int, at position: UInt64) throws(CodecError) {
    if trailerCount == 0, input.byteCount - used >= 8 {
      trailer = input.uint64(at: used)
      trailerCount = 8
      used += 8
    } else {
      trailer |= UInt64(input.byte(at: used)) << UInt64(8 * trailerCount)
      trailerCount += 1
      used += 1
    }
    guard trailerCount == 8 else { return }
    let end = position + UInt64(used)
    let storedCRC = UInt32(truncatingIfNeeded: trailer)
    guard storedCRC == crc.value else {
      throw CodecError(
        .checksumMismatch, inputOffset: end - 8,
        reason: "\(place): the CRC-32 of the data is \(Self.hex(crc.value)), stored is \(Self.hex(storedCRC))")
    }
    let storedSize = UInt32(truncatingIfNeeded: trailer >> 32)
    guard storedSize == UInt32(truncatingIfNeeded: contentSize) else {
      throw CodecError(
        .contentSizeMismatch, inputOffset: end - 4,
        reason: "\(place): the data has \(contentSize) bytes, stored is \(storedSize) (modulo 2^32)")
    }
    memberEnded(Member(offset: memberOffset, packedSize: end - memberOffset, contentSize: contentSize))
  }

  /// Whether a member may begin here.
  var isAtBorder: Bool { stage == .border }

  /// Whether no member has been read.
  var isAtStart: Bool { memberCount == 0 }

  /// Takes note of a member that was decoded and checked elsewhere.
  func accept(_ member: RawSpan, contentSize: UInt64, at position: UInt64) throws(CodecError) {
    parser.reset()
    var used = 0
    _ = try parser.consume(member, &used, at: position)
    memberOffset = position
    memberEnded(Member(offset: position, packedSize: UInt64(member.byteCount), contentSize: contentSize))
  }

  private func memberEnded(_ member: Member) {
    ending.note(parser, member, isFirst: memberCount == 0)
    onMember?(parser, member)
    memberCount += 1
    stage = .border
  }

  private static func mayBeginMember(_ input: RawSpan, _ at: Int) -> Bool {
    input.byte(at: at) == 0x1F && (at + 1 == input.byteCount || input.byte(at: at + 1) == 0x8B)
  }

  /// Skips padding, which may stand behind a member only.
  static func skipZeros(_ input: RawSpan, _ used: inout Int, when isAllowed: Bool) {
    guard isAllowed else { return }
    while input.byteCount - used >= 8, input.uint64(at: used) == 0 { used += 8 }
    while used < input.byteCount, input.byte(at: used) == 0 { used += 1 }
  }

  /// Says what a stream is that does not start as gzip does.
  static func nameForeign(_ input: RawSpan, _ used: Int, at offset: UInt64) throws(CodecError) {
    let start = input.dropping(used)
    guard start.byte(at: 0) != 0x1F || (start.byteCount > 1 && start.byte(at: 1) != 0x8B) else { return }
    var reason = "no gzip header"
    if let name = ForeignFormat.recognize(start) {
      reason += ": this is \(name) data"
    } else if ZlibFraming.mayBegin(start) {
      reason += ": this looks like zlib data, which the codec zlib reads"
    } else if start.byte(at: 0) & 0b110 != 0b110 {
      reason += ": if this is raw deflate data, the codec deflate reads it"
    }
    throw CodecError(.corrupt, inputOffset: offset, reason: reason)
  }

  private static func hex(_ number: UInt32) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
