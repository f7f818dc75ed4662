// SPDX-License-Identifier: Apache-2.0

/// A repository of backups: opening it, and looking up what is in it.
public import ArchiveKit
public import CodecKit
internal import Synchronization
public import SystemIO
internal import TextFormats

/// A repository of backups.
///
/// ```swift
/// let repository = try Repository(opening: DirectoryStorage("/srv/backups"))
/// let request = BackupRequest(instance: "www") { $0.name = "www-before-upgrade" }
/// let record = try repository.backUp(request, from: TreeProducer(["/srv/www"]))
/// try repository.open(record.id).extract(into: "/srv/restored", .init())
/// ```
///
/// Several threads and processes may use one at the same time.
public final class Repository: Sendable {
  /// What a repository says of itself.
  public struct Settings: Hashable, Sendable {
    /// Identifies the repository.
    public var id = ArchiveUUID.random()
    /// When it was made.
    public var createdAt: Timestamp
    /// How long backups are kept when nothing else is asked for; `nil` for until somebody deletes them.
    public var retention: Retention?

    /// Those of a new repository.
    ///
    /// - Parameters:
    ///   - time: now.
    ///   - retention: how long backups are kept when nothing else is asked for.
    public init(createdAt time: Timestamp, retention: Retention? = nil) {
      createdAt = time
      self.retention = retention
    }
  }

  /// The version of the layout.
  public static let version: UInt64 = 1

  /// Where its objects are.
  public let storage: any BackupStorage
  /// What names and chains may be.
  public let rules: BackupRules
  /// What it says of itself.
  public let settings: Settings
  let registry: CodecRegistry
  let clock: @Sendable () -> Timestamp
  let pause: @Sendable (UInt64) -> Void
  let catalogue: Monitor<OpenCatalogue>
  private let warnings = Monitor<[String]>([])
  let changes = Atomic<UInt64>(0)

  /// Makes an empty repository.
  ///
  /// - Parameters:
  ///   - storage: where; there must be nothing.
  ///   - settings: what it says of itself.
  /// - Throws: ``BackupError`` with `repositoryExists`, or what the storage throws.
  public static func create(in storage: any BackupStorage, _ settings: Settings) throws(BackupError) {
    try storage.prepare()
    if storage.catalogue != nil {
      let catalogue = try Catalogue(storage.catalogue)
      try catalogue.reset()
    }
    // What makes it a repository comes last.
    try storage.put(.repository, CheckedJSON.file(settings.json))
  }

  /// Opens a repository. A catalogue that is missing is made again from the records.
  ///
  /// - Parameters:
  ///   - storage: where it is.
  ///   - rules: what names and chains may be. Default: the strictest.
  ///   - registry: where codecs are found. Default: the built-in ones.
  ///   - clock: what time it is. Default: the time of day.
  ///   - pause: waits so many nanoseconds. Default: on the clock.
  ///   - remembersRecords: whether records are kept in memory, for who asks for all of them again and again. Default:
  ///     `false`.
  /// - Throws: ``BackupError`` with `noRepository`, `unsupportedVersion`, `catalogueDamaged`, or what the storage throws.
  public init(
    opening storage: any BackupStorage, rules: BackupRules = .init(), registry: CodecRegistry = .builtin,
    clock: @escaping @Sendable () -> Timestamp = { WallClock.now },
    pause: @escaping @Sendable (UInt64) -> Void = { _ = Monitor(()).wait(upTo: $0) { _ in false } },
    remembersRecords: Bool = false
  ) throws(BackupError) {
    guard let bytes = try storage.contents(of: .repository, limit: 1 << 20) else {
      throw BackupError(.noRepository, "there is no repository")
    }
    settings = try Settings(bytes)
    self.storage = storage
    self.rules = rules
    self.registry = registry
    self.clock = clock
    self.pause = pause
    var opened: Catalogue
    var copiedAt: Timestamp?
    do throws(BackupError) {
      opened = try Self.catalogue(of: storage, remembers: remembersRecords)
    } catch {
      guard error.code == .io, error.system?.errno != .inputOutput else { throw error }
      opened = try Self.copy(of: storage, remembers: remembersRecords)
      copiedAt = clock()
    }
    catalogue = Monitor(
      OpenCatalogue(
        catalogue: opened, remembers: remembersRecords, copiedAt: copiedAt, counted: opened.changeCount))
    guard storage.catalogue != nil, copiedAt == nil else { return }
    do throws(BackupError) { try catchUp() } catch {
      guard error.isLackOfRoom else { throw error }
      try useCopy()
    }
  }

  /// What went wrong that stopped nothing: a record that could not be read, for one. They are told once.
  public func takeWarnings() -> [String] {
    warnings.withLock { warnings in
      defer { warnings = [] }
      return warnings
    }
  }

  func warn(_ text: String) { warnings.withLock { $0.append(text) } }

  // MARK: - Looking up

  /// Finds out whether the repository is still where it was, which records in memory do not tell.
  ///
  /// - Throws: ``BackupError`` with `noRepository`, or what the storage throws.
  public func probe() throws(BackupError) {
    guard try storage.contents(of: .repository, limit: 1 << 20) != nil else {
      throw BackupError(.noRepository, "the repository is not there any more")
    }
  }

  /// All records, oldest first. Those that nobody works on any more, though they say so, are seen to first.
  ///
  /// - Throws: what the storage throws.
  public func records() throws(BackupError) -> [BackupRecord] {
    try refreshCopy()
    let records = try withCatalogue { (catalogue) throws(BackupError) in try catalogue.records() }
    let abandoned = records.filter { $0.state.isActive || $0.state == .deleting }
    guard !abandoned.isEmpty else { return records }
    for instance in Set(abandoned.map(\.instance)).sorted() { try settle(instance) }
    return try withCatalogue { (catalogue) throws(BackupError) in try catalogue.records() }
  }

