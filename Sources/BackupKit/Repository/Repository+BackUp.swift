// SPDX-License-Identifier: Apache-2.0

/// Making a backup.
internal import ArchiveKit
internal import CodecKit
internal import SystemIO

extension Repository {
  /// Makes a backup.
  ///
  /// A failure leaves a record that says why. The order is: archive, index, state, row; each is durable before the next.
  ///
  /// - Parameters:
  ///   - request: what is asked for.
  ///   - producer: delivers the content; asked again after a failure as often as the request says, if it can.
  ///   - observer: who is told, and who may end it.
  /// - Returns: the record of the complete backup. Its `sizes.warnings` says how much could not be taken as it is.
  /// - Throws: ``BackupError``: `invalidValue` for a name, a description or a request that breaks a rule; `nameInUse`;
  ///   `parentUnusable`; `locked` when another backup of the instance is being made; `sourceFailed`; `cancelled`; what
  ///   archive and storage throw.
  public func backUp(
    _ request: BackupRequest, from producer: any BackupProducer, _ observer: BackupObserver = .init()
  ) throws(BackupError) -> BackupRecord {
    try prepare(request).run(from: producer, observer)
  }

  /// Takes a backup in hand, to be made later: its record is there, queued, and nobody else can make one of the instance.
  ///
  /// - Parameter request: what is asked for.
  /// - Returns: what makes it. When it goes away before that, the backup is canceled.
  /// - Throws: ``BackupError``: `invalidValue`, `nameInUse`, `parentUnusable`, `locked`, or what the storage throws.
  public func prepare(_ request: BackupRequest) throws(BackupError) -> PendingBackup {
    let rules = request.rules ?? self.rules
    if let name = request.name { try rules.check(name: name) }
    if let description = request.description { try rules.check(description: description) }
    try checkArchive(request)
    guard !request.instance.isEmpty else { throw BackupError(.invalidValue, "an instance has a name") }
    let locks = try lock(request.instance, .exclusive, "create")
    do throws(BackupError) {
      try settleHeld(request.instance)
      let (record, parent) = try taskAtHand(request)
      return PendingBackup(self, request, record, parent, locks)
    } catch {
      locks.release()
      throw error
    }
  }

  /// Takes a backup in hand that its process has left behind, queued, waiting or half made.
  ///
  /// What is complete of it is adopted, and what has no attempt left has failed.
  ///
  /// - Parameters:
  ///   - id: the backup.
  ///   - request: what was asked for, as its record says.
  /// - Returns: what makes it; `nil` when there is nothing more to make.
  /// - Throws: ``BackupError``: `notFound`; `locked` when somebody works on it; `parentUnusable`; what the storage throws.
  public func takeUp(_ id: BackupID, _ request: BackupRequest) throws(BackupError) -> PendingBackup? {
    guard try record(id).state.isActive else { return nil }
    let locks = try lock(request.instance, .exclusive, "create")
    do throws(BackupError) {
      let known = try state(of: id)
      let attempts = known.history.count { $0.state == .running }
      guard known.state.isActive, attempts <= request.retries, try storage.size(of: .archive(id)) == nil else {
        try settleHeld(request.instance) { $0 == id }
        locks.release()
        return nil
      }
      let parent = try known.parent.map { (id) throws(BackupError) in try state(of: id) }
      if let parent { try checkParent(parent, for: request) }
      let record = try change(id) { (record) throws(BackupError) in
        guard record.state == .running else { return }
        try record.move(to: .waiting, at: clock(), "the process that made it has ended")
      }
      try storage.delete(.partial(id))
      try storage.delete(.partialIndex(id))
      return PendingBackup(self, request, record, parent, locks, attempts: attempts)
    } catch {
      locks.release()
      throw error
    }
  }

  /// Gives up a backup that a service has left, queued, waiting or half made, and that no service makes any more. Nothing
  /// happens when somebody works on it.
  ///
  /// - Parameter id: the backup.
  /// - Throws: ``BackupError``: `notFound`; what the storage throws.
  public func giveUp(_ id: BackupID) throws(BackupError) { try settle(try record(id).instance) { $0 == id } }

  /// The newest complete backup of an instance, which an increment would build on; `nil` when there is none.
  ///
  /// - Parameter instance: the instance.
  /// - Throws: what the storage throws.
  public func newestComplete(of instance: String) throws(BackupError) -> BackupRecord? {
    try withCatalogue { (catalogue) throws(BackupError) in
      try catalogue.records(of: instance).last { $0.state == .complete }
    }
  }

  // MARK: - Before

  /// Finds out whether such an archive can be written at all, before there is a record that could only fail.
  private func checkArchive(_ request: BackupRequest) throws(BackupError) {
    var options = request.archive
    options.threads = 1
    do throws(ArchiveError) { _ = try ArchiveWriter(to: MemoryArchiveOutput(), options) } catch {
      guard error.code == .invalidOption else { throw BackupError(error) }
      throw BackupError(.invalidValue, error.reason)
    }
  }

