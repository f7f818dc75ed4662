// SPDX-License-Identifier: Apache-2.0

/// What all interfaces ask: instances, records, and the work that is done in the background.
internal import ArchiveKit
internal import BackupKit
internal import CodecKit
internal import SystemIO
internal import TextFormats

/// The service behind its interfaces.
final class ServiceCore: Sendable {
  let configuration: ServiceConfiguration
  let repository: Repository
  /// What backups and restores say, and how far they are.
  let activities = ActivityBook()
  /// What checks of backups say.
  let checks = ActivityBook()
  let log: ServiceLog
  private let instances: [String: InstanceConfiguration]
  private let queue: WorkQueue
  private let groups = ChildGroups()
  private let views: ViewKeeper
  private let restores = Monitor<[RestoreWork]>([])
  /// The instances into which something is being restored, or about to be.
  private let restoring = Monitor<Set<String>>([])
  /// The backups that are being checked, or about to be.
  private let verifying = Monitor<Set<BackupID>>([])

  /// The instances whose backups are being checked or restored, as often as they are.
  private let readers = Monitor<[String]>([])

  /// Nanoseconds for which a lock is waited for that nobody should have.
  private static let patience: UInt64 = 2_000_000_000
  /// How many restores are remembered.
  static let maximumRestores = 1000

  /// - Parameters:
  ///   - configuration: what the administrator says.
  ///   - repository: where the backups are.
  ///   - log: what the service says.
  /// - Throws: what the storage or the system answered.
  init(
    _ configuration: ServiceConfiguration, _ repository: Repository, _ log: ServiceLog
  ) throws(BackupError) {
    self.configuration = configuration
    self.repository = repository
    self.log = log
    instances = Dictionary(configuration.instances.map { ($0.id, $0) }) { first, _ in first }
    views = try ViewKeeper(repository)
    do throws(IOError) {
      queue = try WorkQueue(threads: configuration.workers, length: configuration.queueLength)
    } catch {
      throw BackupError(error)
    }
  }

  /// Gives up what waits, and waits for what is being done; asks it to end when that takes too long.
  func stop() {
    let working = load.working
    log.add(
      working == 0
        ? "stopping"
        : "stopping: \(working) at work, with \(configuration.stopSeconds) s to come to an end; a second signal ends it"
    )
    queue.close("the service is stopping", patience: UInt64(configuration.stopSeconds) * 1_000_000_000) {
      activities.cancelAll()
      checks.cancelAll()
      groups.end(atOnce: false)
    }
  }

  /// Ends the commands that are running at once.
  func endCommands() { groups.end(atOnce: true) }

  /// How much waits, and how much is being done.
  var load: (waiting: Int, working: Int) { queue.load }

  // MARK: - Looking up

  /// An instance of an account.
  ///
  /// - Parameters:
  ///   - id: its identifier.
  ///   - account: whose it must be; `nil` for anybody's.
  /// - Throws: ``ServiceFault`` with `notFound`; that it belongs to somebody else is not told.
  func instance(_ id: String, account: String?) throws(ServiceFault) -> InstanceConfiguration {
    guard let instance = instances[id], Self.isVisible(instance, account) else {
      throw ServiceFault(.notFound, "there is no instance '\(id)'")
    }
    return instance
  }

  /// An instance by identifier or name.
  func instance(named name: String, account: String?) throws(ServiceFault) -> InstanceConfiguration {
    if let instance = try? instance(name, account: account) { return instance }
    let found = configuration.instances.filter { $0.name == name && Self.isVisible($0, account) }
    guard let instance = found.first, found.count == 1 else {
      throw ServiceFault(.notFound, "there is no instance '\(name)', or more than one")
    }
    return instance
  }

  /// The instance that stands for a branch of a database.
  func instance(database: String, branch: String, account: String) throws(ServiceFault) -> InstanceConfiguration {
    let found = configuration.instances.first {
      $0.database == database && $0.branch == branch && Self.isVisible($0, account)
    }
    guard let found else { throw ServiceFault(.notFound, "there is no branch '\(branch)' of a database '\(database)'") }
    return found
  }

  /// The instances of an account.
  func instances(of account: String?) -> [InstanceConfiguration] {
    configuration.instances.filter { Self.isVisible($0, account) }
  }

  private static func isVisible(_ instance: InstanceConfiguration, _ account: String?) -> Bool {
    instance.account == nil || account == nil || instance.account == account
  }

  /// Finds out whether the repository can be read.
  func probe() throws(ServiceFault) {
    do throws(BackupError) { try repository.probe() } catch { throw fault(error, "read the repository") }
    _ = try view()
  }

