// SPDX-License-Identifier: Apache-2.0

/// A backup that was asked for and is not made yet.
internal import SystemIO

/// A backup that waits for its turn. Its record is queued; its instance is locked until it is made or given up.
public final class PendingBackup: Sendable {
  /// What came of an attempt.
  public enum Outcome: Hashable, Sendable {
    /// It is there: this is its record.
    case complete(BackupRecord)
    /// It failed, and is to be tried again after so many nanoseconds.
    case waiting(UInt64)
  }

  private enum Phase {
    case idle
    case running
    case over
  }

  private struct State {
    var phase = Phase.idle
    var attempts: Int
  }

  /// The record as it was when the backup was asked for, or taken up.
  public let record: BackupRecord
  private let repository: Repository
  private let request: BackupRequest
  private let parent: BackupRecord?
  private let locks: HeldLocks
  private let state: Monitor<State>

  init(
    _ repository: Repository, _ request: BackupRequest, _ record: BackupRecord, _ parent: BackupRecord?,
    _ locks: HeldLocks, attempts: Int = 0
  ) {
    self.repository = repository
    self.request = request
    self.record = record
    self.parent = parent
    self.locks = locks
    state = Monitor(State(attempts: attempts))
  }

  deinit { cancel("it was not made") }

  /// Makes the backup, and tries again as often as the request says.
  ///
  /// - Parameters:
  ///   - producer: delivers the content; asked again after a failure, if it can.
  ///   - observer: who is told, and who may end it.
  /// - Returns: the record of the complete backup. Its `sizes.warnings` says how much could not be taken as it is.
  /// - Throws: ``BackupError``: `sourceFailed`; `cancelled`, also when it has been made or given up before; what archive
  ///   and storage throw.
  public func run(
    from producer: any BackupProducer, _ observer: BackupObserver = .init()
  ) throws(BackupError) -> BackupRecord {
    while true {
      switch try attempt(from: producer, observer) {
      case .complete(let record): return record
      case .waiting(let interval):
        repository.pause(interval)
        if observer.isCancelled() {
          cancel("the backup was given up")
          throw BackupError(.cancelled, "the backup was given up", backups: [record.id])
        }
      }
    }
  }

  /// Tries once to make the backup.
  ///
  /// - Parameters:
  ///   - producer: delivers the content.
  ///   - observer: who is told, and who may end it.
  /// - Returns: the record of the complete backup, or when to try again.
  /// - Throws: as ``run(from:_:)``, when there is no further attempt.
  public func attempt(
    from producer: any BackupProducer, _ observer: BackupObserver = .init()
  ) throws(BackupError) -> Outcome {
    guard let number = begin() else {
      throw BackupError(.cancelled, "the backup '\(record.name)' was given up", backups: [record.id])
    }
    do throws(BackupError) {
      let record = try repository.attempt(record.id, request, parent, producer, observer)
      end()
      // One of an earlier version has none yet.
      repository.storage.keepReserve()
      return .complete(record)
    } catch {
      guard error.code != .cancelled, number <= request.retries, producer.isRepeatable else {
        try repository.fail(record.id, error, as: error.code == .cancelled ? .canceled : .failed)
        end()
        throw error
      }
      try repository.fail(record.id, error, as: .waiting)
      // A record may say any number.
      observer.note("\(error.reason); attempt \(number + 1) of \(UInt64(clamping: request.retries) + 1) follows")
      state.withLock { $0.phase = .idle }
      return .waiting(request.retryInterval)
    }
  }

  /// Gives it up; nothing happens when it is being made, or was.
  ///
  /// - Parameter reason: why, for the record.
  /// - Returns: whether there was something to give up.
  @discardableResult
  public func cancel(_ reason: String) -> Bool {
    guard begin() != nil else { return false }
    // The failure to write it down is told where the record is read: nobody holds its lock any more.
    try? repository.fail(record.id, BackupError(.cancelled, reason, backups: [record.id]), as: .canceled)
    end()
    return true
  }

  /// Leaves it to the next one who opens the repository: its record stays as it is. Nothing happens when it is being made,
  /// or was.
  public func leave() { if begin() != nil { end() } }

  /// The number of the attempt that begins, the first is 1; `nil` when there is nothing to begin.
  private func begin() -> Int? {
    state.withLock { state in
      guard state.phase == .idle else { return nil }
      state.phase = .running
      state.attempts += 1
      return state.attempts
    }
  }

  private func end() {
    state.withLock { $0.phase = .over }
    locks.release()
  }
}
