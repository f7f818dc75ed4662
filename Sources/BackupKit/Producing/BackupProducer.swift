// SPDX-License-Identifier: Apache-2.0

/// Delivers what is backed up.
public import ArchiveKit
public import SystemIO

/// What a producer is told of the backup that it delivers for.
public struct ProducerTask {
  /// The backup.
  public let record: BackupRecord
  /// The backup that it is an increment to.
  public let parent: BackupRecord?
  /// The repository's own directory, which is not to be backed up.
  public let repository: FileStatus?
  /// Who is told.
  public let observer: BackupObserver
  /// How many bytes the archive has by now.
  public let written: () -> UInt64

  /// Passes on how far the work is.
  func tell(_ bytesRead: UInt64) {
    var progress = BackupObserver.Progress()
    progress.bytesRead = bytesRead
    progress.bytesWritten = written()
    observer.progress(progress)
  }
}

/// What came of producing.
public struct ProducerReport: Hashable, Sendable {
  /// Things of the source that could not be taken as they are.
  public var warnings: UInt64
  /// What is to be kept of what the source said: the end of a command's standard error.
  public var log: String
  /// Where the source stood, in its own words.
  public var position: String?

  /// Makes a report.
  ///
  /// - Parameters:
  ///   - warnings: things that could not be taken as they are.
  ///   - log: what is to be kept of what the source said.
  ///   - position: where the source stood.
  public init(warnings: UInt64 = 0, log: String = "", position: String? = nil) {
    self.warnings = warnings
    self.log = log
    self.position = position
  }
}

/// Delivers the content of a backup.
public protocol BackupProducer: AnyObject {
  /// Whether it can deliver once more after a failure.
  var isRepeatable: Bool { get }

  /// Writes the entries of the backup. The writer is finished by the caller.
  ///
  /// - Parameters:
  ///   - writer: gets the entries.
  ///   - task: what for.
  /// - Returns: what came of it.
  /// - Throws: ``BackupError`` with `sourceFailed` when the source failed, so that what was written is no backup;
  ///   `cancelled`; what the writer threw.
  func produce(into writer: ArchiveWriter, _ task: ProducerTask) throws(BackupError) -> ProducerReport
}

/// Delivers trees of files.
public final class TreeProducer: BackupProducer {
  private let roots: [Path]
  private let base: Path?
  private let options: TreeArchiverOptions

  /// Takes trees.
  ///
  /// - Parameters:
  ///   - roots: what to take.
  ///   - base: where relative roots start; `nil` for the working directory.
  ///   - options: how. Progress, warnings and the wish to give up go to the observer.
  public init(_ roots: [Path], from base: Path? = nil, _ options: TreeArchiverOptions = .init()) {
    self.roots = roots
    self.base = base
    self.options = options
  }

  /// It is read again.
  public var isRepeatable: Bool { true }

  /// Reads the trees.
  public func produce(into writer: ArchiveWriter, _ task: ProducerTask) throws(BackupError) -> ProducerReport {
    var settings = options
    settings.outputFolder = task.repository
    settings.progress = { task.tell($0.bytes) }
    settings.warn = { task.observer.warn($0) }
    settings.isCancelled = task.observer.isCancelled
    do throws(ArchiveError) {
      let report = try TreeArchiver(to: writer, settings).archive(roots, from: base)
      guard report.files + report.directories + report.symbolicLinks + report.specialFiles > 0 else {
        throw ArchiveError(.notFound, "nothing of what was named is there")
      }
      return ProducerReport(warnings: report.warningCount)
    } catch {
      if error.code == .notFound { throw BackupError(.sourceFailed, error.reason) }
      throw BackupError(error)
    }
  }
}