  /// The records that hold now.
  func view() throws(ServiceFault) -> BackupView {
    do throws(BackupError) { return try views.view() } catch {
      log.add("the catalogue cannot be read: \(error.reason)")
      throw ServiceFault(error)
    }
  }

  /// A backup of an account.
  ///
  /// - Parameters:
  ///   - text: its identifier.
  ///   - account: whose it must be; `nil` for anybody's.
  /// - Throws: ``ServiceFault`` with `notFound`; that it belongs to somebody else is not told.
  func backup(_ text: String, account: String?) throws(ServiceFault) -> BackupRecord {
    guard let id = BackupID(text), let record = try view()[id], account == nil || record.account == account else {
      throw ServiceFault(.notFound, "there is no backup '\(text)'")
    }
    return record
  }

  // MARK: - Making

  /// Takes an order in hand.
  ///
  /// - Returns: the record, queued.
  func create(_ order: BackupOrder) throws(ServiceFault) -> BackupRecord {
    let instance = order.instance
    if case .backup(let id) = order.parent {
      let parent = try backup(id.description, account: order.account)
      guard parent.instance == instance.id else {
        throw ServiceFault(.badValue, "the parent \(id) is a backup of '\(parent.instance)', not of '\(instance.id)'")
      }
    }
    if let unknown = order.databases.first(where: { !instance.databases.contains($0) }) {
      throw ServiceFault(.badValue, "the instance '\(instance.id)' offers no database '\(unknown)'")
    }
    let request: BackupRequest
    do throws(CodecError) { request = try self.request(order) } catch {
      throw ServiceFault(.compression, error.reason)
    }
    // A request that is refused leaves no record, whose name would be taken when it is made again.
    if restoring.withLock({ $0.contains(instance.id) }) { throw Self.isBeingRestored(instance) }
    guard queue.reserve() else { throw ServiceFault(.overloaded, "too many backups are waiting") }
    let pending: PendingBackup
    do throws(BackupError) {
      pending = try patiently(instance.id) { () throws(BackupError) in try repository.prepare(request) }
    } catch {
      queue.giveBack()
      throw fault(error, "begin a backup of '\(instance.id)'")
    }
    if restoring.withLock({ $0.contains(instance.id) }) {
      queue.giveBack()
      pending.cancel("a restore into the instance began at the same time")
      throw Self.isBeingRestored(instance)
    }
    let work = BackupWork(pending, of: instance, activities.begin(pending.record.id), log, groups)
    guard queue.add(work, isReserved: true) else {
      pending.cancel("the service is stopping")
      activities.forget(pending.record.id)
      throw ServiceFault(.overloaded, "the service is stopping")
    }
    log.add("backup \(pending.record.id) of '\(instance.id)' is asked for by \(order.actor) (\(order.origin))")
    return pending.record
  }

  private static func isBeingRestored(_ instance: InstanceConfiguration) -> ServiceFault {
    ServiceFault(.busy, "a restore into '\(instance.id)' is at work")
  }

  private func request(_ order: BackupOrder) throws(CodecError) -> BackupRequest {
    let instance = order.instance
    var request = try request(instance, codec: order.codec ?? instance.codec)
    request.rules = order.rules
    request.name = order.name
    request.description = order.description
    request.account = order.account
    request.origin = order.origin
    request.parent = order.parent
    request.engine = instance.engine
    request.engineVersion = instance.version
    request.model = instance.model
    request.location = order.location
    request.folder = order.folder
    request.isEmergency = order.isEmergency
    request.databases = order.databases
    request.retries = order.retries
    request.retryInterval = order.retryInterval
    request.actor = order.actor
    if let retention = order.retention ?? configuration.retention[order.origin] {
      request.retention = .limited(retention)
    }
    return request
  }

  private func request(_ instance: InstanceConfiguration, codec spec: String) throws(CodecError) -> BackupRequest {
    let codec = try CodecRegistry.builtin.codec(spec)
    return BackupRequest(instance: instance.id) {
      $0.codec = spec
      $0.archive.codec = codec.codec
      $0.archive.compression = codec.options(over: .init())
      $0.archive.threads = 0
    }
  }

  /// Takes backups in hand that an earlier process has left, and settles the others.
  func takeUp() throws(BackupError) {
    try takeUp(of: try repository.writtenRecords())
    _ = try repository.records()
  }

