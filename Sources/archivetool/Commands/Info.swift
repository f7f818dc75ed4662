// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool info`: what a compressed file is made of.
enum Info {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var files = FileOptions()
    var reading = ReadingOptions()
    var parents: [[UInt8]] = []
    init() {}
  }

  static let command = Command<Options, Context>(
    "info", aliases: ["i"], summary: "show format, sizes, checksums and structure of compressed files",
    discussion: """
      Reads headers and skips data where the format lets it, so that a large file is looked at in no time; gzip files \
      without size hints, and formats without structure, must be decoded. -v lists every frame, member or chunk; of an archive \
      (.cka), -vv does. Of an increment it tells how many bytes of its files lie in which parent.

      With -r, only regular files with the suffix of a codec are taken.
      """,
    examples: [
      Example("archivetool info backup.zst", "format, sizes, and how it can be decoded"),
      Example("archivetool info -v --json backup.zst", "every frame, for scripts"),
    ],
    flags: ReadingOptions.flags.filter { ["codec", "dictionary", "max-memory"].contains($0.definition.long) }
      .lifted(\Options.reading) + [
        ParentFolders.flag(\.parents),
        .toggle("force", short: "f", \.files.force, "read devices and pipes").group(.input),
        .toggle("recursive", short: "r", \.files.recursive, "descend into folders").group(.input),
      ],
    positionals: [.paths("FILE", \.files.files, "what to look at; - is standard input")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    try options.files.refuseTerminalInput(context, command: "info")
    let session = try context.begin(options.global)
    do throws(Failure) {
      let reading = try options.reading.options(threads: options.global.threads)
      session.forEachInput(options.files.files, session.rulesForPacked(options.files)) { path throws(Failure) in
        try inspect(path, options, reading, session)
      }
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "info")
  }

  private static func inspect(
    _ path: Path?, _ options: Options, _ reading: DecompressionOptions, _ session: Session
  ) throws(Failure) {
    var input = try OpenedInput(path)
    try input.readPrefix()
    if options.reading.codec == nil, CkaArchive.recognizes(input.prefix) {
      let archive = try CkaArchive(input, parents: options.parents, session)
      try CkaInfoReport(archive: archive).tell(listsFrames: options.global.verbose > 1, session)
      return archive.noteTrailingBytes(to: session.reporter)
    }
    let codec = try options.reading.codec(of: input, session.registry)
    let name = input.name
    session.progress.begin(name.display, total: input.size)
    let inspector: any StreamInspector
    do throws(CodecError) {
      if let own = try codec.makeInspector(reading) {
        inspector = own
      } else {
        inspector = try DecodingInspector(codec, reading)
      }
    } catch {
      throw Failure(error, input: name)
    }
    var failure: Failure?
    var walk = InspectionWalk(input)
    do throws(Failure) { try walk.run(inspector, progress: session.progress) } catch { failure = error }
    let report = InfoReport(
      name: name, codec: codec.descriptor, size: walk.position, report: inspector.report,
      isComplete: failure == nil)
    session.progress.pause()
    session.reporter.count(bytesIn: walk.position, bytesOut: report.report.contentSize ?? 0)
    session.reporter.print(report.text(listsFrames: options.global.verbose > 0))
    session.reporter.emit(report.json(listsFrames: options.global.verbose > 0))
    if let failure { throw failure }
  }
}
