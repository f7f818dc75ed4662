// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream that is itself an archive where its members begin, so that what is the same in two streams becomes the
/// same chunks, wherever it stands.
internal import CodecKit

/// Gives a stream to a writer, byte for byte, with chunks that know tar and xbstream.
///
/// What stands before and between the data of members (headers, and the bytes that fill up blocks) is cut by content, on
/// its own. The data of each member are cut as a file of that name would be. When the stream stops making sense, the rest
/// of it is cut by content.
struct StreamCutting {
  /// A form of stream whose members are known.
  enum Form {
    case tar
    case xbstream
  }

  /// Headers are given to the writer when there are so many bytes of them.
  private static let headerPiece = 1 << 20
  /// How many files of an xbstream may be open at a time and still be cut in pages.
  private static let maximumFiles = 4096

  private let input: StreamInput
  private let writer: ArchiveWriter
  private let chooser: CutRuleChooser
  /// Told of bytes that go by.
  private let tell: (Int) throws(ArchiveError) -> Void
  private(set) var bytes: UInt64 = 0

  init(
    _ input: StreamInput, _ writer: ArchiveWriter, _ chooser: CutRuleChooser,
    _ tell: @escaping (Int) throws(ArchiveError) -> Void
  ) {
    self.input = input
    self.writer = writer
    self.chooser = chooser
    self.tell = tell
  }

  /// The form that a stream begins with, if it is known.
  static func form(_ input: StreamInput) throws(ArchiveError) -> Form? {
    if try TarMemberReader.begins(input) { return .tar }
    return try XBStreamReader.begins(input) ? .xbstream : nil
  }

  /// Takes the stream to its end.
  mutating func run(_ form: Form) throws(ArchiveError) {
    do throws(ArchiveError) {
      switch form {
      case .tar: try cutTar()
      case .xbstream: try cutXBStream()
      }
    } catch {
      // A stream that is not well formed is a stream all the same; what it says wrongly concerns whoever reads it.
      guard
        error.isDamage || error.code == .limitExceeded || error.code == .unsupportedFeature
          || error.code == .notAnArchive
      else { throw error }
    }
    try giveHeaders()
    try give(.contentDefined, nil)
  }

  // MARK: - Forms

  private mutating func cutTar() throws(ArchiveError) {
    var reader = TarMemberReader(input)
    while let member = try reader.next() {
      guard member.length > 0 else {
        if input.recorded.count >= Self.headerPiece { try giveHeaders() }
        continue
      }
      try giveHeaders()
      guard try give(rule(member.path, member.length), member.length) == member.length else { return }
    }
  }

  private mutating func cutXBStream() throws(ArchiveError) {
    let reader = XBStreamReader(input)
    var rules: [[UInt8]: CutRule] = [:]
    while let chunk = try reader.next() {
      if chunk.kind == .end { rules[chunk.path] = nil }
      guard chunk.length > 0 else {
        if input.recorded.count >= Self.headerPiece { try giveHeaders() }
        continue
      }
      try giveHeaders()
      let rule: CutRule
      if let known = rules[chunk.path], chunk.fileOffset > 0 {
        rule = known
      } else {
        rule = try self.rule(chunk, input)
        if rules.count < Self.maximumFiles { rules[chunk.path] = rule }
      }
      guard try give(rule, chunk) else { return }
    }
  }

  /// How a file of an xbstream is cut, from its first payload.
  private func rule(_ chunk: XBStreamChunk, _ input: StreamInput) throws(ArchiveError) -> CutRule {
    chunk.fileOffset == 0 ? try chunk.rule(chooser, path: chunk.path, input) : .contentDefined
  }

  /// Gives the payload of a chunk, cut where the pages of its file begin.
  ///
  /// - Returns: whether all of it came.
  private mutating func give(_ rule: CutRule, _ chunk: XBStreamChunk) throws(ArchiveError) -> Bool {
    var left = chunk.length
    if case .pages(let size) = rule, chunk.kind == .payload {
      let ahead = (UInt64(size) - chunk.fileOffset % UInt64(size)) % UInt64(size)
      let first = min(ahead, left)
      if first > 0 {
        guard try give(.whole, first) == first else { return false }
        left -= first
      }
    }
    if left == 0 { return true }
    return try give(rule, left) == left
  }

  private func rule(_ path: [UInt8], _ length: UInt64) throws(ArchiveError) -> CutRule {
    let count = Int(min(length, UInt64(CutRuleChooser.beginningSize)))
    let wanted = length < CutRuleChooser.smallestCut ? 0 : count
    return try input.withBytes(wanted) { chooser.rule(path: path, size: length, beginning: $0) }
  }

  // MARK: - Bytes

  private mutating func giveHeaders() throws(ArchiveError) {
    let headers = input.recorded
    guard !headers.isEmpty else { return }
    input.forgetRecorded()
    var given = 0
    let tell = tell
    bytes += try writer.append(.contentDefined, limit: UInt64(headers.count)) {
      (room: inout OutputRawSpan) throws(ArchiveError) -> Int in
      let count = unsafe room.append(prefixOf: headers.span.bytes.dropping(given))
      given += count
      try tell(count)
      return count
    }
  }

  @discardableResult
  private mutating func give(_ rule: CutRule, _ limit: UInt64?) throws(ArchiveError) -> UInt64 {
    let (input, tell) = (input, tell)
    let count = try writer.append(rule, limit: limit) { (room: inout OutputRawSpan) throws(ArchiveError) -> Int in
      let count = try input.read(into: &room)
      try tell(count)
      return count
    }
    bytes += count
    return count
  }
}

extension XBStreamChunk {
  /// Of a file in several payloads nobody knows the size: it is taken for one that every page size divides.
  private static let unknownSize: UInt64 = 1 << 30

  /// How a file is cut whose first payload comes next.
  func rule(_ chooser: CutRuleChooser, path: [UInt8], _ input: StreamInput) throws(ArchiveError) -> CutRule {
    let size = length < UInt64(CutRuleChooser.beginningSize) ? length : Self.unknownSize
    let wanted = Int(min(length, UInt64(CutRuleChooser.beginningSize)))
    return try input.withBytes(wanted) { chooser.rule(path: path, size: size, beginning: $0) }
  }
}
