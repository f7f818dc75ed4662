// SPDX-License-Identifier: Apache-2.0

/// A program that is run, what it reads and what it writes.
internal import CCodecs
internal import Glibc

/// A running program whose standard output is a pipe to this process.
///
/// It starts with all signals at their defaults. A value that goes away before ``wait()`` asks the program to end, and
/// waits for that.
public struct ChildProcess: ~Copyable, Sendable {
  /// What a program gets as its standard input.
  public enum Input: Hashable, Sendable {
    /// Nothing: `/dev/null`.
    case empty
    /// What ``ChildProcess/write(_:)`` gives it, until ``ChildProcess/closeInput()``.
    case piped
  }

  /// How long a program of a group has to end when it is asked to.
  private static let patience: UInt64 = 5_000_000_000

  /// Its number.
  public let identifier: Int32
  /// What it writes to standard output. To be read to its end before ``wait()``.
  public let output: FileHandle
  private var input: FileHandle?
  private let groups: ChildGroups?
  private var isWaitedFor = false

  /// Starts a command of the shell, `sh -c COMMAND`, whose standard input is empty.
  ///
  /// - Parameters:
  ///   - command: the command.
  ///   - environment: variables that it gets besides those of this process, which they replace.
  ///   - errors: where its standard error goes.
  /// - Returns: the running command.
  /// - Throws: what the system answered; `EINVAL` for a zero byte in a text.
  public static func start(
    shell command: String, environment: [(name: String, value: String)] = [], errors: borrowing FileHandle
  ) throws(IOError) -> ChildProcess {
    try start(shell, shellArguments(command), environment, .empty, errors.descriptor, -1)
  }

  /// Starts a command of the shell, `sh -c COMMAND`, with one more open file.
  ///
  /// - Parameters:
  ///   - command: the command.
  ///   - environment: variables that it gets besides those of this process, which they replace.
  ///   - errors: where its standard error goes.
  ///   - extra: the file that it has as descriptor 3.
  ///   - groups: where it leads a group of its own, so that what it starts ends with it; the terminal's keys do not reach
  ///     it then. `nil` leaves it in this process' group. Default: `nil`.
  /// - Returns: the running command.
  /// - Throws: what the system answered; `EINVAL` for a zero byte in a text.
  public static func start(
    shell command: String, environment: [(name: String, value: String)] = [], errors: borrowing FileHandle,
    extra: borrowing FileHandle, groups: ChildGroups? = nil
  ) throws(IOError) -> ChildProcess {
    try start(shell, shellArguments(command), environment, .empty, errors.descriptor, extra.descriptor, groups)
  }

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - program: its file.
  ///   - arguments: all of them, the name by which it is called first.
  ///   - environment: variables that it gets besides those of this process, which they replace.
  ///   - input: what it reads.
  ///   - errors: where its standard error goes.
  ///   - groups: where it leads a group of its own, so that what it starts ends with it. Default: `nil`.
  /// - Returns: the running program.
  /// - Throws: what the system answered, such as `ENOENT` or `EMFILE`; `EINVAL` for a zero byte in a text.
  public static func start(
    _ program: Path, arguments: [[UInt8]], environment: [(name: String, value: String)] = [], input: Input = .empty,
    errors: borrowing FileHandle, groups: ChildGroups? = nil
  ) throws(IOError) -> ChildProcess {
    try start(program, arguments, environment, input, errors.descriptor, -1, groups)
  }

  private static let shell: Path = "/bin/sh"

  private static func shellArguments(_ command: String) -> [[UInt8]] { ["sh", "-c", command].map { Array($0.utf8) } }

  private static func start(
    _ program: Path, _ arguments: [[UInt8]], _ environment: [(name: String, value: String)], _ input: Input,
    _ errorsTo: Int32, _ extra: Int32, _ groups: ChildGroups? = nil
  ) throws(IOError) -> ChildProcess {
    var variables = Machine.environment.filter { variable in
      !environment.contains { variable.starts(with: Array("\($0.name)=".utf8)) }
    }
    variables += environment.map { Array("\($0.name)=\($0.value)".utf8) }
    if program.bytes.contains(0) || (variables + arguments).contains(where: { $0.contains(0) }) {
      throw IOError("start", path: program, errno: .invalidArgument)
    }
    let reader: FileHandle
    var writer: FileHandle?
    switch input {
    case .empty: reader = try FileHandle.open("/dev/null")
    case .piped:
      let pipe = try Pipe()
      reader = pipe.reader
      let other = pipe.writer
      writer = consume other
    }
    let pipe = try Pipe()
    var process: Int32 = -1
    let (from, to) = (reader.descriptor, pipe.writer.descriptor)
    let result = Syscalls.call(.spawn, .none) { _ in
      let answer = withVectors([program.bytes] + arguments, variables) { words, variables in
        // The first of the words is the file.
        unsafe ccodecs_spawn(
          &process, words[0], words + 1, variables, from, to, errorsTo, extra, groups == nil ? 0 : 1)
      }
      // The call answers with the number itself.
      errno = answer
      return answer == 0 ? 0 : -1
    }
    if result < 0 { throw IOError("start", path: program, errno: Errno(result: result)) }
    groups?.insert(process)
    // Going out of scope closes what the child has of the pipes: without that no side would see the end of the other.
    return ChildProcess(
      identifier: process, output: pipe.split { reader, _ in reader }, input: writer, groups: groups)
  }

  private init(
    identifier: Int32, output: consuming FileHandle, input: consuming FileHandle?, groups: ChildGroups?
  ) {
    self.identifier = identifier
    self.output = output
    self.input = input
    self.groups = groups
  }

  deinit {
    if isWaitedFor { return }
    if groups != nil {
      _ = ccodecs_end_group(identifier, 0)
      let end = MonotonicClock.now &+ Self.patience
      // Nobody says when a child has ended but the call that asks.
      while MonotonicClock.now < end, ccodecs_await_exit(identifier, 0) == 0 {
        _ = Monitor(()).wait(upTo: 10_000_000) { _ in false }
      }
      // Also what it has left behind.
      _ = ccodecs_end_group(identifier, 1)
    } else {
      _ = ccodecs_terminate(identifier)
    }
    _ = Self.reap(identifier, groups)
  }

  /// Waits for the end of a program.
  private static func reap(_ identifier: Int32, _ groups: ChildGroups?) -> Int32 {
    guard let groups else { return ccodecs_wait(identifier) }
    // As long as it is not waited for, its number is that of no other group.
    _ = ccodecs_await_exit(identifier, 1)
    groups.remove(identifier)
    return ccodecs_wait(identifier)
  }

  /// Gives bytes to its standard input, all of them, where that is a pipe.
  ///
  /// - Parameter bytes: the bytes.
  /// - Throws: what the system answered; `EPIPE` when the program reads no more.
  public func write(_ bytes: RawSpan) throws(IOError) {
    try input?.write(bytes)
  }

  /// Ends what it reads.
  public mutating func closeInput() { input = nil }

  /// Asks it to end, and waits for that.
  public consuming func abort() {}

  /// Ends what it reads, and waits for its end.
  ///
  /// - Returns: its status; 128 and the number of the signal that ended it.
  public consuming func wait() -> Int32 {
    input = nil
    isWaitedFor = true
    return Self.reap(identifier, groups)
  }

  /// Hands texts over as two vectors that end in null.
  @safe
  static func withVectors(
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
