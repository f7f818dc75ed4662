// SPDX-License-Identifier: Apache-2.0

/// Watches whether a gzip file of sized members ends as its writer would have ended it.
///
/// Members that tell their size in an `IG` field are followed by an empty end member when this library wrote them. A file
/// cut at a member border lacks it. Another writer's members have a name or a time in each, and no end member.
struct SizedMemberEnding {
  /// The size of the end member: nothing else has it, because no content takes 2 bytes but none.
  private static let endMemberSize = 30

  private var allSized = true
  private var firstIsPlain = false
  private var lastIsEnd = false

  /// Looks at a member that has been read.
  mutating func note(_ header: GzipHeaderParser, _ member: GzipFraming.Member, isFirst: Bool) {
    let isSized =
      header.extra.count == 8 && header.extra.starts(with: [0x49, 0x47, 4, 0]) && header.operatingSystem == 255
    let isPlain = header.flags == .extra && header.modificationTime == 0
    if isFirst { firstIsPlain = isPlain }
    allSized = allSized && isSized && (isFirst || isPlain)
    lastIsEnd = isSized && member.contentSize == 0 && member.packedSize == Self.endMemberSize
  }

  /// Whether an end member should be there and is not.
  ///
  /// - Parameter memberCount: how many members there were; at least one.
  func isMissing(memberCount: UInt64) -> Bool {
    allSized && !lastIsEnd && (memberCount > 1 || firstIsPlain)
  }
}