  private func parent(for request: BackupRequest) throws(BackupError) -> BackupRecord? {
    let parent: BackupRecord
    switch request.parent {
    case .none: return nil
    case .automatic:
      guard let newest = try newestComplete(of: request.instance) else { return nil }
      // Who leaves the choice to the repository gets a full backup where nothing else can be had.
      let lineage = (try? lineage(of: newest)) ?? 0
      guard newest.depth < rules.maximumDepth, lineage < UInt32(clamping: rules.maximumDepth) else { return nil }
      parent = newest
    case .backup(let id):
      do throws(BackupError) { parent = try state(of: id) } catch {
        guard error.code == .notFound else { throw error }
        throw BackupError(.parentUnusable, "the parent \(id) does not exist", backups: [id])
      }
    }
    try checkParent(parent, for: request)
    return parent
  }

  private func checkParent(_ parent: BackupRecord, for request: BackupRequest) throws(BackupError) {
    guard parent.state == .complete else {
      throw BackupError(
        .parentUnusable, "the parent '\(parent.name)' is \(parent.state.rawValue), not complete", backups: [parent.id])
    }
    guard parent.instance == request.instance else {
      throw BackupError(
        .parentUnusable,
        "the parent '\(parent.name)' is a backup of '\(parent.instance)', not of '\(request.instance)'",
        backups: [parent.id])
    }
    guard parent.depth < rules.maximumDepth else {
      throw BackupError(
        .parentUnusable, "the parent '\(parent.name)' has \(parent.depth) ancestors: \(rules.maximumDepth) are allowed",
        backups: [parent.id])
    }
    let lineage: UInt32
    do throws(BackupError) { lineage = try self.lineage(of: parent) } catch {
      guard error.code == .archive || error.code == .notFound else { throw error }
      throw BackupError(
        .parentUnusable, "the parent '\(parent.name)' cannot be used: \(error.reason)", backups: [parent.id])
    }
    guard lineage < UInt32(clamping: rules.maximumDepth) else {
      throw BackupError(
        .parentUnusable,
        "the parent '\(parent.name)' goes back to \(lineage) archives, merged ones included: \(rules.maximumDepth) are "
          + "allowed, and a full backup begins anew", backups: [parent.id])
    }
  }

  /// How many archives that of a backup was made upon: those that were merged into it or into one of them count too.
  private func lineage(of record: BackupRecord) throws(BackupError) -> UInt32 {
    try BackupArchives.openParent(record, in: storage, registry).summary.superblock.depth
  }

  /// The record of a backup that begins, or of one that is gone on with, and its parent.
  private func taskAtHand(
    _ request: BackupRequest
  ) throws(BackupError) -> (record: BackupRecord, parent: BackupRecord?) {
    if request.resumes {
      let interrupted = try withCatalogue { (catalogue) throws(BackupError) in
        try catalogue.records(of: request.instance).last {
          $0.state == .failed && $0.isResumable && (request.name == nil || $0.name == request.name)
        }
      }
      if let interrupted {
        let parent = try interrupted.parent.map { (id) throws(BackupError) in try state(of: id) }
        if let parent { try checkParent(parent, for: request) }
        return (try goOn(with: interrupted, request), parent)
      }
    }
    let parent = try self.parent(for: request)
    return (try begin(request, parent), parent)
  }

  /// Makes the record of an interrupted backup that of one that begins now.
  ///
  /// Its archive says already what it is, so that this cannot become something else. What is in it is of now, though: a
  /// backup that was complete in the meantime is the older one.
  private func goOn(with interrupted: BackupRecord, _ request: BackupRequest) throws(BackupError) -> BackupRecord {
    var wanted = interrupted
    if let description = request.description { wanted.description = description }
    if request.retention != .repository { wanted.keep(request.retention, orElse: settings.retention) }
    if !request.databases.isEmpty { wanted.databases = request.databases }
    guard wanted == interrupted else {
      throw BackupError(
        .invalidValue,
        "'\(interrupted.name)', which was interrupted, is gone on with as it was asked for: another description, "
          + "retention or choice of databases is for a new backup, or for an update of this one when it is complete",
        backups: [interrupted.id])
    }
    return try change(interrupted.id) { (record) throws(BackupError) in
      record.note("gone on with; first asked for at \(record.createdAt.rfc3339())", at: clock())
      record.createdAt = clock()
      record.isProtected = record.isProtected || request.isProtected
    }
  }

