// SPDX-License-Identifier: Apache-2.0

/// Which backups hold a file.
public import ArchiveKit
internal import SystemIO

/// A version of a file, and the backups that hold it.
public struct FileVersion: Hashable, Sendable {
  /// The entry, as the first of the backups has it.
  public let entry: ArchiveEntry
  /// The backups, oldest first.
  public internal(set) var backups: [BackupRecord]
}

extension Repository {
  /// What tells two versions of an entry apart.
  private struct Identity: Hashable {
    let path: [UInt8]
    let kind: ArchiveEntry.Kind
    let size: UInt64
    let time: Timestamp
    let mode: UInt16
    let target: [UInt8]

    init(_ entry: ArchiveEntry) {
      path = entry.path
      kind = entry.kind
      size = entry.size
      time = entry.modificationTime
      mode = entry.mode
      target = entry.target
    }
  }

  /// Looks for entries in all complete backups.
  ///
  /// - Parameters:
  ///   - patterns: a path is found that one of them matches.
  ///   - instance: of which instance; `nil` for all.
  ///   - observer: who is told how many bytes of archives have been looked through, and who may end it.
  ///   - failed: is told of each backup that could not be read.
  /// - Returns: versions, in the order of their paths and then of their oldest backup.
  /// - Throws: ``BackupError`` with `cancelled`, or what the storage throws.
  public func versions(
    matching patterns: [Glob], instance: String? = nil, _ observer: BackupObserver = .init(),
    failed: (BackupRecord, BackupError) -> Void = { _, _ in }
  ) throws(BackupError) -> [FileVersion] {
    var versions: [FileVersion] = []
    var known: [Identity: Int] = [:]
    var progress = BackupObserver.Progress()
    for record in try records() where record.state == .complete && (instance == nil || record.instance == instance) {
      do throws(BackupError) {
        let opened = try open(record.id)
        var seen = 0
        try opened.forEachEntry { (entry: ArchiveEntry) throws(BackupError) in
          seen += 1
          if seen % 4096 == 1, observer.isCancelled() { throw BackupError(.cancelled, "the search was given up") }
          guard
            patterns.contains(where: {
              ($0.matchesOnlyFolders ? entry.kind == .directory : true) && $0.matches(entry.path)
            })
          else { return }
          if let index = known[Identity(entry)] {
            versions[index].backups.append(record)
          } else {
            known[Identity(entry)] = versions.count
            versions.append(FileVersion(entry: entry, backups: [record]))
          }
        }
      } catch {
        guard error.code != .cancelled else { throw error }
        failed(record, error)
      }
      progress.bytesRead &+= record.sizes.stored
      observer.progress(progress)
    }
    // Stable: versions of one path stay in the order in which they were found.
    return versions.enumerated().sorted { left, right in
      if left.element.entry.path == right.element.entry.path { return left.offset < right.offset }
      return EntryPath.precedes(left.element.entry.path, right.element.entry.path)
    }.map(\.element)
  }
}

extension OpenedBackup {
  /// Visits all entries, in order.
  ///
  /// - Parameter body: gets each; throws to give up.
  /// - Throws: ``BackupError`` with `archive` or `io`, or what `body` throws.
  public func forEachEntry(_ body: (ArchiveEntry) throws(BackupError) -> Void) throws(BackupError) {
    var cursor = reader.entries()
    while true {
      let next: ArchiveEntry?
      do throws(ArchiveError) { next = try cursor.next() } catch { throw BackupError(error, backups: [record.id]) }
      guard let next else { return }
      try body(next)
    }
  }
}
