// SPDX-License-Identifier: Apache-2.0

/// What members of a tar stream and files of an xbstream have in common when they become entries.
internal import CodecKit
internal import SystemIO

extension TreeArchiver {
  /// Where a member stands in the archive; `nil`, after a warning, when it stands nowhere.
  func place(ofMember given: [UInt8], isDirectory: Bool) -> [UInt8]? {
    guard let place = MemberPath(given), !place.path.isEmpty || isDirectory else {
      warn(given, .unsafePath)
      return nil
    }
    if place.wasAbsolute, !hasAbsoluteMembers {
      hasAbsoluteMembers = true
      warn(given, .absolutePath)
    }
    if isExcluded(throughout: place.path, isDirectory: isDirectory) {
      report.skipped += 1
      return nil
    }
    return place.path
  }

  /// Gives bytes of a member to the writer.
  ///
  /// - Parameter see: is shown what goes by.
  func appendMember(
    _ input: StreamInput, _ rule: CutRule, _ length: UInt64, _ path: [UInt8], _ see: (RawSpan) -> Void = { _ in }
  ) throws(ArchiveError) {
    guard length > 0 else { return }
    guard let writer else { return try skipMember(input, length, path) }
    let count = try writer.append(rule, limit: length) { (room: inout OutputRawSpan) throws(ArchiveError) -> Int in
      let count = try input.read(into: &room)
      see(room.bytes.extracting(last: count))
      bytesRead += UInt64(count)
      try tell(path)
      return count
    }
    report.bytes += count
    guard count == length else { throw Self.endsWithin(path, input) }
  }

  func skipMember(_ input: StreamInput, _ length: UInt64, _ path: [UInt8]) throws(ArchiveError) {
    var left = length
    while left > 0 {
      let count = try input.skip(min(left, 1 << 20))
      guard count > 0 else { throw Self.endsWithin(path, input) }
      left -= count
      try tell(path)
    }
  }

  static func endsWithin(_ path: [UInt8], _ input: StreamInput) -> ArchiveError {
    ArchiveError(.truncated, "the stream ends within a member", offset: input.offset, path: path)
  }

  /// All members are there: writes the tree.
  func finishMembers() throws(ArchiveError) {
    guard let outcome = try writer?.finishUnsorted() else { return }
    for path in outcome.withoutTarget { warn(path, .withoutTarget) }
    report.hardLinks -= UInt64(outcome.withoutTarget.count)
    for path in outcome.displaced { warn(path, .displaced) }
  }
}
