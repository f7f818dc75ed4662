// SPDX-License-Identifier: Apache-2.0

/// What a check of an archive found.

/// How thoroughly an archive is checked.
public enum VerificationLevel: Int, Hashable, Sendable, Comparable {
  /// The checksums of all frames, which needs neither codec nor tree.
  case quick
  /// Every block is decoded, every chunk hashed, the tree and the contentRoot checked.
  case full
  /// As `full`, and every file is put together and compared with its digest, as if it were extracted.
  case deep

  /// Less thorough is less.
  public static func < (left: VerificationLevel, right: VerificationLevel) -> Bool { left.rawValue < right.rawValue }
}

/// What a check of an archive found.
public struct VerificationReport: Hashable, Sendable {
  /// What is wrong, in the order in which it was found.
  public internal(set) var problems: [ArchiveError] = []
  /// Files that are hit by damage, in the order of the tree; complete unless ``treeIsDamaged``.
  public internal(set) var damagedFiles: [[UInt8]] = []
  /// Whether a part of the tree could not be read, so that files may be missing from the list.
  public internal(set) var treeIsDamaged = false
  /// Frames that were looked at.
  public internal(set) var frames: UInt64 = 0
  /// Entries that were looked at.
  public internal(set) var entries: UInt64 = 0
  /// Bytes of the archives that were looked at.
  public internal(set) var bytes: UInt64 = 0
  /// The archives whose frames were checked: the archive itself, then its ancestors when the chain was checked.
  public internal(set) var members: [Member] = []
  /// Archives that were not there, so that what lies in them was not checked; problems when the chain was to be checked.
  public internal(set) var unchecked: [ArchiveError] = []
  /// Files whose content was not compared with their digest, because some of it lies in archives that were not checked.
  public internal(set) var uncheckedFiles: UInt64 = 0

  /// An archive of a chain.
  public struct Member: Hashable, Sendable {
    /// What it is called; `nil` for the archive itself.
    public let name: String?
    /// Its depth.
    public let depth: UInt32
    /// The bytes of its frames.
    public let bytes: UInt64
    /// Whether only its index is there.
    public let isIndex: Bool
    /// How many problems were found in it.
    public let problems: Int
  }

  /// Whether nothing is wrong.
  public var isSound: Bool { problems.isEmpty }
}
