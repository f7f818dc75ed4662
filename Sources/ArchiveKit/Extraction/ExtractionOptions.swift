// SPDX-License-Identifier: Apache-2.0

/// What is extracted, and how.

/// How an ``Extractor`` works.
public struct ExtractionOptions: Sendable {
  /// What happens when a name is taken. What the same run has made always stays: when components are taken off and two
  /// entries come out under one name, the second is reported.
  public enum Overwrite: Hashable, Sendable {
    /// What is there stays; the entry is reported.
    case never
    /// The content of a file that has the size and the time of the entry stays, without a word; owner, mode and attributes
    /// become those of the entry. Everything else is replaced.
    case changed
    /// What is newer than the entry, or as new, stays, without a word; everything else is replaced.
    case newer
    /// It is replaced.
    case always
  }

  /// The paths to extract, each with all that is below it; empty for everything. Default: empty.
  public var paths: [[UInt8]] = []
  /// Patterns of which a path, or one of its directories, must match one; empty for no condition. Default: empty.
  public var included: [Glob] = []
  /// Patterns that leave a path out, with all that is below it. Default: empty.
  public var excluded: [Glob] = []
  /// How many components are taken off the front of each path; what has no more is left out. Default: 0.
  public var stripComponents = 0
  /// What happens when a name is taken. Default: `never`.
  public var overwrite = Overwrite.never
  /// Whether damage of one file leaves the others alone. Without it the first damage ends the work. Default: `false`.
  public var keepsGoing = false
  /// Whether a file with damaged ranges is kept under its name with `.damaged` behind it, zeros in their place.
  /// Default: `false`.
  public var keepsDamaged = false
  /// Whether owners and set-ID bits are restored. Default: `true` for the superuser.
  public var restoresOwners: Bool
  /// Whether owners are taken by number, though names are known. Default: `false`.
  public var usesNumericOwners = false
  /// Whether devices are made, and attributes that only the superuser may set. Default: `false`.
  public var allowsSpecial = false
  /// The most bytes of data that are written, holes not counted; `nil` for no limit. Default: `nil`.
  public var maximumBytes: UInt64?
  /// How many threads decode and write; 0 is one for each core. Default: 1.
  public var threads = 1
  /// Whether everything is on the device before the target counts as complete: each file before it takes its name or is
  /// done, then every directory, then the top without ``Extractor/markerName``. Default: `false`.
  public var sync = false
  /// Whether nothing is written. Default: `false`.
  public var isDryRun = false

  /// The defaults.
  public init() { restoresOwners = Account.isSuperuser }

  /// The defaults, changed by `configure`.
  public init(_ configure: (inout Self) -> Void) {
    self.init()
    configure(&self)
  }
}
