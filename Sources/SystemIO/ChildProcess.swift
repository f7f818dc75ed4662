// SPDX-License-Identifier: Apache-2.0

/// A program that is run, and what it writes.
internal import CCodecs
internal import Glibc

/// A running program whose standard output is a pipe to this process. Its standard input is empty.
///
/// It starts with all signals at their defaults. A value that goes away before ``wait()`` asks the program to end, and
/// waits for that.
public struct ChildProcess: ~Copyable, Sendable {
  /// Its number.
  public let identifier: Int32
  /// What it writes to standard output. To be read to its end before ``wait()``.
  public let output: FileHandle
  private var isWaitedFor = false

  /// Starts a command of the shell, `sh -c COMMAND`.
  ///
  /// - Parameters:
  ///   - command: the command.
  ///   - environment: variables that it gets besides those of this process, which they replace.
  ///   - errors: where its standard error goes.
  /// - Returns: the running command.
  /// - Throws: what the system answered.
  public static func start(
    shell command: String, environment: [(name: String, value: String)] = [], errors: borrowing FileHandle
  ) throws(IOError) -> ChildProcess {
    try start(shell: command, environment, errors.descriptor, -1)
  }

  /// Starts a command of the shell, `sh -c COMMAND`, with one more open file.
  ///
  /// - Parameters:
  ///   - command: the command.
  ///   - environment: variables that it gets besides those of this process, which they replace.
  ///   - errors: where its standard error goes.
  ///   - extra: the file that it has as descriptor 3.
  /// - Returns: the running command.
  /// - Throws: what the system answered.
  public static func start(
    shell command: String, environment: [(name: String, value: String)] = [], errors: borrowing FileHandle,
    extra: borrowing FileHandle
  ) throws(IOError) -> ChildProcess {
    try start(shell: command, environment, errors.descriptor, extra.descriptor)
  }

  private static func start(
    shell command: String, _ environment: [(name: String, value: String)], _ errorsTo: Int32, _ extra: Int32
  ) throws(IOError) -> ChildProcess {
    let input = try FileHandle.open("/dev/null")
    let pipe = try Pipe()
    var variables = Machine.environment.filter { variable in
      !environment.contains { variable.starts(with: Array("\($0.name)=".utf8)) }
    }
    variables += environment.map { Array("\($0.name)=\($0.value)".utf8) }
    let arguments = ["sh", "-c", command].map { Array($0.utf8) }
    if (variables + arguments).contains(where: { $0.contains(0) }) {
      throw IOError("start the command", errno: .invalidArgument)
    }
    var process: Int32 = -1
    let (from, to) = (input.descriptor, pipe.writer.descriptor)
    let result = Syscalls.call(.spawn, .none) { _ in
      let answer = withVectors(arguments, variables) { arguments, variables in
        unsafe ccodecs_spawn(&process, "/bin/sh", arguments, variables, from, to, errorsTo, extra)
      }
      // The call answers with the number itself.
      errno = answer
      return answer == 0 ? 0 : -1
    }
    if result < 0 { throw IOError("start the command", errno: Errno(result: result)) }
    // Going out of scope closes our end of the writer: without that the end would never be seen.
    return ChildProcess(identifier: process, output: pipe.split { reader, _ in reader })
  }

  private init(identifier: Int32, output: consuming FileHandle) {
    self.identifier = identifier
    self.output = output
  }

  deinit {
    if !isWaitedFor {
      _ = ccodecs_terminate(identifier)
      _ = ccodecs_wait(identifier)
    }
  }

  /// Asks it to end, and waits for that.
  public consuming func abort() {}

  /// Waits for its end.
  ///
  /// - Returns: its status; 128 and the number of the signal that ended it.
  public consuming func wait() -> Int32 {
    isWaitedFor = true
    return ccodecs_wait(identifier)
  }

  /// Hands texts over as two vectors that end in null.
  @safe
  private static func withVectors(
    _ first: [[UInt8]], _ second: [[UInt8]],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>, UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Int32
  ) -> Int32 {
    var texts: [CChar] = []
    var starts: [Int] = []
    for text in first + second {
      starts.append(texts.count)
      texts += text.map { CChar(bitPattern: $0) } + [0]
    }
    return unsafe texts.withUnsafeMutableBufferPointer { memory -> Int32 in
      guard let base = memory.baseAddress else { return EINVAL }
      let pointers: [UnsafeMutablePointer<CChar>?] = unsafe starts.map { unsafe base + $0 }
      let head = unsafe Array(pointers.prefix(first.count)) + [nil]
      let tail = unsafe Array(pointers.dropFirst(first.count)) + [nil]
      return unsafe head.withUnsafeBufferPointer { head -> Int32 in
        unsafe tail.withUnsafeBufferPointer { tail -> Int32 in
          guard let arguments = head.baseAddress, let variables = tail.baseAddress else { return EINVAL }
          return unsafe body(arguments, variables)
        }
      }
    }
  }
}
