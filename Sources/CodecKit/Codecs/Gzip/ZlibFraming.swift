// SPDX-License-Identifier: Apache-2.0

/// One zlib stream (RFC 1950).
final class ZlibFraming: DeflateFraming {
  private enum Stage { case header, dictionaryID, content, trailer, done }

  private let given: CodecDictionary?
  private(set) var dictionary: CodecDictionary?
  private var stage = Stage.header
  private var number: UInt32 = 0
  private var count = 0
  private var adler = Adler32()

  /// - Parameter dictionary: what to use for a stream that asks for it.
  init(dictionary: CodecDictionary?) { given = dictionary }

  /// Whether a stream with this beginning can be a zlib stream: a weak test, one in 500 pairs of bytes passes it.
  static func mayBegin(_ prefix: RawSpan) -> Bool {
    guard prefix.byteCount >= 2 else { return false }
    let head = UInt16(prefix.byte(at: 0)) << 8 | UInt16(prefix.byte(at: 1))
    return head >> 8 & 0xF == 8 && head >> 12 <= 7 && head % 31 == 0
  }

  var place: String { "" }

  func note(_ content: RawSpan) { adler.update(content) }

  func contentEnded() { move(to: .trailer) }

  func reset() {
    move(to: .header)
    dictionary = nil
    adler.reset()
  }

  func read(_ input: RawSpan, _ used: inout Int, at position: UInt64) throws(CodecError) -> FramingStep {
    while used < input.byteCount {
      let offset = position + UInt64(used)
      switch stage {
      case .content: return .content
      case .done: return .foreign(offset)
      case .header, .dictionaryID, .trailer:
        number = number << 8 | UInt32(input.byte(at: used))
        count += 1
        used += 1
        guard count == (stage == .header ? 2 : 4) else { continue }
        try check(at: offset + 1 - UInt64(count))
        if stage == .content { return .content }
      }
    }
    return .input
  }

  func inputEnded(at position: UInt64) throws(CodecError) -> StreamNotice? {
    let part: String
    switch stage {
    case .done: return nil
    case .header: part = count == 0 ? "no zlib header: the input is empty" : "the input ends inside the header"
    case .dictionaryID: part = "the input ends inside the header"
    case .content: part = "the input ends inside the data"
    case .trailer: part = "the input ends inside the trailer"
    }
    throw CodecError(.truncated, inputOffset: position, reason: part)
  }

  private func move(to next: Stage) {
    stage = next
    number = 0
    count = 0
  }

  /// Looks at a complete field.
  private func check(at offset: UInt64) throws(CodecError) {
    switch stage {
    case .header:
      if number == 0x1F8B {
        throw CodecError(
          .corrupt, inputOffset: offset, reason: "no zlib header: this is gzip data, which the codec gzip reads")
      }
      guard number % 31 == 0 else { throw CodecError(.corrupt, inputOffset: offset, reason: "no zlib header") }
      guard number >> 8 & 0xF == 8 else {
        throw CodecError(
          .unsupportedFeature, inputOffset: offset, reason: "unsupported compression method \(number >> 8 & 0xF)")
      }
      guard number >> 12 <= 7 else {
        throw CodecError(.corrupt, inputOffset: offset, reason: "the header asks for a window above 32 KiB")
      }
      move(to: number & 0x20 == 0 ? .content : .dictionaryID)
    case .dictionaryID:
      let id = String(number, radix: 16)
      guard let given else {
        throw CodecError(
          .dictionaryRequired, inputOffset: offset, reason: "the stream needs the dictionary with Adler-32 \(id)")
      }
      guard Adler32.of(given.bytes) == number else {
        throw CodecError(
          .dictionaryRequired, inputOffset: offset,
          reason: "the stream needs the dictionary with Adler-32 \(id), another was given")
      }
      dictionary = given
      move(to: .content)
    case .trailer:
      guard number == adler.value else {
        throw CodecError(
          .checksumMismatch, inputOffset: offset, reason: "the stored Adler-32 does not match the data")
      }
      move(to: .done)
    case .content, .done: break
    }
  }
}

/// One raw deflate stream (RFC 1951): no header, no trailer, no checksum.
final class RawDeflateFraming: DeflateFraming {
  private var isDone = false
  private var hasBegun = false
  let dictionary: CodecDictionary?

  /// - Parameter dictionary: what the stream may refer back to.
  init(dictionary: CodecDictionary?) { self.dictionary = dictionary }

  var place: String { "" }

  func note(_ content: RawSpan) {}

  func contentEnded() { isDone = true }

  func reset() {
    isDone = false
    hasBegun = false
  }

  func read(_ input: RawSpan, _ used: inout Int, at position: UInt64) throws(CodecError) -> FramingStep {
    guard used < input.byteCount else { return .input }
    hasBegun = true
    return isDone ? .foreign(position + UInt64(used)) : .content
  }

  func inputEnded(at position: UInt64) throws(CodecError) -> StreamNotice? {
    if isDone { return nil }
    throw CodecError(
      .truncated, inputOffset: position,
      reason: hasBegun ? "the input ends inside the data" : "no deflate data: the input is empty")
  }
}
