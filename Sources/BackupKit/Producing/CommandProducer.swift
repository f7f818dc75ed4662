// SPDX-License-Identifier: Apache-2.0

/// Delivers what a command writes, as one file or as the members of a stream.
public import ArchiveKit
public import SystemIO

/// Runs a command of the shell and delivers its standard output as one file of the backup, or each member of the stream
/// that it writes as an entry.
///
/// The command decides whether there is a backup: when it ends with another status than 0, there is none. Its environment
/// says what is backed up:
///
/// | variable | value |
/// |---|---|
/// | `BACKUP_ID`, `BACKUP_NAME` | the backup |
/// | `BACKUP_INSTANCE` | the instance |
/// | `BACKUP_DATABASES` | the databases, with commas between; empty when none was named |
/// | `BACKUP_PARENT` | the parent; empty for a full backup |
/// | `BACKUP_PARENT_POSITION` | where the source stood at the parent, as far as that is known |
/// | `BACKUP_CREATED` | when the backup was asked for, RFC 3339 |
///
/// What it writes to descriptor 3 is kept as the place where the source stood: the next increment's command finds it in
/// `BACKUP_PARENT_POSITION`.
public final class CommandProducer: BackupProducer {
  /// The most bytes of a log that are kept: the last ones.
  public static let maximumLog = 16 << 10
  /// The most bytes of a position that are kept: the first ones.
  public static let maximumPosition = 4 << 10

  /// What becomes of the output.
  private enum Delivery {
    case file([UInt8])
    case members(MemberProducer.Form, TreeArchiverOptions)
  }

  private let command: String
  private let delivery: Delivery
  private let expectation: StreamExpectation
  private let tellsErrors: Bool
  private let variables: [(name: String, value: String)]
  private let groups: ChildGroups?

  /// Takes a command.
  ///
  /// - Parameters:
  ///   - command: the command, for `sh -c`.
  ///   - name: the file's path in the archive.
  ///   - expectation: what the output must turn out to be.
  ///   - tellsErrors: whether what it writes to standard error is passed on to the observer too, line by line.
  public init(
    _ command: String, as name: [UInt8], _ expectation: StreamExpectation = .init(), tellsErrors: Bool = true
  ) {
    self.command = command
    delivery = .file(name)
    self.expectation = expectation
    self.tellsErrors = tellsErrors
    variables = []
    groups = nil
  }

  /// Takes a command that writes a file, for a service.
  ///
  /// - Parameters:
  ///   - command: the command, for `sh -c`. It leads a process group of its own.
  ///   - name: the file's path in the archive.
  ///   - variables: what it finds in its environment besides what is backed up.
  ///   - groups: where its group is, so that it can be ended.
  public init(
    _ command: String, as name: [UInt8], variables: [(name: String, value: String)], in groups: ChildGroups
  ) {
    self.command = command
    delivery = .file(name)
    expectation = .init()
    tellsErrors = true
    self.variables = variables
    self.groups = groups
  }

  /// Takes a command that writes a stream of members.
  ///
  /// - Parameters:
  ///   - command: the command, for `sh -c`.
  ///   - form: what it writes.
  ///   - options: how its members are stored.
  ///   - variables: what it finds in its environment besides what is backed up. It leads a process group of its own.
  ///   - groups: where its group is, so that it can be ended.
  public init(
    _ command: String, members form: MemberProducer.Form, _ options: TreeArchiverOptions = .init(),
    variables: [(name: String, value: String)], in groups: ChildGroups
  ) {
    self.command = command
    delivery = .members(form, options)
    expectation = .init()
    tellsErrors = true
    self.variables = variables
    self.groups = groups
  }

  /// It is run again.
  public var isRepeatable: Bool { true }

