// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool recover`: what a damaged or cut archive still holds, as a sound archive.
enum Recover {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var files = FileOptions()
    var codec = CodecChoice()
    var archive: [UInt8] = []
    var parents: [[UInt8]] = []
    init() {}
  }

  static let command = Command<Options, Context>(
    "recover", summary: "save what a damaged or cut archive still holds",
    discussion: """
      Reads every sound part of ARCHIVE, whatever has become of its beginning, its end or the middle, and writes all entries \
      that are complete into a new archive. ARCHIVE itself is never changed. Lost files are named.

      Of an archive that was cut, or never completed, everything before its last checkpoint is there: there is one for every \
      64 MiB of data. The status is 0 when nothing was lost, 1 when something was, and 3 when nothing could be saved. Of a \
      single large file with damage, archivetool extract --keep-going --keep-damaged saves the good parts.

      The copy of an increment is made upon the same parent; when that is not there, it is a full archive of what can be read.
      """,
    examples: [Example("archivetool recover cut.cka -o saved.cka", "the entries that are complete")],
    flags: FileOptions.flags.filter { ["output", "force", "sync", "stats"].contains($0.definition.long) }
      .lifted(\Options.files)
      + [ParentFolders.flag(\.parents)]
      + CodecChoice.flags.filter { ["codec", "level", "fast", "best"].contains($0.definition.long) }
      .lifted(\Options.codec),
    positionals: [.path("ARCHIVE", \.archive, "the archive")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let files = options.files
    guard let output = files.output else {
      throw UsageError(.missingArgument, "-o FILE is missing", hint: "-o - writes to standard output")
    }
    try files.check(json: options.global.json)
    if files.writesToOutput(for: nil), context.outputIsTerminal, !files.force {
      throw UsageError(
        .invalidCombination, "an archive is not written to a terminal", hint: "-o FILE writes a file; -f insists")
    }
    let session = try context.begin(options.global)
    do throws(Failure) {
      let input = try ArchiveInput.open(InputName(argument: options.archive))
      let target =
        files.writesToOutput(for: nil)
        ? OutputTarget.standardOutput
        : try OutputTarget(Path(output), source: input.status, force: files.force)
      try recover(input, to: target, options, session)
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "recover", stats: files.stats)
  }

  private static func recover(
    _ input: borrowing OpenedInput, to target: OutputTarget, _ options: Options, _ session: Session
  ) throws(Failure) {
    let name = input.name
    let (codec, compression) = try options.codec.resolve(session.context, threads: options.global.threads) {
      session.reporter.note($0)
    }
    session.progress.begin(name.display, total: nil)
    let source = try CkaArchive.source(input)
    let archive: ArchiveReader
    do throws(ArchiveError) {
      archive = try ArchiveReader(
        recovering: source, ancestors: ParentFolders.finder(for: name, options.parents), registry: session.registry)
    } catch {
      var failure = Failure(error, archive: name)
      failure.hint = nil
      throw failure
    }
    let output: ArchiveSinkOutput
    do throws(IOError) { output = try ArchiveSinkOutput(target) } catch { throw Failure(error, input: target.name) }
    let report: RebuildReport
    let progress = session.progress
    do throws(ArchiveError) {
      let settings = ArchiveWriterOptions {
        $0.codec = codec.codec
        $0.compression = compression
        $0.threads = options.global.threads ?? 0
        $0.registry = session.registry
      }
      report = try ArchiveRebuilder(archive, settings) { (bytes) throws(ArchiveError) in
        progress.update(PumpProgress(bytesRead: bytes, bytesIn: bytes, bytesOut: output.written))
      }.run(to: output)
    } catch {
      throw Failure(error, archive: name)
    }
    guard report.entries > 0 || archive.recovery?.isComplete == true else {
      throw Failure(.damaged, "damaged: not one entry could be saved", input: name)
    }
    do throws(IOError) {
      _ = try output.finish(replacing: options.files.force, sync: options.files.sync)
    } catch {
      throw Failure(error, input: target.name)
    }
    tell(report, archive.recovery ?? .init(), name, session)
  }

  private static func tell(
    _ report: RebuildReport, _ findings: RecoveryFindings, _ name: InputName, _ session: Session
  ) {
    func lose(_ text: String, _ path: [UInt8]? = nil) {
      var failure = Failure(.partial, text, input: name)
      if let path { failure.concern(entry: path) }
      session.reporter.warning(failure)
    }
    for damage in findings.damage {
      session.reporter.note(Failure(damage, archive: name).message, subject: name.display)
    }
    for lost in report.lost { lose("lost: \(lost.error.reason)", lost.path) }
    if let path = findings.unfinishedFile { lose("incomplete: the archive ends inside of it", path) }
    if findings.lostTreeBlocks > 0 { lose("a part of the tree is lost, with all names in it") }
    if !findings.hasWholeTree, findings.lostTreeBlocks == 0 {
      lose("the archive was cut: entries that came after its last checkpoint are lost, if there were any")
    }
    session.reporter.count(bytesIn: 0, bytesOut: report.summary.size)
    session.reporter.detail(
      "\(report.entries) entries saved, \(report.lost.count) lost"
        + (report.isIdentical ? "; the content is that of the original" : ""),
      subject: name.display)
    var object: JSONValue = ["type": "recovery", "v": 1, "command": "recover"]
    object.add(name.path.map { JSONValue.path($0) } ?? [JSONValue.Member("path", .null)])
    object.add("entries", .uint(report.entries))
    object.add("lost", .uint(UInt64(report.lost.count)))
    object.add("lost_chunks", .uint(findings.lostChunks))
    object.add("had_end", .bool(findings.hasFooter))
    object.add("content_root", .string(report.summary.footer.contentRoot.description))
    session.reporter.emit(object)
  }
}