  /// All records as they are written down, oldest first, whether anybody works on those that say so or not.
  ///
  /// - Throws: what the storage throws.
  public func writtenRecords() throws(BackupError) -> [BackupRecord] {
    try refreshCopy()
    return try withCatalogue { (catalogue) throws(BackupError) in try catalogue.records() }
  }

  /// How often this process has changed records. Asking for it waits for nobody.
  public var changeCount: UInt64 { changes.load(ordering: .acquiring) }

  /// Stands for what the records say: two that are the same mean that nothing has changed in between.
  public struct ChangeStamp: Hashable, Sendable {
    private let numbering: Catalogue.Numbering

    init(_ numbering: Catalogue.Numbering) { self.numbering = numbering }
  }

  /// Stands for what the records say now. Asking for it costs far less than reading them.
  ///
  /// - Throws: what the storage throws.
  public func changeStamp() throws(BackupError) -> ChangeStamp {
    try refreshCopy()
    return ChangeStamp(try withCatalogue { (catalogue) throws(BackupError) in try catalogue.numbering() })
  }

  /// A record.
  ///
  /// - Parameter id: the backup.
  /// - Throws: ``BackupError`` with `notFound`, or what the storage throws.
  public func record(_ id: BackupID) throws(BackupError) -> BackupRecord {
    guard let record = try withCatalogue({ (catalogue) throws(BackupError) in try catalogue.record(id) }) else {
      throw BackupError(.notFound, "there is no backup \(id)", backups: [id])
    }
    return record
  }

  /// The backup that somebody means.
  ///
  /// - Parameters:
  ///   - text: an identifier, the first eight or more characters of one, a name, or `latest` for the newest complete one.
  ///   - instance: of which instance; `nil` for any.
  /// - Throws: ``BackupError`` with `notFound` or `ambiguous`, or what the storage throws.
  public func find(_ text: String, instance: String? = nil) throws(BackupError) -> BackupRecord {
    let records = try records().filter { instance == nil || $0.instance == instance }
    if let id = BackupID(text) {
      if let record = records.first(where: { $0.id == id }) { return record }
    } else if text == "latest" {
      let complete = records.filter { $0.state == .complete }
      if instance == nil, Set(complete.map(\.instance)).count > 1 {
        throw BackupError(.ambiguous, "there are backups of several instances: which one's latest is not said")
      }
      if let record = complete.last { return record }
      throw BackupError(.notFound, "there is no complete backup")
    }
    let named = records.filter { $0.name == text }
    if let record = named.last {
      guard named.count == 1 else {
        throw BackupError(
          .ambiguous, "\(named.count) backups have the name '\(text)'", backups: named.map(\.id))
      }
      return record
    }
    if text.count >= 8 {
      let matching = records.filter { $0.id.description.hasPrefix(text.lowercased()) }
      if matching.count == 1 { return matching[0] }
      if matching.count > 1 {
        throw BackupError(
          .ambiguous, "\(matching.count) backups have identifiers that begin with '\(text)'",
          backups: matching.map(\.id))
      }
    }
    throw BackupError(.notFound, "there is no backup '\(text)'")
  }

  /// A backup, its parent, and so on up to the full one.
  ///
  /// - Parameter record: the backup.
  /// - Throws: ``BackupError`` with `parentUnusable` when one of them is missing, or what the storage throws.
  public func chain(of record: BackupRecord) throws(BackupError) -> [BackupRecord] {
    var chain = [record]
    while let parent = chain.last?.parent {
      guard chain.count <= rules.maximumDepth else {
        throw BackupError(
          .parentUnusable, "the backup '\(record.name)' has more than \(rules.maximumDepth) ancestors",
          backups: [record.id])
      }
      guard let next = try withCatalogue({ (catalogue) throws(BackupError) in try catalogue.record(parent) }) else {
        throw BackupError(
          .parentUnusable, "the backup '\(chain.last?.name ?? "")' needs \(parent), which is not there",
          backups: [record.id, parent])
      }
      chain.append(next)
    }
    return chain
  }
}

extension Repository.Settings {
  var json: JSONValue {
    var object: JSONValue = [
      "format": .uint(Repository.version), "id": .string(id.description),
      "created": .string(createdAt.rfc3339(fractionDigits: 9)),
    ]
    if let retention { object.add("defaults", ["retention": .string(retention.description)]) }
    return object
  }

  init(_ bytes: [UInt8]) throws(BackupError) {
    let value: JSONValue?
    do throws(JSONError) { value = try CheckedJSON.value(bytes) } catch {
      throw BackupError(.catalogueDamaged, "repository.json is no JSON: \(error)")
    }
    guard let json = value else {
      throw BackupError(.catalogueDamaged, "repository.json is not what its checksum says")
    }
    guard let version = json["format"]?.unsigned else {
      throw BackupError(.catalogueDamaged, "repository.json does not say its format")
    }
    guard version <= Repository.version else {
      throw BackupError(
        .unsupportedVersion, "the repository is of version \(version), which this version does not know")
    }
    guard let id = json["id"]?.text.flatMap({ BackupID($0) }),
      let created = json["created"]?.text.flatMap({ Timestamp(rfc3339: $0) })
    else { throw BackupError(.catalogueDamaged, "repository.json lacks identifier or time") }
    self.init(createdAt: created)
    self.id = id.uuid
    if let text = json["defaults"]?["retention"]?.text { retention = try Retention(parsing: text) }
  }
}
