// SPDX-License-Identifier: Apache-2.0

/// Changes of records: first the state file, then the row.
internal import ArchiveKit
public import CodecKit
public import SystemIO

extension Repository {
  /// The largest state file that is read.
  static let maximumState = 4 << 20

  // MARK: - One record

  /// Adds a record.
  ///
  /// - Parameter make: makes it, given all that there are; nobody else adds one meanwhile.
  func insert(_ make: (Catalogue) throws(BackupError) -> BackupRecord) throws(BackupError) -> BackupRecord {
    try leaveCopy()
    return try withCatalogue { (catalogue) throws(BackupError) in
      try catalogue.transaction { () throws(BackupError) in
        let record = try make(catalogue)
        try storage.put(.state(record.id), record.stateFile)
        try catalogue.put(record)
        return record
      }
    }
  }

  /// Changes a record.
  ///
  /// - Parameters:
  ///   - id: the backup.
  ///   - check: looks at other records first; none is added or changed until this one is.
  ///   - body: changes it; what it is given is what its state file says.
  /// - Returns: the changed record.
  @discardableResult
  func change(
    _ id: BackupID, checking check: (Catalogue) throws(BackupError) -> Void = { _ in },
    _ body: (inout BackupRecord) throws(BackupError) -> Void
  ) throws(BackupError) -> BackupRecord {
    try leaveCopy()
    return try withCatalogue { (catalogue) throws(BackupError) in
      while true {
        // Committed before the file is touched: should this process end in between, the next one reads the file.
        try catalogue.doubt(id)
        let changed = try catalogue.transaction { () throws(BackupError) -> BackupRecord? in
          // Somebody may have read the file in the meantime and be content with the row.
          guard try catalogue.doubtful().contains(id) else { return nil }
          try check(catalogue)
          var record = try state(of: id)
          let before = record
          try body(&record)
          if record != before {
            record.updatedAt = clock()
            try storage.put(.state(id), record.stateFile)
          }
          try catalogue.put(record)
          try catalogue.trust(id)
          return record
        }
        if let changed { return changed }
      }
    }
  }

  /// What the state file of a backup says.
  func state(of id: BackupID) throws(BackupError) -> BackupRecord {
    guard let bytes = try storage.contents(of: .state(id), limit: Self.maximumState) else {
      throw BackupError(.notFound, "there is no backup \(id)", backups: [id])
    }
    let record = try BackupRecord(stateFile: bytes)
    guard record.id == id else {
      throw BackupError(.catalogueDamaged, "\(StorageName.state(id)) is the record of \(record.id)", backups: [id])
    }
    return record
  }

  /// Removes all that there is of a backup that is being deleted: archive, index, what was unfinished, state, row.
  func erase(_ record: BackupRecord) throws(BackupError) {
    try leaveCopy()
    try storage.delete(.archive(record.id))
    try storage.delete(.index(record.id))
    try storage.delete(.partial(record.id))
    try storage.delete(.partialIndex(record.id))
    try withCatalogue { (catalogue) throws(BackupError) in
      try catalogue.doubt(record.id)
      try catalogue.transaction { () throws(BackupError) in
        try storage.delete(.state(record.id))
        try catalogue.remove(record.id)
        try catalogue.trust(record.id)
      }
    }
  }

  // MARK: - On a full disk

  /// Does something that must be possible on a full disk: it is tried again with the room that is kept for it.
  func makingRoom<Result>(_ body: () throws(BackupError) -> Result) throws(BackupError) -> Result {
    defer { storage.keepReserve() }
    do throws(BackupError) { return try body() } catch {
      guard error.isLackOfRoom, try storage.releaseReserve() else { throw error }
      try leaveCopy()
      try withCatalogue { (catalogue) throws(BackupError) in try catalogue.staySmall() }
      return try body()
    }
  }

  // MARK: - After an interruption

  /// Sees to records of an instance that say that somebody works on them, when nobody does: a backup whose archive is
  /// complete is adopted, any other one has failed, and one that was being deleted goes. What a service has left for the
  /// next one to make stays as it is.
  ///
  /// Does nothing when the instance is locked, because then somebody does.
  ///
  /// - Parameters:
  ///   - instance: the instance.
  ///   - isGivenUp: says which of the backups left for a service are not to be made any more. Default: none.
  func settle(_ instance: String, givingUp isGivenUp: (BackupID) -> Bool = { _ in false }) throws(BackupError) {
    let locks: HeldLocks
    do throws(BackupError) { locks = try lock(instance, .exclusive, "settle") } catch {
      // A repository that cannot be written is shown as it is.
      if error.code == .locked || error.code == .io { return }
      throw error
    }
    defer { locks.release() }
    do throws(BackupError) { try settleHeld(instance, givingUp: isGivenUp) } catch {
      // Nor can one be written whose disk is full.
      guard error.isLackOfRoom else { throw error }
    }
  }

