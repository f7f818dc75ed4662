// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool merge`: an increment and all it is made upon, as one archive.
enum Merge {
  typealias Options = ArchiveCopyOptions

  static let command = Command<Options, Context>(
    "merge", summary: "make one archive of an increment and its parents",
    discussion: """
      Writes the increment ARCHIVE with all that it needs of its parents into a new archive. The content is that of \
      ARCHIVE, under the same root: increments that were made upon ARCHIVE are restored from the new archive as well, when \
      ARCHIVE and its parents are gone. Blocks that are mostly needed are copied as they are, the rest is packed again.

      The new archive is checked in full before it gets its name. Only then may ARCHIVE and its parents go; parents that \
      other increments were made upon directly must stay, or be merged for these, too.
      """,
    examples: [
      Example("archivetool merge fri.cka -o week.cka", "the parents are in the same folder"),
      Example("archivetool merge fri.cka -o week.cka --parents /mnt/old", "they are elsewhere"),
    ],
    flags: Options.flags,
    positionals: [.path("ARCHIVE", \.archive, "the increment")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let files = options.files
    guard let output = files.output else {
      throw UsageError(.missingArgument, "-o FILE is missing", hint: "the merged archive is a file, to be checked")
    }
    guard !files.writesToOutput(for: nil) else {
      throw UsageError(.invalidCombination, "a merged archive is a file: it is checked before it gets its name")
    }
    try files.check(json: options.global.json)
    let session = try context.begin(options.global)
    do throws(Failure) {
      let input = try ArchiveInput.open(InputName(argument: options.archive))
      guard CkaArchive.recognizes(input.prefix) else {
        throw Failure(.unsupported, "unsupported: merge is for .cka archives", input: input.name)
      }
      let target = try OutputTarget(Path(output), source: input.status, force: files.force)
      try merge(try CkaArchive(input, parents: options.parents, session), to: target, options, session)
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "merge", stats: files.stats)
  }

  private static func merge(
    _ archive: CkaArchive, to target: OutputTarget, _ options: Options, _ session: Session
  ) throws(Failure) {
    let (codec, compression) = try options.codec.resolve(session.context, threads: options.global.threads) {
      session.reporter.note($0)
    }
    let (name, progress) = (archive.name, session.progress)
    progress.begin(name.display, total: nil)
    let start = MonotonicClock.now
    let output: ArchiveSinkOutput
    do throws(IOError) { output = try ArchiveSinkOutput(target) } catch { throw Failure(error, input: target.name) }
    let summary: ArchiveSummary
    let result: MergeProgress
    do throws(ArchiveError) {
      let settings = MergeOptions {
        $0.codec = codec.codec
        $0.compression = compression
        $0.registry = session.registry
      }
      (summary, result) = try ArchiveMerger(archive.reader, to: output, settings) { (state) throws(ArchiveError) in
        progress.update(
          PumpProgress(bytesRead: state.bytesRead, bytesIn: state.bytesRead, bytesOut: state.bytesWritten))
      }.run()
    } catch {
      if let refusal = output.failure { throw Failure(refusal, input: target.name) }
      throw Failure(error, archive: name)
    }
    try verify(output, target.name, summary, options, session)
    do throws(IOError) {
      _ = try output.finish(replacing: options.files.force, sync: true)
    } catch {
      if error.errno == .exists {
        throw Failure(.partial, "already exists", path: target.name.path, hint: "-f replaces it")
      }
      throw Failure(error, input: target.name)
    }
    tell(archive, result, target, session)
    let transfer = TransferResult(
      bytesIn: result.bytesRead, bytesOut: summary.size, nanoseconds: MonotonicClock.now - start)
    session.report(
      FileReport(
        command: "merge", input: name, output: target.name, codec: "cka", level: nil, transfer: transfer,
        plain: summary.footer.dataBytes, packed: transfer.bytesOut))
  }

  /// Checks what has been written before anything else is said to be dispensable.
  private static func verify(
    _ output: ArchiveSinkOutput, _ name: InputName, _ summary: ArchiveSummary, _ options: Options, _ session: Session
  ) throws(Failure) {
    guard let temporary = output.temporary else { return }
    do throws(ArchiveError) {
      let source = try FileArchiveSource(temporary)
      let reader = try ArchiveReader(source, registry: session.registry)
      let report = try ArchiveVerifier(reader, source, .full, threads: options.global.threads ?? 0).run()
      if let problem = report.problems.first { throw problem }
      guard reader.summary.footer.contentRoot == summary.footer.contentRoot, report.uncheckedFiles == 0 else {
        throw ArchiveError(.corrupt, "it is not what was written")
      }
    } catch {
      throw Failure(readingBack: error, at: temporary, as: name)
    }
  }

  private static func tell(
    _ archive: CkaArchive, _ result: MergeProgress, _ target: OutputTarget, _ session: Session
  ) {
    session.reporter.detail(
      "\(result.copiedBlocks) blocks of parents copied, \(result.repackedBlocks) packed again",
      subject: target.name.display)
    session.reporter.detail(
      "it is sound: \(archive.name.display) and its \(archive.reader.ancestors.count) parents may go, unless other "
        + "increments were made upon these", subject: target.name.display)
  }
}
