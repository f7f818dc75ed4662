// SPDX-License-Identifier: Apache-2.0

/// Signals: clean up and die by them, or count them.
internal import CCodecs
internal import Glibc

/// How often the process was asked for something by a signal.
public struct SignalCounts: Hashable, Sendable {
  /// Requests for a status line, by SIGUSR1.
  public var statusRequests = 0
  /// Changes of the terminal's size, by SIGWINCH.
  public var windowChanges = 0
}

/// The handling of signals.
///
/// After `start`, the signals are blocked in all threads and one thread waits for them; no code ever runs in a signal
/// handler. INT, TERM, HUP and QUIT remove the temporary files and then end the process by the same signal, so that
/// the shell sees it; one that was ignored when the process was started, as under `nohup`, stays ignored. XFSZ is
/// ignored, so that a file that is too large is the error `EFBIG`. USR1 and WINCH are counted. A write to standard
/// output or standard error that nobody reads any more ends the process by PIPE, like the default, but after the
/// cleanup; a write to another broken pipe is the error `EPIPE`.
///
/// A child process inherits what is blocked and ignored; who starts one must undo that.
public enum Signals {
  private struct State {
    var isStarted = false
    var diesByPipe = false
    var lastAct: (@Sendable () -> Void)?
    var interruption: (@Sendable () -> Void)?
    var stop: (@Sendable () -> Void)?
  }

  private static let state = Monitor(State())
  private static let deadly = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  /// How often USR1 and WINCH arrived. A progress drawer can wait for a change.
  public static let counts = Monitor(SignalCounts())

  /// Starts the handling. To be called early and on the main thread, since threads that exist already keep their own
  /// way with signals. A second call changes nothing.
  ///
  /// - Throws: What the system answered when the watching thread could not be started.
  public static func start() throws(IOError) {
    let isFirst = state.withLock { state in
      defer { state.isStarted = true }
      return !state.isStarted
    }
    guard isFirst else { return }

    let watched = deadly.filter { ccodecs_signal_disposition($0) != 1 } + [SIGUSR1, SIGWINCH]
    let set = signalSet(watched)
    var blocked = set
    var before = sigset_t()
    unsafe pthread_sigmask(SIG_BLOCK, &blocked, &before)
    do throws(IOError) {
      // Detached on purpose: it lives as long as the process.
      _ = try BackgroundThread(name: "signals") { watch(set) }
    } catch {
      // Blocked signals that nobody waits for would make the process immortal.
      unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
      state.withLock { $0.isStarted = false }
      throw error
    }
    _ = ccodecs_signal_set_ignored(SIGXFSZ)
    if ccodecs_signal_disposition(SIGPIPE) == 0 {
      _ = ccodecs_signal_set_ignored(SIGPIPE)
      state.withLock { $0.diesByPipe = true }
    }
  }

  /// Sets what is done after the temporary files are removed and before the process dies, such as ending the commands it
  /// has started. It runs on the watching thread; a second signal ends the process even if it hangs.
  public static func beforeDeath(_ act: (@Sendable () -> Void)?) {
    state.withLock { $0.lastAct = act }
  }

  /// Sets what the next INT does instead of ending the process, so that a work can end early with what it has. It is
  /// used once: the INT after that ends the process. The act runs on the watching thread.
  public static func onInterrupt(_ act: (@Sendable () -> Void)?) {
    state.withLock { $0.interruption = act }
  }

  /// Sets what the next INT, TERM or HUP does instead of ending the process, so that a service can come to its end in
  /// order. It is used once: the one after that ends the process. The act runs on the watching thread.
  public static func onStop(_ act: (@Sendable () -> Void)?) {
    state.withLock { $0.stop = act }
  }

  /// Makes a write to standard output or standard error that nobody reads any more the error `EPIPE`, instead of the end
  /// of the process: a service must not end because who read its log has. To be called behind `start`.
  public static func outliveReaders() { state.withLock { $0.diesByPipe = false } }

  /// Ends the process by INT, after the cleanup, as who was asked to stop and has stopped.
  public static func dieInterrupted() -> Never { die(by: SIGINT) }

  /// Cleans up and ends the process by a signal, as if it had arrived.
  public static func die(by signal: Int32) -> Never {
    TemporaryRegistry.removeAll {
      for other in deadly { _ = ccodecs_signal_set_default(other) }
      _ = ccodecs_signal_set_default(signal)
      var unblocked = signalSet(deadly + [signal])
      unsafe pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
      state.withLock { $0.lastAct }?()
      _ = raise(signal)
    }
    // A signal that does not end a process; say so in the way of the shell.
    _exit(128 &+ signal)
  }

  /// Registers a temporary file that is not an `AtomicFile`, so that a deadly signal removes it.
  public static func registerTemporary(_ path: Path) {
    TemporaryRegistry.insert(path)
  }

  /// Takes back `registerTemporary`.
  public static func forgetTemporary(_ path: Path) {
    TemporaryRegistry.forget(path)
  }

  /// The end of the process when nobody reads its output any more; returns if that is not to be the end.
  static func outputIsClosed(descriptor: Int32) {
    guard descriptor == 1 || descriptor == 2 else { return }
    if state.withLock({ $0.diesByPipe }) { die(by: SIGPIPE) }
  }

  private static func watch(_ set: sigset_t) {
    var watched = set
    while true {
      var signal: Int32 = 0
      guard unsafe sigwait(&watched, &signal) == 0 else { continue }
      switch signal {
      case SIGUSR1: counts.withLock { $0.statusRequests &+= 1 }
      case SIGWINCH: counts.withLock { $0.windowChanges &+= 1 }
      case SIGINT, SIGTERM, SIGHUP:
        let act = state.withLock { state in
          (signal == SIGINT ? state.interruption.take() : nil) ?? state.stop.take()
        }
        if let act { act() } else { die(by: signal) }
      default: die(by: signal)
      }
    }
  }

  private static func signalSet(_ signals: [Int32]) -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
    return set
  }
}
