// SPDX-License-Identifier: Apache-2.0

/// Planned failures and a trace of system calls, for tests.
internal import CCodecs
internal import Synchronization

/// A plan of faults that a test installs for the calls it makes, with counts and a trace of what happened.
///
/// A plan sees the calls of the thread that installed it and of every `BackgroundThread` that thread starts, so that
/// tests can run side by side; `Scope.process` widens it to all threads.
///
/// ```swift
/// let faults = SyscallFaults([.init(.write, call: 3, .fail(.noSpace))])
/// faults.run { … }
/// #expect(faults.fired == 1)
/// ```
public final class SyscallFaults: Sendable {
  /// What happens to a call.
  public enum Effect: Hashable, Sendable {
    /// The call is not made (a close is) and this error is its answer.
    case fail(Errno)
    /// The call is made for at most this many bytes, at least one.
    case shorten(Int)
  }

  /// Which calls are hit, and how.
  public struct Rule: Hashable, Sendable {
    /// The kind that is counted; nil counts calls of every kind.
    public var kind: SyscallKind?
    /// The number of the call that is hit, from 1.
    public var call: Int
    /// Whether all later calls are hit as well. Default: `false`.
    public var repeats: Bool
    /// What happens to it.
    public var effect: Effect

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - kind: The kind that is counted; nil counts calls of every kind.
    ///   - call: The number of the call that is hit, from 1.
    ///   - repeats: Whether all later calls are hit as well.
    ///   - effect: What happens to it.
    public init(_ kind: SyscallKind?, call: Int = 1, repeats: Bool = false, _ effect: Effect) {
      self.kind = kind
      self.call = call
      self.repeats = repeats
      self.effect = effect
    }
  }

  /// Whose calls a plan sees.
  public enum Scope: Hashable, Sendable {
    /// Those of the installing thread and of the background threads it starts.
    case thread
    /// Those of all threads that have no plan of their own.
    case process
  }

  /// One call that was made or made to fail.
  public struct Event: Hashable, Sendable {
    /// The kind of call.
    public var kind: SyscallKind
    /// The file, also for a call on a descriptor that was opened while the plan was installed.
    public var path: Path?
    /// The new name, for a rename or a link.
    public var newPath: Path?
    /// The descriptor, for a call on one.
    public var descriptor: Int32?
    /// The file position, for a call that names one.
    public var offset: Int64
    /// The bytes asked for.
    public var size: Int
    /// The result, or the negated error number.
    public var result: Int
    /// The bytes written, if the plan keeps them.
    public var data: [UInt8]
  }

  private struct State {
    var rules: [Rule]
    var matched: [Int]
    var counts: [SyscallKind: Int] = [:]
    var fired = 0
    var events: [Event] = []
    var paths: [Int32: Path] = [:]
  }

  private let state: Monitor<State>
  private let recordsData: Bool
  private let afterCall: (@Sendable (Event) -> Void)?

  /// Makes a plan; it does nothing before `run`.
  ///
  /// - Parameters:
  ///   - rules: The faults; the first rule that hits a call decides.
  ///   - recordsData: Whether the trace keeps the bytes of every write.
  ///   - afterCall: Is told of each call, on the thread that made it, before that goes on. It must make none itself that the
  ///     plan would see.
  public init(
    _ rules: [Rule] = [], recordsData: Bool = false, afterCall: (@Sendable (Event) -> Void)? = nil
  ) {
    state = Monitor(State(rules: rules, matched: Array(repeating: 0, count: rules.count)))
    self.recordsData = recordsData
    self.afterCall = afterCall
  }

  /// The calls so far, oldest first, those that failed included.
  public var trace: [Event] { state.withLock { $0.events } }

  /// How many calls a rule has hit.
  public var fired: Int { state.withLock { $0.fired } }

  /// How many calls of one kind there were, retries included.
  public func count(of kind: SyscallKind) -> Int { state.withLock { $0.counts[kind] ?? 0 } }

