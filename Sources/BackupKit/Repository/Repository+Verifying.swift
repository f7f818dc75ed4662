// SPDX-License-Identifier: Apache-2.0

/// Whether backups are what they were.
public import ArchiveKit
internal import SystemIO

extension Repository {
  /// What a check of one backup found.
  public struct Verification: Sendable {
    /// The backup.
    public let record: BackupRecord
    /// What was found in its archive; `nil` when that could not even be opened.
    public let report: VerificationReport?
    /// Why the backup cannot be relied on; `nil` when it can.
    public let failure: BackupError?

    /// Whether nothing is wrong.
    public var isSound: Bool { failure == nil && (report?.isSound ?? false) }
  }

  /// Checks the archive of a backup, that those it builds on are there, and remembers that it was sound. What a file has
  /// in the archives of ancestors is checked with these.
  ///
  /// - Parameters:
  ///   - id: the backup.
  ///   - level: how thoroughly.
  ///   - threads: how many threads decode; 0 is one for each core.
  ///   - progress: told from time to time how far it is; throws to give up.
  /// - Returns: what was found: also that the archive is missing, or that of another backup.
  /// - Throws: ``BackupError`` with `notFound`, `illegalMove` when it is not complete, `locked`, `cancelled`, or what the
  ///   storage throws.
  public func verify(
    _ id: BackupID, _ level: VerificationLevel, threads: Int = 1,
    progress: @escaping (VerificationReport) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) throws(BackupError) -> Verification {
    let record = try record(id)
    let report: VerificationReport
    do throws(BackupError) {
      let opened = try open(id)
      // What is whole of it is no backup while an archive is missing that it is restored from.
      try checkArchives(of: record)
      report = try opened.verify(level, threads: threads, progress: progress)
    } catch {
      guard error.code == .archive || error.code == .parentUnusable else { throw error }
      return Verification(record: record, report: nil, failure: error)
    }
    let failure = report.problems.first.map { BackupError($0, backups: [id]) }
    if failure == nil, level >= .full {
      // That it cannot be remembered makes it no less sound.
      do throws(BackupError) {
        let changed = try change(id) { (record) throws(BackupError) in record.verifiedAt = clock() }
        return Verification(record: changed, report: report, failure: nil)
      } catch {
        let errno = error.system?.errno
        if errno == .readOnlyFileSystem || errno == .accessDenied {
          return Verification(record: record, report: report, failure: nil)
        }
        warn("it could not be remembered that '\(record.name)' is sound: \(error.reason)")
      }
    }
    return Verification(record: record, report: report, failure: failure)
  }

  /// Backups to check now when not all can be.
  ///
  /// - Parameter percent: how much of all that is stored is to be checked.
  /// - Returns: all complete backups, those first that were checked longest ago, or never; and how many bytes of archives
  ///   are that part. Who checks in this order until it is reached checks everything in turn.
  /// - Throws: what the storage throws.
  public func verificationSample(percent: Double) throws(BackupError) -> (records: [BackupRecord], bytes: UInt64) {
    let complete = try records().filter { $0.state == .complete }
    let total = complete.reduce(UInt64(0)) { $0 &+ $1.sizes.stored }
    let wanted = UInt64(Double(total) * max(0, min(percent, 100)) / 100)
    let longestAgoFirst = complete.sorted { left, right in
      let (before, after) = (left.verifiedAt?.nanosecondsSince1970, right.verifiedAt?.nanosecondsSince1970)
      return (before ?? .min, left.createdAt) < (after ?? .min, right.createdAt)
    }
    return (longestAgoFirst, wanted)
  }
}
