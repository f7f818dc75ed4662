// SPDX-License-Identifier: Apache-2.0

/// What all interfaces ask: instances, records, and the work that is done in the background.
internal import ArchiveKit
internal import BackupKit
internal import CodecKit
internal import SystemIO

/// The service behind its interfaces.
final class ServiceCore: Sendable {
  let configuration: ServiceConfiguration
  let repository: Repository
  private let instances: [String: InstanceConfiguration]
  private let queue: WorkQueue
  private let activities = Monitor<[BackupID: ActivityLog]>([:])
  private let restores = Monitor<[RestoreWork]>([])
  private let records: RecordCache

  /// How many restores are remembered.
  static let maximumRestores = 1000

  /// - Parameters:
  ///   - configuration: what the administrator says.
  ///   - repository: where the backups are.
  /// - Throws: what the system answered.
  init(_ configuration: ServiceConfiguration, _ repository: Repository) throws(IOError) {
    self.configuration = configuration
    self.repository = repository
    instances = Dictionary(uniqueKeysWithValues: configuration.instances.map { ($0.id, $0) })
    queue = try WorkQueue(threads: configuration.workers, length: configuration.queueLength)
    records = RecordCache(repository)
  }

  /// Gives up what waits, asks what is being done to end, and waits for that.
  func stop() {
    for log in activities.withLock({ Array($0.values) }) { log.cancel() }
    for restore in restores.withLock({ $0 }) { restore.log.cancel() }
    queue.close("the service was stopped")
  }

  /// How much waits, and how much is being done.
  var load: (waiting: Int, working: Int) { queue.load }

  // MARK: - Looking up

  /// An instance of an account.
  ///
  /// - Throws: ``ServiceFault`` with `notFound`; that it belongs to somebody else is not told.
  func instance(_ id: String, account: String?) throws(ServiceFault) -> InstanceConfiguration {
    guard let instance = instances[id], instance.account == nil || account == nil || instance.account == account else {
      throw ServiceFault(.notFound, "there is no instance '\(id)'")
    }
    return instance
  }

  /// The instance that stands for a branch of a database.
  func instance(database: String, branch: String, account: String) throws(ServiceFault) -> InstanceConfiguration {
    let found = configuration.instances.first {
      $0.branch == (database, branch) && ($0.account == nil || $0.account == account)
    }
    guard let found else { throw ServiceFault(.notFound, "there is no branch '\(branch)' of a database '\(database)'") }
    return found
  }

  /// The backups of an account, oldest first.
  ///
  /// - Parameter account: `nil` for all.
  func backups(of account: String?) throws(ServiceFault) -> [BackupRecord] {
    do throws(BackupError) {
      let all = try records.all()
      return account.map { account in all.filter { $0.account == account } } ?? all
    } catch {
      throw ServiceFault(error)
    }
  }

  /// A backup of an account.
  func backup(_ text: String, account: String?) throws(ServiceFault) -> BackupRecord {
    guard let id = BackupID(text) else { throw ServiceFault(.notFound, "there is no backup '\(text)'") }
    let record: BackupRecord
    do throws(BackupError) { record = try repository.record(id) } catch { throw ServiceFault(error) }
    guard account == nil || record.account == account else {
      throw ServiceFault(.notFound, "there is no backup '\(text)'")
    }
    return record
  }

  /// How far a backup is; `nil` when it is not being made by this process.
  func activity(of id: BackupID) -> ActivityLog? { activities.withLock { $0[id] } }

  // MARK: - Making

