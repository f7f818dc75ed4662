// SPDX-License-Identifier: Apache-2.0

/// Moving into the archive of a backup what it needs of its ancestors.
internal import ArchiveKit
public import CodecKit
internal import SystemIO

/// How backups are merged.
public struct BackupMergeOptions: Sendable {
  /// What is packed again is packed with this. What is copied as it is stays. Default: zstd.
  public var codec: any Codec = Zstd.default
  /// The codec's level. Default: the codec's own.
  public var compression = CompressionOptions()
  /// How many threads check the merged archive; 0 is one for each core. Default: 0.
  public var threads = 0

  /// The defaults.
  public init() {}

  /// The defaults, changed by `configure`.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }
}

extension Repository {
  /// Finds out whether a new backup can have a name.
  ///
  /// - Parameter name: the name.
  /// - Throws: ``BackupError`` with `invalidValue` or `nameInUse`, or what the storage throws.
  public func checkName(_ name: String) throws(BackupError) {
    try rules.check(name: name)
    try withCatalogue { (catalogue) throws(BackupError) in try checkIsFree(name, account: "", catalogue) }
  }

  /// Throws when the name of a backup, or of a new one, belongs to another.
  ///
  /// - Parameters:
  ///   - name: the name.
  ///   - account: whose backup it is.
  ///   - id: the backup, when it is there already.
  ///   - rules: which names are used only once; `nil` for what the repository says.
  ///   - catalogue: where the others are.
  func checkIsFree(
    _ name: String, account: String, for id: BackupID? = nil, under rules: BackupRules? = nil, _ catalogue: Catalogue
  ) throws(BackupError) {
    let uniqueness = (rules ?? self.rules).uniqueness
    guard uniqueness != .none else { return }
    let others = try catalogue.records(named: name)
    guard let other = others.first(where: { $0.id != id && uniqueness.isViolated(by: $0, account: account) }) else {
      return
    }
    throw BackupError(.nameInUse, "the name '\(name)' belongs to another backup", backups: [other.id])
  }

  /// Makes of a backup and all that it builds on a new one that needs no other. Those it is made of stay as they are.
  ///
  /// The new backup holds what the old one holds, and is of its time: it does not become the latest one. Retention,
  /// description, and what is known of the source are those of the old one; it is not protected.
  ///
  /// - Parameters:
  ///   - id: the backup.
  ///   - name: the name of the new one.
  ///   - options: how to pack.
  ///   - observer: who is told, and who may end it.
  /// - Returns: the record of the new backup.
  /// - Throws: ``BackupError`` with `invalidValue`, `notFound`, `nameInUse`, `illegalMove` when the backup is not complete
  ///   or builds on no other, `locked`, `cancelled`, or what archive and storage throw.
  public func merge(
    _ id: BackupID, named name: String, _ options: BackupMergeOptions = .init(), _ observer: BackupObserver = .init()
  ) throws(BackupError) -> BackupRecord {
    try rules.check(name: name)
    let instance = try record(id).instance
    let locks = try lock(instance, .exclusive, "merge")
    defer { locks.release() }
    try settleHeld(instance)
    let old = try state(of: id)
    try Self.checkMergeable(old)
    try checkArchives(of: old)
    let record = try insert { (catalogue) throws(BackupError) in
      try checkIsFree(name, account: old.account, catalogue)
      var record = old.copy(id: .random(), name: name)
      try record.move(to: .running, at: clock())
      return record
    }
    do throws(BackupError) {
      let merged = try writeMerged(
        old, as: record.id, options, [.init(Superblock.Field.name, Array(name.utf8))], observer)
      return try change(record.id) { (record) throws(BackupError) in
        try BackupArchives.complete(
          &record, merged.summary, size: merged.size, at: clock(), "made of '\(old.name)' and its parents")
        record.sizes.index = merged.index
        record.sizes.warnings = old.sizes.warnings
        record.verifiedAt = clock()
      }
    } catch {
      if let known = try? state(of: record.id), known.state == .complete {
        warn("'\(name)' is complete, but the catalogue does not know it yet: \(error.reason)")
        return known
      }
      // Nothing is lost with it: what it was to be made of is all there.
      do throws(BackupError) {
        try change(record.id) { (record) throws(BackupError) in
          record.failure = .init(code: error.code.description, reason: error.reason)
          try record.move(to: error.code == .cancelled ? .canceled : .failed, at: clock(), error.reason)
        }
        try storage.delete(.archive(record.id))
        try storage.delete(.index(record.id))
      } catch let other {
        warn("the record could not be changed: \(other.reason)")
      }
      throw error
    }
  }

