// SPDX-License-Identifier: Apache-2.0

/// Finds the end of an archive.

/// Looks for the footer: at the end, or a little before it.
enum FooterSearch {
  /// How much of the end is searched.
  static let range = 1 << 20

  /// - Returns: the footer, and how many bytes that are not zero follow it; `nil` when there is none.
  static func footer(of source: some ArchiveSource) throws(ArchiveError) -> (footer: Footer, trailing: UInt64)? {
    guard source.size >= UInt64(Superblock.size + Footer.size) else { return nil }
    let place = source.size - UInt64(Footer.size)
    let last = try source.bytes(at: place, count: Footer.size)
    if let footer = Footer(decoding: last, at: place) { return (footer, 0) }
    let start = source.size > UInt64(range) ? source.size - UInt64(range) : 0
    let tail = try source.bytes(at: start, count: range)
    // The last one counts: what is behind it is no archive.
    var at = tail.count - Footer.size
    while at >= 0 {
      if tail[at] == Footer.magic[0], tail[at..<(at + 8)].elementsEqual(Footer.magic),
        let footer = Footer(decoding: Array(tail[at..<(at + Footer.size)]), at: start + UInt64(at))
      {
        let trailing = tail[(at + Footer.size)...]
        return (footer, trailing.allSatisfy { $0 == 0 } ? 0 : UInt64(trailing.count))
      }
      at -= 1
    }
    return nil
  }
}
