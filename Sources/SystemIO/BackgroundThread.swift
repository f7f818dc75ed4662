// SPDX-License-Identifier: Apache-2.0

/// A thread that can be waited for.
internal import CCodecs
internal import Glibc

/// A thread of its own, for work that waits, such as drawing progress.
///
/// It is ended by its own function: tell it through a `Monitor`, then `join`. A handle that goes away without `join`
/// leaves the thread running. Signals are handled as in the thread that started it.
public struct BackgroundThread: ~Copyable, Sendable {
  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void
    let faults: SyscallFaults?

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
      faults = SyscallFaults.threadPlan
    }
  }

  private let thread: pthread_t
  private var isJoined = false

  /// Starts a thread.
  ///
  /// - Parameters:
  ///   - name: A name for debuggers; the kernel keeps 15 bytes of it.
  ///   - body: What it runs.
  /// - Throws: What the system answered, `EAGAIN` when there are too many threads.
  public init(name: String, _ body: @escaping @Sendable () -> Void) throws(IOError) {
    var thread = pthread_t()
    let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        let short = String(decoding: start.name.utf8.prefix(15), as: UTF8.self)
        _ = unsafe ccodecs_name_thread(short)
        if let faults = start.faults {
          faults.run(start.body)
        } else {
          start.body()
        }
        return nil
      }, start.toOpaque())
    if result != 0 {
      unsafe start.release()
      throw IOError("start a thread", errno: Errno(rawValue: result))
    }
    self.thread = thread
  }

  deinit {
    if !isJoined { pthread_detach(thread) }
  }

  /// Waits until the thread has ended.
  public consuming func join() {
    isJoined = true
    _ = pthread_join(thread, nil)
  }
}
