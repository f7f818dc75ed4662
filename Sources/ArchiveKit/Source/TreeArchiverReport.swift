// SPDX-License-Identifier: Apache-2.0

/// What came of reading a tree, in figures.

/// What ``TreeArchiver`` took and what it could not take.
public struct TreeArchiverReport: Hashable, Sendable {
  /// How many warnings are kept.
  public static let maximumWarnings = 10_000

  /// Files, each counted by its first name only.
  public internal(set) var files: UInt64 = 0
  /// Further names of what had one already.
  public internal(set) var hardLinks: UInt64 = 0
  /// Directories.
  public internal(set) var directories: UInt64 = 0
  /// Symbolic links.
  public internal(set) var symbolicLinks: UInt64 = 0
  /// Named pipes and devices.
  public internal(set) var specialFiles: UInt64 = 0
  /// The bytes read of all files, holes not counted; in a dry run what would be read.
  public internal(set) var bytes: UInt64 = 0
  /// The bytes of all holes; 0 in a dry run.
  public internal(set) var holeBytes: UInt64 = 0
  /// Entries that have not changed since the parent was made, and were not read.
  public internal(set) var unchanged: UInt64 = 0
  /// Names that were left out because the options say so, directories with all below them counted once.
  public internal(set) var skipped: UInt64 = 0
  /// What happened, in order; of very many the first ``maximumWarnings``.
  public private(set) var warnings: [TreeWarning] = []
  /// How often something happened.
  public private(set) var warningCount: UInt64 = 0
  /// Whether the archive lacks something of the tree.
  public private(set) var isPartial = false

  /// All entries.
  public var entries: UInt64 { files + hardLinks + directories + symbolicLinks + specialFiles }

  init() {}

  mutating func note(_ warning: TreeWarning) {
    warningCount += 1
    if warning.kind.isLoss { isPartial = true }
    if warnings.count < Self.maximumWarnings { warnings.append(warning) }
  }
}
