// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import SystemIO

/// Lets an archive be written to an output of the tool.
final class ArchiveSinkOutput: ArchiveOutput {
  private var sink: OutputSink?
  /// How many bytes have been written.
  private(set) var written: UInt64 = 0
  /// What the output answered when it could not be written.
  private(set) var failure: IOError?

  init(_ target: OutputTarget) throws(IOError) { sink = try OutputSink(target) }

  func write(_ bytes: RawSpan) throws(ArchiveError) {
    do throws(IOError) { try sink?.write(bytes) } catch {
      failure = error
      throw ArchiveError(error)
    }
    written += UInt64(bytes.byteCount)
  }

  /// The unfinished file, for reading it back.
  var temporary: Path? { sink?.temporary }

  /// Completes the output.
  func finish(
    replacing: Bool, sync: Bool, attributes: FileAttributes = FileAttributes()
  ) throws(IOError) -> CommittedFile? {
    try sink.take()?.finish(replacing: replacing, attributes: attributes, sync: sync)
  }
}