  /// Runs the command to its end.
  public func produce(into writer: ArchiveWriter, _ task: ProducerTask) throws(BackupError) -> ProducerReport {
    var started: CommandLog?
    let child: ChildProcess
    let position = try Self.positionFile()
    do throws(IOError) { child = try start(&started, position, task) } catch {
      throw BackupError(.sourceFailed, "the command could not be run: \(error)")
    }
    guard let log = started else { throw BackupError(.sourceFailed, "the command could not be run") }
    // The child owns the pipe, and is there until the stream has ended.
    let stream = CheckedStream(FileHandle(borrowing: child.output.descriptor), expectation)
    var report = ProducerReport()
    do throws(BackupError) {
      switch delivery {
      case .file(let name): try stream.archive(as: name, into: writer, task)
      case .members(let form, let options):
        report = try MemberProducer(stream, form, name: "the command's output", options).produce(into: writer, task)
      }
    } catch {
      child.abort()
      log.finish()
      tell(log, task)
      // A stream that is cut is the fault of the command, which may have said why.
      guard error.code == .sourceFailed, let line = log.lastLine else { throw error }
      throw BackupError(.sourceFailed, "\(error.reason): \(line)")
    }
    let status = child.wait()
    log.finish()
    tell(log, task)
    guard status == 0 else {
      let how = status > 128 ? "was ended by signal \(status - 128)" : "ended with status \(status)"
      let last = log.lastLine.map { ": \($0)" } ?? ""
      throw BackupError(.sourceFailed, "the command \(how)\(last)")
    }
    try stream.finish()
    report.log = log.text
    report.position = try Self.text(of: position)
    return report
  }

  /// A file without a name for the command's position: unlike a pipe it keeps nobody waiting who stays behind.
  private static func positionFile() throws(BackupError) -> FileHandle {
    do throws(IOError) { return try FileHandle.temporary(in: Path(Machine.environment("TMPDIR") ?? "/tmp")) } catch {
      throw BackupError(error)
    }
  }

  /// What was written to a file, without the line's end; `nil` for nothing.
  private static func text(of file: borrowing FileHandle) throws(BackupError) -> String? {
    var bytes = [UInt8](repeating: 0, count: maximumPosition)
    do throws(IOError) {
      let count = try unsafe bytes.withUnsafeMutableBufferPointer { (buffer) throws(IOError) -> Int in
        var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
        return try file.readFully(into: &room, at: 0)
      }
      bytes.removeLast(bytes.count - count)
    } catch {
      throw BackupError(error)
    }
    while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  private func start(
    _ log: inout CommandLog?, _ position: borrowing FileHandle, _ task: ProducerTask
  ) throws(IOError) -> ChildProcess {
    let pipe = try Pipe()
    let child = try ChildProcess.start(
      shell: command, environment: variables + environment(task), errors: pipe.writer, extra: position,
      groups: groups)
    // Without our own writer the end is seen when the command has none any more.
    let collector = CommandLog(pipe.split { reader, _ in reader })
    try collector.collect()
    log = collector
    return child
  }

  private func tell(_ log: CommandLog, _ task: ProducerTask) {
    guard tellsErrors else { return }
    for line in log.text.split(whereSeparator: \.isNewline) { task.observer.note(String(line)) }
  }

  private func environment(_ task: ProducerTask) -> [(name: String, value: String)] {
    [
      ("BACKUP_ID", task.record.id.description), ("BACKUP_NAME", task.record.name),
      ("BACKUP_INSTANCE", task.record.instance), ("BACKUP_DATABASES", task.record.databases.joined(separator: ",")),
      ("BACKUP_PARENT", task.parent?.id.description ?? ""),
      ("BACKUP_PARENT_POSITION", task.parent?.position ?? ""),
      ("BACKUP_CREATED", task.record.createdAt.rfc3339()),
    ]
  }
}

/// The end of what a command writes to its standard error.
private final class CommandLog: Sendable {
  private struct State: ~Copyable {
    var bytes: [UInt8] = []
    var input: FileHandle?
  }

  private let state: Monitor<State>
  private let isDone = Monitor(false)

  /// Will read a pipe.
  init(_ input: consuming FileHandle) {
    state = Monitor(State(input: consume input))
  }

  /// Reads the pipe to its end, on a thread of its own.
  func collect() throws(IOError) {
    _ = try BackgroundThread(name: "command") { [self] in
      read()
      isDone.withLock { $0 = true }
    }
  }

  /// Waits for the end of the pipe.
  func finish() { isDone.wait { $0 } }

  private func read() {
    guard let input = state.withLock({ $0.input.take() }) else { return }
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe piece.withUnsafeMutableBufferPointer { buffer -> Int in
        var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
        return (try? input.read(into: &room)) ?? 0
      }
      if count == 0 { return }
      state.withLock { state in
        state.bytes += piece.prefix(count)
        if state.bytes.count > 2 * CommandProducer.maximumLog {
          state.bytes.removeFirst(state.bytes.count - CommandProducer.maximumLog)
        }
      }
    }
  }

  var text: String {
    String(decoding: state.withLock { $0.bytes.suffix(CommandProducer.maximumLog) }, as: UTF8.self)
  }

  var lastLine: String? { text.split(whereSeparator: \.isNewline).last.map { String($0) } }
}
