// SPDX-License-Identifier: Apache-2.0

/// A command that takes a backup.
internal import BackupKit
internal import SystemIO

/// Runs a command of the shell, gives it bytes, and writes down what it says.
struct CommandFilter: ~Copyable {
  private var child: ChildProcess
  private let listener: BackgroundThread
  /// What it has said last.
  private let lastLine: Monitor<String>

  /// Starts a command. It leads a process group, so that it ends with all that it has started.
  ///
  /// - Parameters:
  ///   - command: for `sh -c`.
  ///   - variables: its environment besides that of this process.
  ///   - activity: gets what it writes to standard output and standard error.
  ///   - groups: where it is ended.
  /// - Throws: ``BackupError`` with `sourceFailed`.
  init(
    _ command: String, _ variables: [(name: String, value: String)], _ activity: Activity, _ groups: ChildGroups
  ) throws(BackupError) {
    let child: ChildProcess
    let listener: BackgroundThread
    do throws(IOError) {
      let nowhere = try FileHandle.open("/dev/null")
      child = try ChildProcess.start(
        "/bin/sh", arguments: ["sh", "-c", "exec 2>&1\n\(command)"].map { Array($0.utf8) }, environment: variables,
        input: .piped, errors: nowhere, groups: groups)
    } catch {
      throw BackupError(.sourceFailed, "the command could not be run: \(error)")
    }
    let descriptor = child.output.descriptor
    let lastLine = Monitor("")
    do throws(IOError) {
      // It ends when the last one that has the pipe does; the child is there until it was joined.
      listener = try BackgroundThread(name: "command") {
        Self.listen(FileHandle(borrowing: descriptor)) { line in
          activity.add(line)
          if !line.isEmpty { lastLine.withLock { $0 = line } }
        }
      }
    } catch {
      throw BackupError(.sourceFailed, "what the command says cannot be read: \(error)")
    }
    self.child = child
    self.listener = listener
    self.lastLine = lastLine
  }

  /// Gives it bytes. That it wants to read no more is no error: its status decides.
  ///
  /// - Returns: whether it reads on.
  func write(_ bytes: RawSpan) throws(BackupError) -> Bool {
    do throws(IOError) {
      try child.write(bytes)
      return true
    } catch {
      guard error.errno == .brokenPipe else { throw BackupError(error) }
      return false
    }
  }

  /// Ends its input, and waits for its end.
  ///
  /// - Throws: ``BackupError`` with `sourceFailed` and what it has said last, when its status is not 0.
  consuming func finish() throws(BackupError) {
    child.closeInput()
    listener.join()
    let status = child.wait()
    guard status == 0 else {
      let how = status > 128 ? "was ended by signal \(status - 128)" : "ended with status \(status)"
      let said = lastLine.withLock { $0 }
      throw BackupError(.sourceFailed, "the command \(how)\(said.isEmpty ? "" : ": \(said)")")
    }
  }

  /// Ends it before its time.
  consuming func abort() {
    let listener = listener
    child.abort()
    listener.join()
  }

  private static func listen(_ output: consuming FileHandle, _ tell: (String) -> Void) {
    var rest: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe piece.withUnsafeMutableBufferPointer { buffer -> Int in
        var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
        return (try? output.read(into: &room)) ?? 0
      }
      if count == 0 { break }
      rest += piece.prefix(count)
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? (rest.count > Activity.maximumLine ? rest.count : nil)
      {
        tell(String(decoding: rest[..<end], as: UTF8.self))
        rest.removeFirst(min(end + 1, rest.count))
      }
    }
    if !rest.isEmpty { tell(String(decoding: rest, as: UTF8.self)) }
  }
}