  /// Runs `body` with the plan installed.
  ///
  /// - Parameters:
  ///   - scope: Whose calls the plan sees. Only one plan at a time can have the process scope.
  ///   - body: What to run.
  /// - Returns: What `body` returned.
  /// - Throws: What `body` threw.
  @discardableResult
  public func run<Result: ~Copyable, Failure: Error>(
    scope: Scope = .thread, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    Syscalls.armed.add(1, ordering: .sequentiallyConsistent)
    defer { Syscalls.armed.subtract(1, ordering: .sequentiallyConsistent) }
    switch scope {
    case .thread:
      let outer = SyscallFaults.threadPlan
      SyscallFaults.setThreadPlan(self)
      defer { SyscallFaults.setThreadPlan(outer) }
      return try body()
    case .process:
      SyscallFaults.processPlan.withLock { $0 = self }
      defer { SyscallFaults.processPlan.withLock { $0 = nil } }
      return try body()
    }
  }
}

extension SyscallFaults {
  private static let processPlan = Monitor<SyscallFaults?>(nil)

  /// The plan of this thread. The thread slot holds it unretained: `run` keeps it alive while it is there.
  static var threadPlan: SyscallFaults? {
    guard let slot = unsafe ccodecs_thread_slot() else { return nil }
    return unsafe Unmanaged<SyscallFaults>.fromOpaque(slot).takeUnretainedValue()
  }

  static func setThreadPlan(_ plan: SyscallFaults?) {
    unsafe ccodecs_set_thread_slot(plan.map { unsafe Unmanaged.passUnretained($0).toOpaque() })
  }

  /// The plan that sees the calls of this thread.
  static var current: SyscallFaults? { threadPlan ?? processPlan.withLock { $0 } }

  /// Counts one call and says what happens to it.
  func effect(on kind: SyscallKind, _ subject: SyscallSubject) -> Effect? {
    state.withLock { (state: inout State) -> Effect? in
      state.counts[kind, default: 0] += 1
      var chosen: Effect?
      for (index, rule) in state.rules.enumerated() where rule.kind == nil || rule.kind == kind {
        state.matched[index] += 1
        let hit = rule.repeats ? state.matched[index] >= rule.call : state.matched[index] == rule.call
        if hit && chosen == nil { chosen = rule.effect }
      }
      if chosen != nil { state.fired += 1 }
      return chosen
    }
  }

  /// Adds one call to the trace and keeps track of which descriptor is which file.
  func record(
    _ kind: SyscallKind, _ subject: SyscallSubject, offset: Int64, size: Int, result: Int,
    payload: SyscallPayload?
  ) {
    var data: [UInt8] = []
    if recordsData, let payload { data = payload.copy(result) }
    let event = Event(
      kind: kind, path: nil, newPath: nil, descriptor: nil, offset: offset, size: size, result: result, data: data)
    let recorded = state.withLock { (state: inout State) -> Event in
      var event = event
      switch subject {
      case .none:
        break
      case .path(let path):
        event.path = path
      case .paths(let from, let to):
        event.path = from
        event.newPath = to
      case .descriptor(let descriptor):
        event.descriptor = descriptor
        event.path = state.paths[descriptor]
      }
      switch kind {
      case .open, .openat, .openat2, .duplicate:
        if let descriptor = Int32(exactly: result), descriptor >= 0 { state.paths[descriptor] = event.path }
      case .close:
        if let descriptor = event.descriptor { state.paths[descriptor] = nil }
      case .rename, .renameExclusive:
        if result == 0 {
          let renamed = state.paths.filter { $0.value == event.path }
          for descriptor in renamed.keys { state.paths[descriptor] = event.newPath }
        }
      case .renameExchange:
        if result == 0 {
          for (descriptor, path) in state.paths {
            if path == event.path { state.paths[descriptor] = event.newPath }
            if path == event.newPath { state.paths[descriptor] = event.path }
          }
        }
      default:
        break
      }
      state.events.append(event)
      return event
    }
    afterCall?(recorded)
  }
}