  /// Replaces the archive of a backup by one that needs no parent, for one who holds the lock of the instance.
  ///
  /// The order is: the merged archive is checked in `partial`, takes the name of the old one, then its index, then the
  /// record follows. Whenever that ends in between, the backup can be restored, and its parents are there.
  ///
  /// - Returns: the changed record.
  func replaceHeld(
    _ id: BackupID, _ options: BackupMergeOptions, _ observer: BackupObserver
  ) throws(BackupError) -> BackupRecord {
    let old = try state(of: id)
    try Self.checkMergeable(old)
    try checkArchives(of: old)
    let ancestors = try chain(of: old).count - 1
    let merged = try writeMerged(old, as: id, options, [], observer)
    let record = try change(id) { (record) throws(BackupError) in
      record.parent = nil
      record.depth = 0
      record.sizes.stored = merged.size
      record.sizes.unique = merged.summary.footer.rawBytes
      record.sizes.index = merged.index
      record.verifiedAt = clock()
      record.note("merged with \(ancestors) \(ancestors == 1 ? "ancestor" : "ancestors")", at: clock())
    }
    try countAncestors(of: old.instance)
    return record
  }

  /// What a merge has written.
  private struct Merged {
    var summary: ArchiveSummary
    var size: UInt64
    var index: UInt64
  }

  /// Writes a merged archive, checks it, and gives it and its index the names of a backup.
  private func writeMerged(
    _ old: BackupRecord, as id: BackupID, _ options: BackupMergeOptions, _ fields: [Superblock.Field],
    _ observer: BackupObserver
  ) throws(BackupError) -> Merged {
    _ = try chain(of: old)
    let reader = try BackupArchives.open(old, in: storage, registry).reader
    let upload = try storage.begin(.partial(id))
    let index: any StorageUpload
    do throws(BackupError) { index = try storage.begin(.partialIndex(id)) } catch {
      upload.abandon()
      throw error
    }
    do throws(BackupError) {
      let settings = MergeOptions {
        $0.codec = options.codec
        $0.compression = options.compression
        $0.registry = registry
        $0.uuid = id.uuid
        $0.fields = fields
      }
      let summary: ArchiveSummary
      do throws(ArchiveError) {
        let merger = try ArchiveMerger(reader, to: upload, index: index, settings) { (state) throws(ArchiveError) in
          var progress = BackupObserver.Progress()
          (progress.bytesRead, progress.bytesWritten) = (state.bytesRead, state.bytesWritten)
          observer.progress(progress)
          if observer.isCancelled() { throw ArchiveError(.cancelled, "the merge was given up") }
        }
        summary = try merger.run().summary
        try check(upload, is: summary, threads: options.threads)
      } catch {
        throw BackupError(error, backups: [old.id])
      }
      let merged = Merged(summary: summary, size: upload.written, index: index.written)
      try upload.publish(as: .archive(id), replacing: id == old.id)
      try index.publish(as: .index(id), replacing: true)
      return merged
    } catch {
      upload.abandon()
      index.abandon()
      throw error
    }
  }

  /// Reads a merged archive back, with no other at hand.
  private func check(
    _ upload: any StorageUpload, is written: ArchiveSummary, threads: Int
  ) throws(ArchiveError) {
    let source: any ArchiveSource
    do throws(BackupError) { source = try upload.source() } catch {
      throw error.archive ?? ArchiveError(.io, error.reason)
    }
    let reader = try ArchiveReader(source, registry: registry)
    let report = try ArchiveVerifier(reader, source, .full, threads: threads).run()
    if let problem = report.problems.first { throw problem }
    guard reader.summary.footer.contentRoot == written.footer.contentRoot, report.uncheckedFiles == 0 else {
      throw ArchiveError(.corrupt, "the merged archive is not what was written")
    }
  }

  /// Writes down how many ancestors each backup of an instance has, where that has changed: parents first, so that a
  /// child has more than its parent whenever this ends in between.
  func countAncestors(of instance: String) throws(BackupError) {
    let records = try withCatalogue { (catalogue) throws(BackupError) in try catalogue.records(of: instance) }
    // Nearly always each is one deeper than its parent, and nothing has to be put into order.
    let known = Dictionary(records.map { ($0.id, $0.depth) }) { first, _ in first }
    let isCounted = records.allSatisfy { record in
      guard let parent = record.parent else { return record.depth == 0 }
      return known[parent].map { record.depth == $0 + 1 } ?? true
    }
    if isCounted { return }
    var depths: [BackupID: Int] = [:]
    for record in records.sorted(by: { ($0.depth, $0.createdAt) < ($1.depth, $1.createdAt) }) {
      let depth = record.parent.map { (depths[$0] ?? record.depth - 1) + 1 } ?? 0
      depths[record.id] = depth
      guard depth != record.depth else { continue }
      try change(record.id) { (record) throws(BackupError) in record.depth = depth }
    }
  }
}

extension BackupRecord {
  /// The record of another backup of the same content, which begins.
  fileprivate func copy(id: BackupID, name: String) -> BackupRecord {
    var copy = BackupRecord(id: id, name: name, instance: instance, origin: origin, time: createdAt)
    copy.description = description
    copy.account = account
    copy.kind = kind
    copy.engine = engine
    copy.engineVersion = engineVersion
    copy.model = model
    copy.location = location
    copy.folder = folder
    copy.databases = databases
    copy.codec = codec
    copy.retention = retention
    copy.log = log
    copy.position = position
    return copy
  }
}
