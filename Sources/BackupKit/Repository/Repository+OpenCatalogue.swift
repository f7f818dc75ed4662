// SPDX-License-Identifier: Apache-2.0

/// The catalogue of an open repository: the one that all processes share, or what it would say, where that cannot be used now.
internal import Synchronization
internal import SystemIO

extension Repository {
  /// A catalogue, and whether it is the shared one or a copy in memory of a repository that cannot be written now.
  struct OpenCatalogue: ~Copyable {
    var catalogue: Catalogue
    let remembers: Bool
    /// When the copy was made; `nil` for the shared one.
    var copiedAt: Timestamp?
    /// The number of changes that have been counted.
    var counted: Int64
  }

  /// Uses the catalogue; nobody else of this process does meanwhile.
  func withCatalogue<Result>(
    _ body: (Catalogue) throws(BackupError) -> Result
  ) throws(BackupError) -> Result {
    try catalogue.withLock { (open: inout OpenCatalogue) throws(BackupError) -> Result in
      defer {
        let count = open.catalogue.changeCount
        if count != open.counted {
          open.counted = count
          changes.add(1, ordering: .releasing)
        }
      }
      return try body(open.catalogue)
    }
  }

  /// The catalogue that all processes share.
  static func catalogue(of storage: any BackupStorage, remembers: Bool) throws(BackupError) -> Catalogue {
    let opened = try Catalogue(storage.catalogue, remembers: remembers)
    // Reading alone finds out whether it is one.
    if try !opened.isUsable() { try fill(opened, from: storage) }
    return opened
  }

  /// What a catalogue would say, in memory.
  static func copy(of storage: any BackupStorage, remembers: Bool) throws(BackupError) -> Catalogue {
    let copy = try Catalogue(nil, remembers: remembers)
    try fill(copy, from: storage)
    return copy
  }

  /// Goes on with a copy, because the catalogue cannot follow the records now.
  func useCopy() throws(BackupError) {
    try catalogue.withLock { (open: inout OpenCatalogue) throws(BackupError) in
      open.catalogue = try Self.copy(of: storage, remembers: open.remembers)
      open.copiedAt = clock()
      open.counted = open.catalogue.changeCount
      changes.add(1, ordering: .releasing)
    }
  }

  /// Sees to it that changes reach the catalogue that others read, which may not have been possible before.
  func leaveCopy() throws(BackupError) {
    let hasLeft = try catalogue.withLock { (open: inout OpenCatalogue) throws(BackupError) in
      guard open.copiedAt != nil else { return false }
      open.catalogue = try Self.catalogue(of: storage, remembers: open.remembers)
      open.copiedAt = nil
      open.counted = open.catalogue.changeCount
      changes.add(1, ordering: .releasing)
      return true
    }
    guard hasLeft else { return }
    do throws(BackupError) { try catchUp() } catch {
      if error.isLackOfRoom { try useCopy() }
      throw error
    }
  }

  /// How many seconds a copy is good for: others change records, too.
  private static let copyAge: Int64 = 10

  /// Goes back to the catalogue, or makes the copy anew, when that is old.
  func refreshCopy() throws(BackupError) {
    let now = clock().seconds
    let copiedAt = catalogue.withLock { $0.copiedAt?.seconds }
    guard let copiedAt, !(copiedAt..<copiedAt + Self.copyAge).contains(now) else { return }
    do throws(BackupError) { try leaveCopy() } catch {
      guard error.code == .io else { throw error }
      try useCopy()
    }
  }
}
