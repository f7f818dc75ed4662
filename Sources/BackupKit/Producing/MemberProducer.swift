// SPDX-License-Identifier: Apache-2.0

/// Delivers the members of a stream, each as an entry.
public import ArchiveKit
internal import SystemIO

/// Delivers what a tar stream or an xbstream holds. It can be read only once, so that there is no second attempt.
public final class MemberProducer: BackupProducer {
  /// What a stream is.
  public enum Form: Hashable, Sendable {
    /// A tar archive.
    case tar
    /// What backup programs of MySQL and MariaDB write.
    case xbstream
  }

  private let stream: any ArchiveStream
  private let form: Form
  private let name: String
  private let options: TreeArchiverOptions

  /// Takes a stream.
  ///
  /// - Parameters:
  ///   - stream: the stream, decompressed.
  ///   - form: what it is.
  ///   - name: what to call it when it is damaged.
  ///   - options: how its members are stored. Progress, warnings and the wish to give up go to the observer.
  public init(
    _ stream: any ArchiveStream, _ form: Form, name: String = "the stream", _ options: TreeArchiverOptions = .init()
  ) {
    self.stream = stream
    self.form = form
    self.name = name
    self.options = options
  }

  /// It is gone when it has been read.
  public var isRepeatable: Bool { false }

  /// Reads the stream to its end.
  public func produce(into writer: ArchiveWriter, _ task: ProducerTask) throws(BackupError) -> ProducerReport {
    var settings = options
    settings.progress = { task.tell($0.bytes) }
    settings.warn = { task.observer.warn($0) }
    settings.isCancelled = task.observer.isCancelled
    let archiver = TreeArchiver(to: writer, settings)
    do throws(ArchiveError) {
      let report =
        switch form {
        case .tar: try archiver.archiveTar(stream)
        case .xbstream: try archiver.archiveXBStream(stream, modified: WallClock.now)
        }
      return ProducerReport(warnings: report.warningCount)
    } catch {
      // Half of a stream is no backup; what is wrong with the parent is not the stream's fault.
      guard error.system == nil, error.ancestor == nil, error.code != .cancelled, error.code != .invalidOption else {
        throw BackupError(error)
      }
      throw BackupError(.sourceFailed, "\(name): \(error.reason)")
    }
  }
}
