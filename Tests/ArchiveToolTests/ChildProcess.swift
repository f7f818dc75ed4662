// SPDX-License-Identifier: Apache-2.0

// Runs a script with files as its standard descriptors, in a session of its own, and ends it when it takes too long.
import Foundation
import Glibc
import Synchronization

/// One run of a program.
struct ChildProcess {
  var program: String
  var arguments: [String]
  var environment: [String: String]
  var input: String
  var output: String
  var errors: String
  /// After this many seconds it is killed.
  var limit = 60.0

  /// How it ended.
  struct Result {
    /// The exit status; 128 and the number of the signal that ended it.
    var status: Int32
    var ranTooLong: Bool
  }

  /// Why it could not be started.
  struct StartError: Error {
    let number: Int32
  }

  private struct Watch {
    var isOver = false
    var ranTooLong = false
  }

  /// Runs it to its end, and with it everything that it left running.
  func run() throws -> Result {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // The signals as a login shell has them, whatever this process does with them.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | Self.newSession)
    var pid: pid_t = 0
    let words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    // Where a tool that counts what is reached leaves its counters.
    let counters = ProcessInfo.processInfo.environment.filter { $0.key == "LLVM_PROFILE_FILE" }
    let all = environment.merging(counters) { own, _ in own }
    let variables = unsafe all.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
    defer {
      var strings = unsafe words + variables
      while let string = unsafe strings.popLast() { unsafe free(string) }
    }
    let failure = unsafe posix_spawn(&pid, program, &actions, &attributes, words, variables)
    guard failure == 0 else { throw StartError(number: failure) }
    return wait(for: pid)
  }

  private static let newSession: Int16 = 0x80

  private func wait(for pid: pid_t) -> Result {
    let watch = Shared(Watch())
    DispatchQueue.global().asyncAfter(deadline: .now() + limit) {
      watch.value.withLock { state in
        guard !state.isOver else { return }
        state.ranTooLong = true
        kill(-pid, SIGKILL)
      }
    }
    // First only watched, so that the number cannot belong to another process when the rest of the session is ended.
    var information = unsafe siginfo_t()
    while unsafe waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
    var status: Int32 = 0
    let ranTooLong = watch.value.withLock { state in
      state.isOver = true
      kill(-pid, SIGKILL)
      while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
      return state.ranTooLong
    }
    let signal = status & 0x7F
    return Result(status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, ranTooLong: ranTooLong)
  }

  private final class Shared: Sendable {
    let value: Mutex<Watch>
    init(_ value: Watch) { self.value = Mutex(value) }
  }
}
