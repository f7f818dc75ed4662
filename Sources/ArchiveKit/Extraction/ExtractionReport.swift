// SPDX-License-Identifier: Apache-2.0

/// What became of an extraction.

/// Something that did not come out as it is in the archive.
public struct ExtractionProblem: Hashable, Sendable {
  /// The kind of problem.
  public enum Kind: Hashable, Sendable {
    /// Bytes of the archive are damaged; the entry is missing, or kept as damaged.
    case damaged
    /// The system refused.
    case failed
    /// The name is taken.
    case exists
    /// The options leave it out: a device, for one.
    case leftOut
    /// It was extracted, but not all of its metadata.
    case metadata
  }

  /// The entry.
  public let path: [UInt8]
  /// The kind of problem.
  public let kind: Kind
  /// What happened.
  public let error: ArchiveError
  /// For a damaged file that was kept: the ranges that are zeros now.
  public var lostRanges: [Range<UInt64>] = []
}

/// What was extracted.
public struct ExtractionReport: Hashable, Sendable {
  /// Files that came out complete, further names of the same file included.
  public internal(set) var files: UInt64 = 0
  /// Directories.
  public internal(set) var directories: UInt64 = 0
  /// Symbolic links, pipes and devices.
  public internal(set) var others: UInt64 = 0
  /// Bytes of files, holes not counted.
  public internal(set) var bytes: UInt64 = 0
  /// Stored bytes of data blocks that were read, in all archives together.
  public internal(set) var bytesRead: UInt64 = 0
  /// Entries that were there already as they should be.
  public internal(set) var unchanged: UInt64 = 0
  /// What did not come out.
  public internal(set) var problems: [ExtractionProblem] = []

  /// Whether bytes of the archive turned out to be damaged.
  public var hasDamage: Bool { problems.contains { $0.kind == .damaged } }
}
