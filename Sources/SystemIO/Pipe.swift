// SPDX-License-Identifier: Apache-2.0

/// A pipe inside the process.
internal import CCodecs

/// The two ends of a pipe.
public struct Pipe: ~Copyable, Sendable {
  /// Where bytes come out.
  public let reader: FileHandle
  /// Where bytes go in.
  public let writer: FileHandle

  /// Makes a pipe; both ends are closed on exec.
  ///
  /// - Throws: What the system answered, such as `EMFILE`.
  public init() throws(IOError) {
    var ends: (reader: Int32, writer: Int32) = (-1, -1)
    try Syscalls.run(.pipe, "make a pipe", path: nil) { _ in unsafe Int(ccodecs_pipe(&ends.reader, &ends.writer)) }
    reader = FileHandle(owning: ends.reader)
    writer = FileHandle(owning: ends.writer)
  }

  /// Gives up the pipe for its ends.
  public consuming func split<Result: ~Copyable, Failure: Error>(
    _ body: (consuming FileHandle, consuming FileHandle) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(reader, writer)
  }
}
