// SPDX-License-Identifier: Apache-2.0

/// What an archive is and holds, in figures.
/// The head and the end of a complete archive.
public struct ArchiveSummary: Hashable, Sendable {
  /// What it says of itself.
  public let superblock: Superblock
  /// What it holds.
  public let footer: Footer

  /// Its size in bytes.
  public var size: UInt64 { footer.offset + UInt64(Footer.size) }
}
