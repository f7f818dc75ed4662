// SPDX-License-Identifier: Apache-2.0

/// Where a backup stands in its life, and where it can go from there.
public import SystemIO

/// The state of a backup.
///
/// | from | to |
/// |---|---|
/// | queued | running, skipped, canceled |
/// | running | complete, failed, canceled, waiting |
/// | waiting | running, failed, canceled |
/// | failed | running (it is resumed), deleting |
/// | complete, canceled, skipped | deleting |
/// | deleting | gone, delete-failed |
/// | delete-failed | deleting |
public enum BackupState: String, Hashable, Sendable, CaseIterable {
  /// It will begin.
  case queued
  /// It is being made.
  case running
  /// An attempt failed, and the next one comes.
  case waiting
  /// It can be restored.
  case complete
  /// It could not be made.
  case failed
  /// It was given up by wish.
  case canceled
  /// It was not begun.
  case skipped
  /// It is being removed.
  case deleting
  /// It could not be removed.
  case deleteFailed = "delete-failed"

  /// Whether somebody works on it, or should.
  public var isActive: Bool { self == .queued || self == .running || self == .waiting }

  /// Whether it is what it is until somebody deletes it.
  public var isFinal: Bool { self == .complete || self == .failed || self == .canceled || self == .skipped }

  /// Whether a move is legal.
  ///
  /// - Parameter next: the state after the move.
  public func mayBecome(_ next: BackupState) -> Bool {
    switch (self, next) {
    case (.queued, .running), (.queued, .skipped), (.queued, .canceled): true
    case (.running, .complete), (.running, .failed), (.running, .canceled), (.running, .waiting): true
    case (.waiting, .running), (.waiting, .failed), (.waiting, .canceled): true
    case (.failed, .running): true
    case (.deleting, .deleteFailed), (.deleteFailed, .deleting): true
    case (_, .deleting): isFinal
    default: false
    }
  }
}

/// One step in the life of a backup.
public struct BackupEvent: Hashable, Sendable {
  /// When it happened.
  public var time: Timestamp
  /// The state since then.
  public var state: BackupState
  /// Why; nil when the state says it all.
  public var reason: String?

  /// Makes a step.
  ///
  /// - Parameters:
  ///   - time: when it happened.
  ///   - state: the state since then.
  ///   - reason: why.
  public init(_ time: Timestamp, _ state: BackupState, _ reason: String? = nil) {
    self.time = time
    self.state = state
    self.reason = reason
  }
}
