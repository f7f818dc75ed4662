// SPDX-License-Identifier: Apache-2.0

/// A backup that is open for reading. Nobody can delete it meanwhile.
public import ArchiveKit
internal import CodecKit
public import SystemIO

/// A complete backup, open for reading.
///
/// It holds a shared lock of its instance: backups of it can be read by many, and neither be made nor deleted.
public final class OpenedBackup {
  /// The record.
  public let record: BackupRecord
  /// Its archive.
  public let reader: ArchiveReader
  /// The bytes of its archive.
  public let source: any ArchiveSource
  private let locks: HeldLocks

  init(_ record: BackupRecord, _ reader: ArchiveReader, _ source: any ArchiveSource, _ locks: HeldLocks) {
    self.record = record
    self.reader = reader
    self.source = source
    self.locks = locks
  }

  /// Writes the tree, or a part of it, below a directory. See ``Extractor``.
  ///
  /// - Parameters:
  ///   - target: an existing directory.
  ///   - options: what, and how.
  ///   - progress: told from time to time how far it is; throws to give up.
  /// - Returns: what came out, and what did not.
  /// - Throws: ``BackupError`` with `archive`, `io` or `cancelled`.
  public func extract(
    into target: Path, _ options: ExtractionOptions,
    progress: @escaping (ExtractionProgress) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) throws(BackupError) -> ExtractionReport {
    do throws(ArchiveError) {
      return try Extractor(reader, into: target, options, progress: progress).run()
    } catch {
      throw BackupError(error, backups: [record.id])
    }
  }

  /// Delivers the content of one file.
  ///
  /// - Parameters:
  ///   - path: the file's path in the archive.
  ///   - body: gets its bytes, in order.
  /// - Throws: ``BackupError`` with `notFound` when there is no such file, or what reading and `body` throw.
  public func read(
    _ path: [UInt8], _ body: (RawSpan) throws(ArchiveError) -> Void
  ) throws(BackupError) {
    do throws(ArchiveError) {
      guard let entry = try reader.entry(at: path), entry.kind == .file else {
        throw ArchiveError(.notFound, "there is no such file in the backup", path: path)
      }
      try reader.read(entry, range: 0..<UInt64.max, body)
    } catch {
      if error.code == .notFound { throw BackupError(.notFound, error.reason, backups: [record.id]) }
      throw BackupError(error, backups: [record.id])
    }
  }

  /// Checks all of it.
  ///
  /// - Parameters:
  ///   - level: how thoroughly.
  ///   - threads: how many threads decode; 0 is one for each core.
  ///   - progress: told from time to time how far it is; throws to give up.
  /// - Returns: what was found.
  /// - Throws: ``BackupError`` with `archive`, `io` or `cancelled`: what keeps the check from being made.
  public func verify(
    _ level: VerificationLevel, threads: Int = 1,
    progress: @escaping (VerificationReport) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) throws(BackupError) -> VerificationReport {
    do throws(ArchiveError) {
      return try ArchiveVerifier(reader, source, level, threads: threads, progress: progress).run()
    } catch {
      throw BackupError(error, backups: [record.id])
    }
  }
}

extension Repository {
  /// The first of a backup and its ancestors whose archive is not there, though it is needed: one that was merged needs
  /// none behind it, whatever the records say.
  func missingArchive(in chain: [BackupRecord]) throws(BackupError) -> BackupRecord? {
    var place: Int?
    for (index, record) in chain.enumerated() where try storage.size(of: .archive(record.id)) == nil {
      place = index
      break
    }
    guard let place else { return nil }
    for record in chain[..<place] {
      if try BackupArchives.open(record, in: storage, registry).reader.summary.superblock.parent == nil { return nil }
    }
    return chain[place]
  }

  /// Throws unless all archives are there that a backup is restored from.
  func checkArchives(of record: BackupRecord) throws(BackupError) {
    guard let missing = try missingArchive(in: chain(of: record)) else { return }
    let reason =
      missing.id == record.id
      ? "the archive of the backup is missing" : "it needs the archive of '\(missing.name)', which is not there"
    throw BackupError(ArchiveError(.missingParent, reason), backups: [record.id, missing.id])
  }

  /// Opens a complete backup for reading.
  ///
  /// - Parameter id: the backup.
  /// - Throws: ``BackupError`` with `notFound`, `illegalMove` when it is not complete, `locked`, or what says that its
  ///   archive is missing or damaged.
  public func open(_ id: BackupID) throws(BackupError) -> OpenedBackup {
    let instance = try record(id).instance
    let locks = try lock(instance, .shared, "read")
    let record = try record(id)
    guard record.state == .complete else {
      throw BackupError(
        .illegalMove, "the backup '\(record.name)' is \(record.state.rawValue), not complete", backups: [id])
    }
    // All that it needs must be there before anything begins.
    _ = try chain(of: record)
    let (reader, source) = try BackupArchives.open(record, in: storage, registry)
    return OpenedBackup(record, reader, source, locks)
  }
}