  /// Writes the record of a backup that begins.
  private func begin(_ request: BackupRequest, _ parent: BackupRecord?) throws(BackupError) -> BackupRecord {
    let time = clock()
    return try insert { (catalogue) throws(BackupError) in
      let name: String
      if let given = request.name {
        try checkIsFree(given, account: request.account, under: request.rules, catalogue)
        name = given
      } else {
        name = try Self.freeName(at: time, catalogue)
      }
      var record = BackupRecord(
        id: .random(), name: name, instance: request.instance, origin: request.origin, time: time)
      record.description = request.description
      record.account = request.account
      record.parent = parent?.id
      record.depth = parent.map { $0.depth + 1 } ?? 0
      record.kind = request.kind
      record.engine = request.engine
      record.engineVersion = request.engineVersion
      record.model = request.model
      record.location = request.location
      record.folder = request.folder
      record.isEmergency = request.isEmergency
      record.databases = request.databases
      record.codec = request.codec
      record.retries = request.retries
      record.retryInterval = request.retryInterval
      record.keep(request.retention, orElse: settings.retention)
      record.isProtected = request.isProtected
      record.isResumable = request.resumes
      record.actor = request.actor
      return record
    }
  }

  /// `backup-YYYYMMDDThhmmssZ`, with a number behind it when that is taken.
  private static func freeName(at time: Timestamp, _ catalogue: Catalogue) throws(BackupError) -> String {
    let base = "backup-" + time.rfc3339().filter { $0 != "-" && $0 != ":" }
    var name = base
    var number = 2
    while try !catalogue.records(named: name).isEmpty {
      name = "\(base)-\(number)"
      number += 1
    }
    return name
  }

  // MARK: - An attempt

  func attempt(
    _ id: BackupID, _ request: BackupRequest, _ parent: BackupRecord?, _ producer: any BackupProducer,
    _ observer: BackupObserver
  ) throws(BackupError) -> BackupRecord {
    let record = try change(id) { (record) throws(BackupError) in try record.move(to: .running, at: clock()) }
    let upload = try request.resumes ? storage.resume(.partial(id)) : storage.begin(.partial(id))
    let index = try storage.begin(.partialIndex(id))
    do throws(BackupError) {
      let summary: ArchiveSummary
      let opened = try parent.map { (parent) throws(BackupError) in
        if let missing = try missingArchive(in: chain(of: parent)) {
          observer.note("'\(record.name)' can be restored only when the archive of '\(missing.name)' is back")
        }
        return try BackupArchives.openParent(parent, in: storage, registry)
      }
      let (writer, found) = try BackupArchives.writer(
        to: upload, index, BackupArchives.options(for: record, request, opened), in: storage)
      if found > 0 { observer.note("going on behind the \(found) bytes that are there of '\(record.name)'") }
      let task = ProducerTask(
        record: record, parent: parent, repository: storage.directory, observer: observer,
        written: { upload.written })
      let report = try producer.produce(into: writer, task)
      do throws(ArchiveError) { summary = try writer.finish() } catch { throw BackupError(error, backups: [id]) }
      if request.verifies { try verify(upload, request) }
      let size = upload.written
      let indexSize = index.written
      try upload.publish(as: .archive(id), replacing: false)
      try index.publish(as: .index(id), replacing: true)
      return try change(id) { (record) throws(BackupError) in
        try BackupArchives.complete(&record, summary, size: size, at: clock())
        record.sizes.index = indexSize
        record.sizes.warnings = report.warnings
        record.log = report.log
        record.position = report.position
        if request.verifies { record.verifiedAt = clock() }
      }
    } catch {
      return try afterFailure(error, of: record, upload, index)
    }
  }

  /// Takes back what an attempt has done, unless its last step failed behind the point of no return.
  private func afterFailure(
    _ error: BackupError, of attempted: BackupRecord, _ upload: any StorageUpload, _ index: any StorageUpload
  ) throws(BackupError) -> BackupRecord {
    let id = attempted.id
    if attempted.isResumable { upload.suspend() } else { upload.abandon() }
    index.abandon()
    if let record = try? state(of: id), record.state == .complete {
      warn("'\(record.name)' is complete, but the catalogue does not know it yet: \(error.reason)")
      return record
    }
    // A further attempt, and whoever counts bytes, must not find it.
    try? storage.delete(.archive(id))
    try? storage.delete(.index(id))
    throw error
  }

  /// Reads the archive back before it counts.
  private func verify(_ upload: any StorageUpload, _ request: BackupRequest) throws(BackupError) {
    let source = try upload.source()
    do throws(ArchiveError) {
      let report = try ArchiveVerifier(
        try ArchiveReader(source, ancestors: StoredAncestors(storage: storage), registry: registry), source, .full,
        threads: request.archive.threads
      ).run()
      if let problem = report.problems.first { throw problem }
    } catch {
      throw BackupError(error)
    }
  }

  func fail(_ id: BackupID, _ error: BackupError, as state: BackupState) throws(BackupError) {
    // The failure itself is the news; that it could not be written down as well comes second.
    do throws(BackupError) {
      try change(id) { (record) throws(BackupError) in
        guard record.state.isActive else { return }
        record.failure = .init(code: error.code.description, reason: error.reason)
        try record.move(to: state, at: clock(), error.reason)
      }
    } catch let other {
      warn("the record could not be changed: \(other.reason)")
    }
  }
}
