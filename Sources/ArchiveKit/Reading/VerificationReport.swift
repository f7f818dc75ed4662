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
  /// Bytes of the archive that were looked at.
  public internal(set) var bytes: UInt64 = 0

  /// Whether nothing is wrong.
  public var isSound: Bool { problems.isEmpty }
}
