// SPDX-License-Identifier: Apache-2.0

/// What of a tree is taken, and who is told.
public import SystemIO

/// How far a ``TreeArchiver`` is.
public struct TreeProgress: Hashable, Sendable {
  /// The bytes read of all files so far, those read in vain included.
  public let bytes: UInt64
  /// The entries taken so far.
  public let entries: UInt64
  /// What is being read.
  public let path: [UInt8]
}

/// How a ``TreeArchiver`` works.
public struct TreeArchiverOptions {
  /// What is left out, with all below it. A pattern without a `/` is compared with each component of a path, any other
  /// with the whole path; one with a `/` at its end means directories alone. Default: nothing.
  public var excluded: [Glob] = []
  /// Whether of a directory with a valid `CACHEDIR.TAG` only that file is taken. Default: `false`.
  public var excludesCaches = false
  /// Whether a root that is a directory comes with all that is below it. Default: `true`.
  public var descends = true
  /// Whether directories on other file systems than their root are taken without what is in them. Default: `false`.
  public var staysOnFileSystem = false
  /// Files that are left out wherever they are met: the archive that is being written, and what it replaces. Default: none.
  public var outputs: [FileStatus] = []
  /// A directory that is taken without what is in it wherever it is met: the one that archives are kept in. Default: none.
  public var outputFolder: FileStatus?
  /// Whether owners are stored without their names. Default: `false`.
  public var usesNumericOwners = false
  /// Whether everything belongs to user and group 0, without names. Default: `false`.
  public var overridesOwner = false
  /// Whether extended attributes, and with them access control lists, are stored. Default: `true`.
  public var storesAttributes = true
  /// Which files are made of pages of which size, the most important rule first. Default: what is known by itself.
  public var pageRules: [CutRuleChooser.PageRule] = []
  /// Whether everything is read, also what by its status has not changed since the parent was made. Default: `false`.
  public var isParanoid = false
  /// Is told how far the work is, at least once for each entry and each MiB. Default: nobody.
  public var progress: ((TreeProgress) -> Void)?
  /// Is shown each entry once it is complete but for its content. Default: nobody.
  public var entryTaken: ((ArchiveEntry) -> Void)?
  /// Is told of each warning at once. Default: nobody.
  public var warn: ((TreeWarning) -> Void)?
  /// Is asked, as often as `progress` is told, whether to give up. Default: never.
  public var isCancelled: (() -> Bool)?

  /// The defaults.
  public init() {}

  /// The defaults, changed by `configure`.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }
}
