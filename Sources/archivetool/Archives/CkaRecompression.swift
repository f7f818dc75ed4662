// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// Packs a `.cka` archive again with another codec.
struct CkaRecompression {
  let options: Recompress.Options
  let files: FileOptions

  /// The flags that say how a stream is read or cut, which mean nothing for blocks of an archive.
  private static let notForArchives = [
    "block-size", "dictionary", "no-check", "rsyncable", "bgzf", "from", "from-dictionary",
  ]

  func run(_ input: borrowing OpenedInput, _ session: Session) throws(Failure) {
    for flag in Self.notForArchives where session.context.origin(of: flag) == .commandLine {
      throw Failure(.usage, "--\(flag) is not for archives", input: input.name)
    }
    let archive = try CkaArchive(input, session)
    let (name, status, progress) = (input.name, input.status, session.progress)
    let target = try files.target(for: name.path.map { Path($0) }, status: status) { path throws(Failure) in path }
    let (codec, compression) = try options.codec.resolve(session.context, threads: options.global.threads) {
      session.reporter.note($0)
    }
    progress.begin(name.display, total: archive.source.size)
    let start = MonotonicClock.now
    let output: ArchiveSinkOutput
    do throws(IOError) { output = try ArchiveSinkOutput(target) } catch { throw Failure(error, input: target.name) }
    let summary: ArchiveSummary
    do throws(ArchiveError) {
      var settings = RecompressionOptions()
      settings.codec = codec.codec
      settings.compression = compression
      settings.threads = options.global.threads ?? 0
      settings.registry = session.registry
      summary = try ArchiveRecompressor(archive.reader, archive.source, to: output, settings) {
        (state) throws(ArchiveError) in
        progress.update(
          PumpProgress(bytesRead: state.bytesRead, bytesIn: state.bytesRead, bytesOut: state.bytesWritten))
      }.run()
    } catch {
      if let refusal = output.failure { throw Failure(refusal, input: target.name) }
      throw Failure(error, archive: name)
    }
    do throws(IOError) {
      _ = try output.finish(replacing: files.force, sync: files.sync, attributes: files.attributes(of: status))
    } catch {
      if error.errno == .exists {
        throw Failure(.partial, "already exists", path: target.name.path, hint: "-f replaces it")
      }
      throw Failure(error, input: target.name)
    }
    let transfer = TransferResult(
      bytesIn: archive.source.size, bytesOut: summary.size, nanoseconds: MonotonicClock.now - start)
    session.report(
      FileReport(
        command: "recompress", input: name, output: target.name, codec: "cka to \(codec.descriptor.id)", level: nil,
        transfer: transfer, plain: summary.footer.dataBytes, packed: transfer.bytesOut))
  }
}
