// SPDX-License-Identifier: Apache-2.0

/// A process of our own making, with a pipe into it and one out of it.
internal import CCodecs
internal import Glibc

/// A process that was started, its standard input and its standard output; standard error is that of this process.
///
/// It must be waited for: a value that goes away before leaves a zombie until this process ends.
public struct PipedProcess: ~Copyable, Sendable {
  private let process: Int32
  private var writer: FileHandle?
  private let reader: FileHandle

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - program: Its file.
  ///   - arguments: The arguments behind the name of the program, which is that of its file.
  /// - Throws: What the system answered, such as `ENOENT`, `EAGAIN` or `EMFILE`; `EINVAL` for a zero byte in a name.
  public init(_ program: Path, _ arguments: [[UInt8]]) throws(IOError) {
    let input = try Pipe()
    let output = try Pipe()
    guard !program.bytes.contains(0), !arguments.contains(where: { $0.contains(0) }) else {
      throw IOError("start", path: program, errno: .invalidArgument)
    }
    var words: [UnsafeMutablePointer<CChar>?] = unsafe []
    for bytes in [program.bytes] + arguments {
      unsafe words.append(strdup(bytes.map { CChar(bitPattern: $0) } + [0]))
    }
    unsafe words.append(nil)
    defer { for index in unsafe words.indices { unsafe free(words[index]) } }
    var child: Int32 = -1
    let result = unsafe words.withUnsafeBufferPointer { list in
      unsafe ck_process_start(&child, list[0], list.baseAddress, input.reader.descriptor, output.writer.descriptor)
    }
    if result != 0 { throw IOError("start", path: program, errno: Errno(rawValue: result)) }
    process = child
    // What the child has of the pipes is closed here, so that each side sees the end of the other.
    writer = input.split { (_, writer) in writer }
    reader = output.split { (reader, _) in reader }
  }

  /// Writes all of `bytes` to the process.
  ///
  /// - Throws: What the system answered; `EPIPE` when the process reads no more.
  public func write(_ bytes: RawSpan) throws(IOError) {
    try writer?.write(bytes)
  }

  /// Ends what the process reads.
  public mutating func closeInput() { writer = nil }

  /// Reads what the process writes, to its end.
  ///
  /// - Parameter limit: What more than this is passed over.
  /// - Returns: The bytes.
  /// - Throws: What the system answered.
  public func readAll(limit: Int) throws(IOError) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = try unsafe piece.withUnsafeMutableBufferPointer {
        (room: inout UnsafeMutableBufferPointer<UInt8>) throws(IOError) -> Int in
        var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(room), initializedCount: 0)
        return try reader.read(into: &output)
      }
      if count == 0 { return bytes }
      bytes += piece.prefix(min(count, max(0, limit - bytes.count)))
    }
  }

  /// Ends its input and waits for its end.
  ///
  /// - Returns: Its status; 128 plus the number of a signal that ended it.
  public consuming func wait() -> Int32 {
    writer = nil
    return ck_process_wait(process)
  }
}
