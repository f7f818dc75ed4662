// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import SystemIO

/// Lets an archive be written to an output of the tool.
final class ArchiveSinkOutput: ArchiveOutput {
  private var sink: OutputSink?
  /// The file that is kept when it is not completed.
  private var resumable: ResumableFile?
  /// How many bytes have been written.
  private(set) var written: UInt64 = 0
  /// What the output answered when it could not be written.
  private(set) var failure: IOError?

  init(_ target: OutputTarget) throws(IOError) {
    let sink = try OutputSink(target)
    temporary = sink.temporary
    self.sink = consume sink
  }

  /// Writes a file that is kept when it is not completed.
  init(resumable target: Path) throws(IOError) {
    let file = try ResumableFile(target)
    temporary = file.partial
    found = file.length
    resumable = consume file
  }

  /// The bytes that an earlier attempt has left.
  private(set) var found: UInt64 = 0

  /// Goes on behind so much of what an earlier attempt has left.
  func keep(_ length: UInt64) throws(ArchiveError) {
    do throws(IOError) { try resumable?.cut(at: length) } catch { throw ArchiveError(error) }
    written = length
  }

  func write(_ bytes: RawSpan) throws(ArchiveError) {
    do throws(IOError) {
      try sink?.write(bytes)
      try resumable?.write(bytes)
    } catch {
      failure = error
      throw ArchiveError(error)
    }
    written += UInt64(bytes.byteCount)
  }

  /// The unfinished file, for reading it back.
  private(set) var temporary: Path?

  /// Completes the output.
  func finish(
    replacing: Bool, sync: Bool, attributes: FileAttributes = FileAttributes()
  ) throws(IOError) -> CommittedFile? {
    if let file = resumable.take() {
      try file.commit(replacing: replacing, sync: sync)
      return nil
    }
    return try sink.take()?.finish(replacing: replacing, attributes: attributes, sync: sync)
  }
}