  /// Takes those backups in hand that nobody works on, and gives those up that cannot be made any more.
  private func takeUp(of records: [BackupRecord]) throws(BackupError) {
    for record in records where record.state.isActive && record.origin != "cli" {
      guard let instance = instances[record.instance] else {
        try repository.giveUp(record.id)
        continue
      }
      do throws(BackupError) {
        var request: BackupRequest
        do throws(CodecError) { request = try self.request(instance, codec: record.codec) } catch {
          throw BackupError(.invalidValue, error.reason)
        }
        request.retries = record.retries
        request.retryInterval = record.retryInterval
        guard let pending = try repository.takeUp(record.id, request) else { continue }
        log.add("backup \(record.id) of '\(instance.id)' is taken up again")
        _ = queue.add(BackupWork(pending, of: instance, activities.begin(record.id), log, groups), isBounded: false)
      } catch {
        // Somebody works on the instance: this service, mostly.
        if error.code == .locked { continue }
        log.add("backup \(record.id) of '\(instance.id)' cannot be taken up: \(Self.text(error))")
        // What the system refuses now it may allow later.
        if error.code != .io { try repository.giveUp(record.id) }
      }
    }
  }

  // MARK: - Deleting, checking, restoring

  /// Deletes a backup with all that build on it. Those of them that wait are canceled first.
  func delete(_ record: BackupRecord, by actor: String) throws(ServiceFault) {
    do throws(BackupError) {
      try cancelWaiting(record, by: actor)
      try patiently(record.instance) { () throws(BackupError) in
        let plan = try repository.deletionPlan(for: record.id, children: .delete)
        try carryOut(plan, "is deleted by \(actor)")
      }
    } catch {
      // One that is being made, or read, cannot go.
      if error.code == .locked {
        throw ServiceFault(.unprocessable, "a backup of '\(record.instance)' is being made or read")
      }
      throw fault(error, "delete backup \(record.id) of '\(record.instance)'")
    }
  }

  /// Deletes what a plan says, with all that was said of it, and logs of each what has become of it.
  private func carryOut(_ plan: DeletionPlan, _ what: String) throws(BackupError) {
    try repository.delete(plan) { _ in
    } removed: { [activities, checks, log] removed in
      activities.forget(removed.id)
      checks.forget(removed.id)
      log.add("backup \(removed.id) of '\(removed.instance)' \(what)")
    }
  }

  /// Cancels a backup and those that build on it, as far as they wait.
  private func cancelWaiting(_ record: BackupRecord, by actor: String) throws(BackupError) {
    let records = try views.view().selection(instance: record.instance)
    guard records.contains(where: { $0.state == .queued || $0.state == .waiting }) else { return }
    var family: Set<BackupID> = [record.id]
    // Parents stand before their children.
    for other in records where other.parent.map({ family.contains($0) }) ?? false { family.insert(other.id) }
    for case let work as BackupWork in queue.waiting where family.contains(work.id) {
      guard work.cancel("it is deleted by \(actor)") else { continue }
      queue.remove(work)
      log.add("backup \(work.id) of '\(record.instance)' is canceled by \(actor)")
    }
  }

  /// What goes with a backup that is deleted: the backup is the last one.
  func deletion(of record: BackupRecord) throws(ServiceFault) -> [BackupRecord] {
    do throws(BackupError) {
      return try repository.deletionPlan(for: record.id, children: .delete).members
    } catch {
      throw fault(error, "find out what goes with backup \(record.id)")
    }
  }

  /// Takes a check in hand.
  ///
  /// - Parameters:
  ///   - record: the backup.
  ///   - actor: who asks.
  func verify(_ record: BackupRecord, for actor: String) throws(ServiceFault) {
    let hold = try hold(record)
    guard verifying.withLock({ $0.insert(record.id).inserted }) else {
      hold.release()
      Self.leave(record.instance, readers)
      throw ServiceFault(.busy, "the backup is being checked already")
    }
    let work = VerifyWork(hold, in: repository, checks.begin(record.id), log) { [verifying, readers] in
      verifying.withLock { _ = $0.remove(record.id) }
      Self.leave(record.instance, readers)
    }
    guard queue.add(work) else {
      work.giveUp("too much is waiting")
      throw ServiceFault(.overloaded, "too much is waiting")
    }
    log.add("check of backup \(record.id) is asked for by \(actor)")
  }

