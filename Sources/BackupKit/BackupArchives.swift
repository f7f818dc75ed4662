// SPDX-License-Identifier: Apache-2.0

/// The one place where backups meet archives: how an archive with a parent is begun, and how one is opened with its
/// ancestors.
internal import ArchiveKit
internal import CodecKit
internal import SystemIO

/// Makes and opens the archives of backups.
enum BackupArchives {
  /// Fields of a superblock that are BackupKit's own. They are for people and for a rebuild; readers may pass over them.
  enum Field {
    static let instance: UInt16 = 0x100
    static let kind: UInt16 = 0x101
    static let retention: UInt16 = 0x102
    static let databases: UInt16 = 0x103
    static let origin: UInt16 = 0x104
  }

  /// How the archive of a backup is written.
  static func options(
    for record: BackupRecord, _ request: BackupRequest, _ parent: ArchiveReader?
  ) -> ArchiveWriterOptions {
    var options = request.archive
    options.parent = parent
    options.parentName = record.parent.map { StorageName.archive($0).key } ?? ""
    options.uuid = record.id.uuid
    options.isReproducible = false
    options.created = record.createdAt.nanosecondsSince1970
    func add(_ type: UInt16, _ text: String) {
      guard !text.isEmpty else { return }
      options.fields.append(.init(type, Array(text.utf8.prefix(1024))))
    }
    add(Superblock.Field.name, record.name)
    add(Superblock.Field.description, record.description ?? "")
    add(Field.instance, record.instance)
    add(Field.kind, record.kind.rawValue)
    add(Field.retention, record.retention?.description ?? "")
    add(Field.databases, record.databases.joined(separator: ","))
    add(Field.origin, record.origin)
    return options
  }

  /// Begins the archive of a backup, or goes on with what an interrupted attempt has left of it.
  ///
  /// - Parameters:
  ///   - upload: gets the archive.
  ///   - index: gets its detached index.
  ///   - options: how it is written.
  ///   - storage: where ancestors are.
  /// - Returns: the writer, and how many bytes of an earlier attempt are used.
  static func writer(
    to upload: any StorageUpload, _ index: any StorageUpload, _ options: ArchiveWriterOptions,
    in storage: any BackupStorage
  ) throws(BackupError) -> (writer: ArchiveWriter, found: UInt64) {
    if upload.written > 0 {
      if let resumed = try resumed(upload, index, options, in: storage) { return resumed }
      try upload.cut(at: 0)
    }
    do throws(ArchiveError) { return (try ArchiveWriter(to: upload, index: index, options), 0) } catch {
      throw BackupError(error)
    }
  }

  /// Goes on with an archive; `nil` when nothing of it can be used.
  private static func resumed(
    _ upload: any StorageUpload, _ index: any StorageUpload, _ options: ArchiveWriterOptions,
    in storage: any BackupStorage
  ) throws(BackupError) -> (writer: ArchiveWriter, found: UInt64)? {
    let source = try upload.source()
    let unfinished: UnfinishedArchive?
    do throws(ArchiveError) {
      unfinished = try UnfinishedArchive(
        source, ancestors: StoredAncestors(storage: storage), registry: options.registry)
    } catch {
      guard error.isDamage || error.code == .notAnArchive else { throw BackupError(error) }
      return nil
    }
    guard let unfinished else { return nil }
    try upload.cut(at: unfinished.length)
    do throws(ArchiveError) {
      return (try ArchiveWriter(resuming: unfinished, to: upload, index: index, options), unfinished.length)
    } catch {
      // With other options it is begun anew.
      guard error.code == .invalidOption else { throw BackupError(error) }
      return nil
    }
  }

