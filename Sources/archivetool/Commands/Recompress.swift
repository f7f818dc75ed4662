// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool recompress`: from one codec or level to another in one pass, without the plain form in between.
enum Recompress {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var files = FileOptions()
    var codec = CodecChoice()
    var input: [UInt8] = []
    var from: String?
    var fromDictionary: [UInt8]?
    init() {}
  }

  static let command = Command<Options, Context>(
    "recompress", summary: "change the codec or level of a file or archive",
    discussion: """
      Decodes FILE and encodes it again in one pass, in constant memory; the plain form is never stored. Every checksum \
      is checked on the way, and the output appears only when all was good.

      Of an archive (.cka) each block is packed again. Names, metadata, content and order stay, and with them its UUID and \
      the root of its content: archives that build on it stay valid. A damaged one is refused.
      """,
    examples: [
      Example("archivetool recompress db.sql.gz -o db.sql.zst --codec zstd:level=19", "from gzip to zstd"),
      Example("archivetool recompress day.cka -o old.cka --codec zstd:level=19", "an archive that is kept for long"),
      Example("archivetool recompress db.lz4 -o - --codec gzip | ssh host 'cat >db.gz'", "into a pipe"),
    ],
    flags: CodecChoice.flags.lifted(\Options.codec)
      + FileOptions.flags.filter { ["output", "force", "sync", "stats", "stdout"].contains($0.definition.long) }
      .lifted(\Options.files) + [
        .text("from", \.from, "read the input as this codec").placeholder("SPEC").group(.input)
          .default("by content, then by suffix").suggesting(CodecChoice.names),
        .path("from-dictionary", \.fromDictionary, "dictionary of the input").placeholder("FILE").group(.input),
      ],
    positionals: [.path("FILE", \.input, "what to recompress; - is standard input")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    var files = options.files
    files.files = [options.input]
    if files.output == nil && !files.toOutput {
      throw UsageError(.missingArgument, "-o FILE is missing", hint: "-o - writes to standard output")
    }
    try files.check(json: options.global.json)
    try files.refuseTerminalInput(context, command: "recompress")
    if files.anyGoesToOutput, context.outputIsTerminal, !files.force {
      throw UsageError(
        .invalidCombination, "compressed data is not written to a terminal", hint: "-o FILE writes a file; -f insists")
    }
    let session = try context.begin(options.global)
    session.forEachInput(files.files, InputList.Rules(recursive: false, force: files.force)) { path throws(Failure) in
      try recompress(path, options, files, session)
    }
    return session.finish(command: "recompress", stats: files.stats)
  }

  private static func recompress(
    _ path: Path?, _ options: Options, _ files: FileOptions, _ session: Session
  ) throws(Failure) {
    var choice = ReadingOptions()
    choice.codec = options.from
    choice.dictionary = options.fromDictionary
    let threads = options.global.threads
    let (codec, writing) = try options.codec.resolve(session.context, threads: threads) { session.reporter.note($0) }
    let reading = try choice.options(threads: threads)
    var input = try OpenedInput(path)
    try input.readPrefix()
    if CkaArchive.recognizes(input.prefix) {
      return try CkaRecompression(options: options, files: files).run(input, session)
    }
    let old = try choice.codec(of: input, session.registry)
    let (name, status) = (input.name, input.status)
    let target = try files.target(for: path, status: status) { path throws(Failure) in path }
    session.progress.begin(name.display, total: input.size)
    var pump: StreamPump
    do throws(CodecError) { pump = try StreamPump(recompressing: old, reading, to: codec, writing) } catch {
      throw Failure(error, input: name)
    }
    let job = FileJob(session: session, files: files)
    let result = try job.run(input, through: &pump, to: target, attributes: files.attributes(of: status))
    reportNotices(result.notices, of: name, to: session.reporter)
    session.report(
      FileReport(
        command: "recompress", input: name, output: target.name,
        codec: "\(old.descriptor.id) to \(codec.descriptor.id)", level: nil, transfer: result,
        plain: pump.totalPlain ?? 0, packed: result.bytesOut))
  }
}