  /// Takes a restore in hand.
  ///
  /// - Parameters:
  ///   - record: the backup.
  ///   - target: the instance to restore into.
  ///   - origin: by which interface.
  ///   - actor: who asks.
  /// - Returns: what is known of it.
  func restore(
    _ record: BackupRecord, into target: InstanceConfiguration, by origin: String, for actor: String
  ) throws(ServiceFault) -> RestoreRecord {
    guard target.restore != nil else {
      throw ServiceFault(.unprocessable, "the instance '\(target.id)' names no way to restore it")
    }
    guard record.engine.isEmpty || record.engine == target.engine else {
      throw ServiceFault(
        .unprocessable, "a backup of \(record.engine) cannot be restored into '\(target.id)', which is \(target.engine)"
      )
    }
    let hold = try hold(record)
    guard restoring.withLock({ $0.insert(target.id).inserted }) else {
      hold.release()
      Self.leave(record.instance, readers)
      throw ServiceFault(.busy, "a restore into '\(target.id)' is at work")
    }
    let restore = RestoreRecord(
      id: .random(), of: record, into: target.id, by: origin, at: WallClock.now)
    let work = RestoreWork(
      restore, of: hold, from: repository, into: target, activities.begin(restore.id), log, groups
    ) { [restoring, readers] in
      restoring.withLock { _ = $0.remove(target.id) }
      Self.leave(record.instance, readers)
    }
    do throws(ServiceFault) {
      if try view().selection(instance: target.id).contains(where: \.state.isActive) {
        throw ServiceFault(.busy, "a backup of '\(target.id)' is being made")
      }
      guard queue.add(work) else { throw ServiceFault(.overloaded, "too much is waiting") }
    } catch {
      work.giveUp(error.message)
      activities.forget(restore.id)
      throw error
    }
    restores.withLock { restores in
      restores.append(work)
      if restores.count > Self.maximumRestores { restores.removeFirst() }
    }
    log.add("restore \(restore.id) of \(record.id) into '\(target.id)' is asked for by \(actor) (\(origin))")
    return restore
  }

  private func hold(_ record: BackupRecord) throws(ServiceFault) -> BackupHold {
    do throws(BackupError) {
      let hold = try patiently(record.instance) { () throws(BackupError) in try repository.hold(record.id) }
      readers.withLock { $0.append(record.instance) }
      return hold
    } catch {
      throw fault(error, "read backup \(record.id) of '\(record.instance)'")
    }
  }

  /// Is told that a backup of an instance is not read any more.
  private static func leave(_ instance: String, _ readers: Monitor<[String]>) {
    readers.withLock { readers in
      if let index = readers.firstIndex(of: instance) { readers.remove(at: index) }
    }
  }

  /// Does something that needs the lock of an instance, and waits a little when that is held though nobody makes or reads a
  /// backup of it: the record of a backup is complete shortly before its lock is free, and who looks after records takes it
  /// for a moment.
  private func patiently<Result>(
    _ instance: String, _ body: () throws(BackupError) -> Result
  ) throws(BackupError) -> Result {
    let end = MonotonicClock.now.saturated(plus: Self.patience)
    while true {
      do throws(BackupError) { return try body() } catch {
        guard error.code == .locked, MonotonicClock.now < end, !readers.withLock({ $0.contains(instance) }),
          try !views.view().selection(instance: instance).contains(where: \.state.isActive)
        else { throw error }
        _ = Monitor(()).wait(upTo: 5_000_000) { _ in false }
      }
    }
  }

  /// The restores that are remembered, oldest first.
  var restoreRecords: [RestoreRecord] { restores.withLock { $0 }.map(\.state) }

  // MARK: - From time to time

  /// Deletes backups whose time is over.
  func expire() {
    do throws(BackupError) {
      for plan in try repository.expiryPlans() {
        do throws(BackupError) {
          try carryOut(plan, "has expired")
        } catch {
          // What is in use now goes the next time.
          if error.code != .locked { log.add("expired backups cannot be deleted: \(error.reason)") }
        }
      }
    } catch {
      log.add("expired backups cannot be found: \(error.reason)")
    }
  }

  /// Sees to backups that some process has left half made, and tells what the repository has to say.
  func settle() {
    do throws(BackupError) {
      let unfinished = try views.view().records.filter { $0.state.isActive || $0.state == .deleting }
      try takeUp(of: unfinished)
      if !unfinished.isEmpty { _ = try repository.records() }
    } catch {
      log.add("the catalogue cannot be read: \(error.reason)")
    }
    for warning in repository.takeWarnings() { log.add("warning: \(warning)") }
  }

  /// What the engine says, as the fault of a request. What only the administrator is to know goes into the log.
  ///
  /// - Parameters:
  ///   - error: what the engine says.
  ///   - attempt: what could not be done, behind "cannot".
  private func fault(_ error: BackupError, _ attempt: String) -> ServiceFault {
    let fault = ServiceFault(error)
    if fault.kind == .failure { log.add("cannot \(attempt): \(Self.text(error))") }
    return fault
  }

  /// An error for the administrator, who may know which file it was.
  private static func text(_ error: BackupError) -> String {
    (error.system?.path).map { "\(Escaping.visible($0.bytes)): \(error.reason)" } ?? error.reason
  }
}