  /// Takes an order in hand.
  ///
  /// - Returns: the record, queued.
  func create(_ order: BackupOrder) throws(ServiceFault) -> BackupRecord {
    let instance = try instance(order.instance, account: order.account)
    if case .backup(let id) = order.parent {
      let parent = try backup(id.description, account: order.account)
      guard parent.instance == instance.id else {
        throw ServiceFault(.invalid, "the parent \(id) is a backup of '\(parent.instance)', not of '\(instance.id)'")
      }
    }
    let request: BackupRequest
    do throws(CodecError) { request = try self.request(order, instance) } catch {
      throw ServiceFault(.compression, error.reason)
    }
    let pending: PendingBackup
    do throws(BackupError) { pending = try repository.prepare(request) } catch { throw ServiceFault(error) }
    let log = ActivityLog()
    activities.withLock { $0[pending.record.id] = log }
    let work = BackupWork(pending, log, from: { Self.producer(for: instance) }) { _ in }
    guard queue.add(work) else {
      work.giveUp("too much is waiting")
      throw ServiceFault(.overloaded, "too many backups are waiting")
    }
    return pending.record
  }

  private func request(
    _ order: BackupOrder, _ instance: InstanceConfiguration
  ) throws(CodecError) -> BackupRequest {
    let spec = order.codec ?? instance.codec
    let codec = try repository.registry.codec(spec)
    return BackupRequest(instance: instance.id) {
      $0.rules = order.rules
      $0.name = order.name
      $0.description = order.description
      $0.account = order.account
      $0.origin = order.origin
      $0.parent = order.parent
      $0.engine = instance.engine
      $0.databases = order.databases
      $0.retries = order.retries
      $0.retryInterval = order.retryInterval
      $0.actor = order.actor
      $0.codec = spec
      $0.archive.codec = codec.codec
      $0.archive.compression = codec.options(over: .init())
      $0.archive.threads = 0
      if let retention = order.retention ?? configuration.retention[order.origin] {
        $0.retention = .limited(retention)
      }
    }
  }

  private static func producer(for instance: InstanceConfiguration) -> any BackupProducer {
    switch instance.source {
    case .folder(let folder): TreeProducer([Path(".")], from: folder)
    case .command(let command, let file): CommandProducer(command, as: Array(file.utf8))
    case .tar(let command): CommandProducer(command, members: .tar)
    case .xbstream(let command): CommandProducer(command, members: .xbstream)
    }
  }

  // MARK: - Deleting and restoring

  /// Deletes a backup with all that build on it.
  func delete(_ record: BackupRecord) throws(ServiceFault) {
    do throws(BackupError) {
      let plan = try repository.deletionPlan(for: record.id, children: .delete)
      try repository.delete(plan) { _ in
      } removed: { [activities] removed in
        activities.withLock { $0[removed.id] = nil }
      }
    } catch {
      // One that is being made, or read, cannot go.
      throw error.code == .locked ? ServiceFault(.unprocessable, error.reason) : ServiceFault(error)
    }
  }

  /// Takes a restore in hand.
  ///
  /// - Parameters:
  ///   - record: the backup.
  ///   - target: the instance to restore into.
  ///   - origin: by which interface.
  /// - Returns: what is known of it.
  func restore(
    _ record: BackupRecord, into target: InstanceConfiguration, by origin: String
  ) throws(ServiceFault) -> RestoreRecord {
    guard record.state == .complete else {
      throw ServiceFault(.unprocessable, "the backup '\(record.name)' is \(record.state.rawValue), not complete")
    }
    guard target.restore != nil else {
      throw ServiceFault(.unprocessable, "the instance '\(target.id)' names no way to restore it")
    }
    let restore = RestoreRecord(
      id: .random(), backup: record, instance: target.id, origin: origin, createdAt: WallClock.now)
    let work = RestoreWork(restore, from: repository, into: target, ActivityLog())
    guard queue.add(work) else { throw ServiceFault(.overloaded, "too much is waiting") }
    restores.withLock { restores in
      restores.append(work)
      if restores.count > Self.maximumRestores { restores.removeFirst() }
    }
    return restore
  }

  /// The restores that are remembered, oldest first.
  var restoreRecords: [RestoreRecord] { restores.withLock { $0 }.map(\.state) }

  /// What a restore has said.
  func restoreLog(_ id: BackupID) -> ActivityLog? {
    restores.withLock { $0 }.first { $0.state.id == id }?.log
  }
}
