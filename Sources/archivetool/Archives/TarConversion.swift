// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// Writes entries of a `.cka` archive as a tar archive.
struct TarConversion {
  let archive: CkaArchive
  let options: ExtractionOptions
  /// Where to; `-` is standard output.
  let file: [UInt8]
  let force: Bool
  let sync: Bool

  func run(_ session: Session) throws(Failure) {
    let (name, progress) = (archive.name, session.progress)
    let target =
      try file == Array("-".utf8)
      ? OutputTarget.standardOutput
      : OutputTarget(Path(file), source: name.path.flatMap { try? FileSystem.status(of: Path($0)) }, force: force)
    progress.begin(name.display, total: archive.reader.summary.footer.storedBytes)
    let start = MonotonicClock.now
    let output: ArchiveSinkOutput
    do throws(IOError) { output = try ArchiveSinkOutput(target) } catch { throw Failure(error, input: target.name) }
    let report: ExtractionReport
    do throws(ArchiveError) {
      report = try archive.reader.writeTar(to: output, options) { (state) throws(ArchiveError) in
        progress.update(
          PumpProgress(bytesRead: state.bytesRead, bytesIn: state.bytesRead, bytesOut: state.bytesWritten))
      }
    } catch {
      if let refusal = output.failure { throw Failure(refusal, input: target.name) }
      throw Failure(error, archive: name)
    }
    do throws(IOError) { _ = try output.finish(replacing: force, sync: sync) } catch {
      if error.errno == .exists {
        throw Failure(.partial, "already exists", path: target.name.path, hint: "-f replaces it")
      }
      throw Failure(error, input: target.name)
    }
    CkaExtraction.tell(report, of: name, session, nanoseconds: MonotonicClock.now - start)
    archive.noteTrailingBytes(to: session.reporter)
  }
}