  /// The same, for one who holds the lock of the instance.
  func settleHeld(_ instance: String, givingUp isGivenUp: (BackupID) -> Bool = { _ in false }) throws(BackupError) {
    let records = try withCatalogue { (catalogue) throws(BackupError) in try catalogue.records(of: instance) }
    for record in records where record.state.isActive {
      try settle(record, leavingForService: record.hasAttemptsOfService && !isGivenUp(record.id))
    }
    // Children first, as they were to be deleted.
    let leaving = records.filter { $0.state == .deleting }.sorted { $0.depth > $1.depth }
    let parents = Dictionary(records.map { ($0.id, $0.parent) }) { first, _ in first }
    var needed = Set<BackupID>()
    for record in records where record.state != .deleting {
      var next = record.parent
      while let id = next, needed.insert(id).inserted { next = parents[id] ?? nil }
    }
    for record in leaving where !needed.contains(record.id) { try erase(record) }
    for record in leaving where needed.contains(record.id) {
      // Its deletion goes on when somebody deletes what builds on it.
      try change(record.id) { (record) throws(BackupError) in
        guard record.state == .deleting else { return }
        try record.move(to: .deleteFailed, at: clock(), "what builds on it could not be deleted")
      }
    }
    try removeAbandoned(of: instance)
    try countAncestors(of: instance)
  }

  /// Removes what an interrupted merge has left of the archives of complete backups.
  func removeAbandoned(of instance: String) throws(BackupError) {
    for name in try storage.names(in: .partial) {
      let record = try withCatalogue { (catalogue) throws(BackupError) in
        try name.backup.flatMap { (id) throws(BackupError) in try catalogue.record(id) }
      }
      if let record, record.instance == instance, record.state == .complete { try storage.delete(name) }
    }
  }

  private func settle(_ record: BackupRecord, leavingForService isLeft: Bool) throws(BackupError) {
    if let size = try storage.size(of: .archive(record.id)) {
      do throws(BackupError) {
        let opened = try BackupArchives.open(record, in: storage, registry)
        let summary = opened.reader.summary
        let index = try storage.size(of: .index(record.id)) ?? 0
        try change(record.id) { (record) throws(BackupError) in
          guard record.state.isActive else { return }
          if record.state != .running { try record.move(to: .running, at: clock()) }
          record.sizes.index = index
          try BackupArchives.complete(
            &record, summary, size: size, at: clock(), "its archive was complete when its process had ended")
        }
        return
      } catch {
        guard error.code == .archive else { throw error }
        // An archive under its name was complete once: what is damaged now is not thrown away.
        warn("'\(record.name)': \(error.reason)")
      }
    }
    if !record.isResumable { try storage.delete(.partial(record.id)) }
    try storage.delete(.partialIndex(record.id))
    if isLeft {
      guard record.state == .running else { return }
      try change(record.id) { (record) throws(BackupError) in
        guard record.state == .running else { return }
        try record.move(to: .waiting, at: clock(), "the process that made it has ended")
      }
      return
    }
    try change(record.id) { (record) throws(BackupError) in
      guard record.state.isActive else { return }
      record.failure = .init(code: "interrupted", reason: "the process that made it has ended before it was complete")
      // What can be gone on with has failed, wherever it was.
      if record.state == .queued, record.isResumable { try record.move(to: .running, at: clock()) }
      try record.move(
        to: record.state == .queued ? .skipped : .failed, at: clock(), "the process that made it has ended")
    }
  }

  // MARK: - The catalogue as a whole

  /// Makes a catalogue from the records, and from archives without one.
  ///
  /// - Returns: how many backups there are, and what could not be read.
  @discardableResult
  static func fill(
    _ catalogue: Catalogue, from storage: any BackupStorage, force: Bool = false,
    registry: CodecRegistry = .builtin, clock: () -> Timestamp = { WallClock.now },
    isCancelled: () -> Bool = { false }
  ) throws(BackupError) -> (backups: Int, restored: [BackupRecord], problems: [String]) {
    func check() throws(BackupError) {
      // Nothing has changed then: it is one transaction.
      if isCancelled() { throw BackupError(.cancelled, "the rebuild was given up") }
    }
    return try catalogue.transaction { () throws(BackupError) in
      // Somebody else may have been faster.
      if !force, try catalogue.isUsable() { return (0, [], []) }
      try catalogue.reset()
      var problems: [String] = []
      var known = Set<BackupID>()
      for name in try storage.names(in: .state) {
        try check()
        guard let id = name.backup, let bytes = try storage.contents(of: name, limit: maximumState) else { continue }
        do throws(BackupError) {
          let record = try BackupRecord(stateFile: bytes)
          guard record.id == id else { throw BackupError(.catalogueDamaged, "it is the record of \(record.id)") }
          try catalogue.put(record)
          known.insert(id)
        } catch {
          guard error.code == .catalogueDamaged || error.code == .invalidValue else { throw error }
          problems.append("\(name): \(error.reason)")
        }
      }
      var restored: [BackupRecord] = []
      for name in try storage.names(in: .archives) {
        guard let id = name.backup, !known.contains(id) else { continue }
        try check()
        do throws(BackupError) {
          let record = try Self.restoreRecord(of: id, storage, registry, clock)
          try catalogue.put(record)
          restored.append(record)
        } catch {
          guard error.code == .archive else { throw error }
          problems.append("\(name): \(error.reason)")
        }
      }
      return (known.count + restored.count, restored, problems)
    }
  }