  /// What an archive says of itself as a record: for archives whose record is lost. It is protected, because nobody knows
  /// any more whether it was.
  static func record(
    of summary: ArchiveSummary, size: UInt64, at time: Timestamp
  ) throws(BackupError) -> BackupRecord {
    let superblock = summary.superblock
    let id = BackupID(superblock.uuid)
    var record = BackupRecord(
      id: id, name: superblock.text(Superblock.Field.name) ?? "recovered-\(id.short)",
      instance: superblock.text(Field.instance) ?? "recovered", origin: superblock.text(Field.origin) ?? "",
      time: superblock.creationTime)
    record.description = superblock.text(Superblock.Field.description)
    record.kind = superblock.text(Field.kind).flatMap { BackupRecord.Kind(rawValue: $0) } ?? .manual
    record.retention = superblock.text(Field.retention).flatMap { try? Retention(parsing: $0) }
    record.databases =
      superblock.text(Field.databases)?.split(separator: ",").map { String($0) } ?? []
    record.parent = superblock.parent.map { BackupID($0) }
    // A merged archive still has the number of archives that it was made upon.
    record.depth = superblock.parent == nil ? 0 : Int(superblock.depth)
    record.isProtected = true
    try record.move(to: .running, at: superblock.creationTime)
    try complete(&record, summary, size: size, at: time, "found as an archive without a record; protected")
    return record
  }

  /// Makes a record that of a complete backup.
  static func complete(
    _ record: inout BackupRecord, _ summary: ArchiveSummary, size: UInt64, at time: Timestamp, _ reason: String? = nil
  ) throws(BackupError) {
    record.sizes.logical = summary.footer.dataBytes
    record.sizes.unique = summary.footer.rawBytes
    record.sizes.stored = size
    record.sizes.entries = summary.footer.entries
    record.contentRoot = summary.footer.contentRoot.description
    record.failure = nil
    try record.move(to: .complete, at: time, reason)
  }

  /// Opens a backup to make an increment upon it: its archive, or its index when the archive has been taken elsewhere.
  ///
  /// - Parameters:
  ///   - record: the backup.
  ///   - storage: where archives and indexes are.
  ///   - registry: where codecs are found.
  static func openParent(
    _ record: BackupRecord, in storage: any BackupStorage, _ registry: CodecRegistry
  ) throws(BackupError) -> ArchiveReader {
    let archive = StorageName.archive(record.id)
    let source = try storage.source(try storage.size(of: archive) == nil ? .index(record.id) : archive)
    do throws(ArchiveError) {
      let reader = try ArchiveReader(source, ancestors: StoredAncestors(storage: storage), registry: registry)
      try check(reader.summary, is: record)
      return reader
    } catch {
      throw BackupError(error, backups: [record.id])
    }
  }

  /// Opens the archive of a backup. Its ancestors are opened when something is needed of them.
  ///
  /// - Parameters:
  ///   - record: the backup.
  ///   - storage: where archives are.
  ///   - registry: where codecs are found.
  static func open(
    _ record: BackupRecord, in storage: any BackupStorage, _ registry: CodecRegistry
  ) throws(BackupError) -> (reader: ArchiveReader, source: any ArchiveSource) {
    let source: any ArchiveSource
    do throws(BackupError) { source = try storage.source(.archive(record.id)) } catch {
      guard error.code == .notFound else { throw error }
      throw BackupError(
        ArchiveError(.truncated, "the archive of the backup is missing"), backups: [record.id])
    }
    do throws(ArchiveError) {
      let reader = try ArchiveReader(source, ancestors: StoredAncestors(storage: storage), registry: registry)
      try check(reader.summary, is: record)
      return (reader, source)
    } catch {
      throw BackupError(error, backups: [record.id])
    }
  }

  /// Throws unless an archive is that of a record.
  static func check(_ summary: ArchiveSummary, is record: BackupRecord) throws(ArchiveError) {
    guard BackupID(summary.superblock.uuid) == record.id else {
      throw ArchiveError(.checksumMismatch, "the archive is that of another backup, \(summary.superblock.uuid)")
    }
    guard record.contentRoot.isEmpty || summary.footer.contentRoot.description == record.contentRoot else {
      throw ArchiveError(.checksumMismatch, "the archive holds something else than its record says")
    }
  }
}

/// Finds the ancestors of an archive among the backups of a repository.
struct StoredAncestors: AncestorFinder {
  let storage: any BackupStorage

  func find(
    _ ancestor: Ancestor, accept: (any ArchiveSource, String) throws(ArchiveError) -> Bool
  ) throws(ArchiveError) {
    let id = BackupID(ancestor.uuid)
    for name in [StorageName.archive(id), .index(id)] {
      let source: any ArchiveSource
      do throws(BackupError) { source = try storage.source(name) } catch {
        if error.code == .notFound { continue }
        throw error.archive ?? ArchiveError(.io, error.reason)
      }
      if try accept(source, name.key) { return }
    }
  }
}
