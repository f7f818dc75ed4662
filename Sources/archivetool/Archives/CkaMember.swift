// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool cat -m`: one file of an archive, or a part of it.
struct CkaMember {
  let path: [UInt8]
  let offset: UInt64
  let length: UInt64?
  let parents: [[UInt8]]

  /// Delivers it to standard output.
  func cat(_ input: borrowing OpenedInput, _ sparse: SparseChoice, _ session: Session) throws(Failure) {
    guard CkaArchive.recognizes(input.prefix) else {
      throw Failure(.unsupported, "unsupported: -m PATH reads .cka archives", input: input.name)
    }
    let archive = try CkaArchive(input, parents: parents, session)
    var sink: OutputSink
    do throws(IOError) { sink = try OutputSink(.standardOutput, sparse: sparse) } catch {
      throw Failure(error, input: OutputTarget.standardOutput.name)
    }
    var written: UInt64 = 0
    var failure: Failure?
    do throws(ArchiveError) {
      let entry = try find(in: archive)
      session.progress.begin(Escaping.visible(entry.path), total: entry.size)
      let end = length.map { offset.addingReportingOverflow($0) }.flatMap { $0.overflow ? nil : $0.partialValue }
      try archive.reader.read(entry, range: offset..<max(offset, end ?? .max)) {
        (bytes: RawSpan) throws(ArchiveError) in
        do throws(IOError) { try sink.write(bytes) } catch { throw ArchiveError(error) }
        written += UInt64(bytes.byteCount)
        session.progress.update(PumpProgress(bytesRead: written, bytesIn: written, bytesOut: written))
      }
    } catch {
      failure = Failure(error, archive: archive.name)
    }
    do throws(IOError) {
      _ = try sink.finish(replacing: false, attributes: FileAttributes(), sync: false)
    } catch {
      throw Failure(error, input: OutputTarget.standardOutput.name)
    }
    if let failure { throw failure }
    session.reporter.count(bytesIn: archive.source.size, bytesOut: written)
  }

  private func find(in archive: CkaArchive) throws(ArchiveError) -> ArchiveEntry {
    guard let entry = try archive.reader.entry(at: path) else {
      throw ArchiveError(.notFound, "there is no such entry", path: path)
    }
    guard entry.kind == .file else {
      throw ArchiveError(.notFound, "it has no content: it is no file", path: path)
    }
    return entry
  }
}