  /// Writes the lost record of an archive.
  private static func restoreRecord(
    of id: BackupID, _ storage: any BackupStorage, _ registry: CodecRegistry, _ clock: () -> Timestamp
  ) throws(BackupError) -> BackupRecord {
    let size = try storage.size(of: .archive(id)) ?? 0
    let summary: ArchiveSummary
    do throws(ArchiveError) {
      summary = try ArchiveReader(
        try Self.archiveSource(id, storage), ancestors: StoredAncestors(storage: storage), registry: registry
      ).summary
      guard BackupID(summary.superblock.uuid) == id else {
        throw ArchiveError(.wrongParent, "it is the archive of \(summary.superblock.uuid)")
      }
    } catch {
      throw BackupError(error, backups: [id])
    }
    var record = try BackupArchives.record(of: summary, size: size, at: clock())
    record.sizes.index = try storage.size(of: .index(id)) ?? 0
    do throws(BackupError) { try storage.put(.state(id), record.stateFile) } catch {
      // One that cannot be written shows it all the same.
      guard error.isLackOfRoom || [.readOnlyFileSystem, .accessDenied].contains(error.system?.errno) else {
        throw error
      }
    }
    return record
  }

  private static func archiveSource(
    _ id: BackupID, _ storage: any BackupStorage
  ) throws(ArchiveError) -> any ArchiveSource {
    do throws(BackupError) { return try storage.source(.archive(id)) } catch {
      throw error.archive ?? ArchiveError(.io, error.reason)
    }
  }

  /// Brings the catalogue up to date with records that it does not know, that are gone, or that it is not sure of.
  func catchUp() throws(BackupError) {
    let registry = registry
    let clock = clock
    try withCatalogue { (catalogue) throws(BackupError) in
      let files = Set(try storage.names(in: .state).compactMap(\.backup))
      let rows = try catalogue.identifiers()
      let doubtful = try catalogue.doubtful()
      guard files != rows || !doubtful.isEmpty else { return }
      do throws(BackupError) {
        try catalogue.transaction { () throws(BackupError) -> Void in
          let files = Set(try storage.names(in: .state).compactMap(\.backup))
          let rows = try catalogue.identifiers()
          let doubtful = try catalogue.doubtful()
          for id in files.subtracting(rows).union(doubtful.intersection(files)) {
            do throws(BackupError) { try catalogue.put(try state(of: id)) } catch {
              guard error.code == .catalogueDamaged || error.code == .invalidValue else { throw error }
              warn("\(StorageName.state(id)): \(error.reason)")
            }
          }
          for id in rows.subtracting(files) {
            if try storage.size(of: .archive(id)) != nil {
              let record = try Self.restoreRecord(of: id, storage, registry, clock)
              try catalogue.put(record)
              warn(
                "'\(record.name)' had lost its record: what its archive says has taken its place, and it is protected")
            } else {
              try catalogue.remove(id)
            }
          }
          for id in doubtful { try catalogue.trust(id) }
        }
      } catch {
        // A repository that cannot be written is shown as its catalogue says.
        guard error.system?.errno == .readOnlyFileSystem else { throw error }
      }
    }
  }

  /// Makes the catalogue of a repository again from records and archives, whatever state it is in. An archive without a
  /// record comes back protected.
  ///
  /// - Parameters:
  ///   - storage: where the repository is.
  ///   - registry: where codecs are found. Default: the built-in ones.
  ///   - clock: what time it is. Default: the time of day.
  ///   - isCancelled: is asked for each backup whether to give up; the catalogue is as it was then. Default: never.
  /// - Returns: how many backups there are, which had lost their record, and what could not be read.
  /// - Throws: ``BackupError`` with `noRepository`; `locked` when anybody works on the repository; `cancelled`; what the
  ///   storage throws.
  public static func rebuild(
    _ storage: any BackupStorage, registry: CodecRegistry = .builtin,
    clock: @escaping @Sendable () -> Timestamp = { WallClock.now }, isCancelled: () -> Bool = { false }
  ) throws(BackupError) -> (backups: Int, restored: [BackupRecord], problems: [String]) {
    guard let bytes = try storage.contents(of: .repository, limit: 1 << 20) else {
      throw BackupError(.noRepository, "there is no repository")
    }
    _ = try Settings(bytes)
    let locks = try lockAll(of: storage, "rebuild", at: clock())
    defer { locks.release() }
    do throws(BackupError) {
      return try fill(
        try Catalogue(storage.catalogue), from: storage, force: true, registry: registry, clock: clock,
        isCancelled: isCancelled)
    } catch {
      // What is no database at all makes place for one.
      guard error.code == .catalogueDamaged, let file = storage.catalogue else { throw error }
      do throws(IOError) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
          let path = file.appending(suffix: suffix)
          if try FileSystem.exists(path) { try FileSystem.remove(path, syncingDirectory: true) }
        }
      } catch {
        throw BackupError(error)
      }
      return try fill(
        try Catalogue(file), from: storage, force: true, registry: registry, clock: clock, isCancelled: isCancelled)
    }
  }
}
