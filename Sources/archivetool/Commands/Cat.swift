// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool cat`: decompresses to standard output.
enum Cat {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var files = FileOptions()
    var reading = ReadingOptions()
    var sparse = SparseChoice.auto
    var offset: UInt64?
    var length: UInt64?
    init() { files.toOutput = true }
  }

  static let command = Command<Options, Context>(
    "cat", summary: "decompress to standard output",
    discussion: """
      Decompresses each FILE, one after the other, to standard output. --offset and --length deliver a part of the \
      decompressed data of one file.
      """,
    examples: [
      Example("archivetool cat log.1.gz log.2.zst | grep error", "reads files of any format in a row"),
      Example("archivetool cat --offset 1GiB --length 4KiB db.zst", "a part of the data"),
    ],
    flags: ReadingOptions.flags.lifted(\Options.reading) + [
      .size("offset", \.offset, "begin N bytes into the data").placeholder("N").group(.output),
      .size("length", \.length, "deliver at most M bytes").placeholder("M").group(.output),
      .choice("sparse", \.sparse, "make holes of zeros", negation: .never).negated("no-sparse").placeholder("WHEN")
        .group(.output).default("auto"),
      .toggle("force", short: "f", \.files.force, "read devices and pipes").group(.input),
      .toggle("stats", \.files.stats, "print time, CPU and memory at the end").group(.reporting),
    ],
    positionals: [.paths("FILE", \.files.files, "what to decompress; - is standard input")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    if options.global.json {
      throw UsageError(.invalidCombination, "--json and data cannot both go to standard output")
    }
    if options.offset != nil || options.length != nil, options.files.files.count > 1 {
      throw UsageError(.invalidCombination, "--offset and --length take one file")
    }
    try options.files.refuseTerminalInput(context, command: "cat")
    let session = try context.begin(options.global)
    do throws(Failure) {
      let reading = try options.reading.options(threads: options.global.threads)
      session.forEachInput(options.files.files, InputList.Rules(recursive: false, force: options.files.force)) {
        path throws(Failure) in try cat(path, options, reading, session)
      }
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "cat", stats: options.files.stats)
  }

  private static func cat(
    _ path: Path?, _ options: Options, _ reading: DecompressionOptions, _ session: Session
  ) throws(Failure) {
    var input = try OpenedInput(path)
    try input.readPrefix()
    let codec = try options.reading.codec(of: input, session.registry)
    let name = input.name
    let output = OutputTarget.standardOutput.name
    session.progress.begin(name.display, total: input.size)
    var pump: StreamPump
    do throws(CodecError) { pump = try StreamPump(decompressing: codec, reading) } catch {
      throw Failure(error, input: name)
    }
    var sink: PartSink
    do throws(IOError) {
      sink = PartSink(
        try OutputSink(.standardOutput, sparse: options.sparse), offset: options.offset ?? 0, length: options.length)
    } catch {
      throw Failure(error, input: output)
    }
    let prefix = input.prefix
    var failure: Failure?
    do throws(Failure) {
      let result = try Transfer.run(
        &pump, from: &input.source, to: &sink, prefix: prefix, input: name, output: output, progress: session.progress)
      reportNotices(result.notices, of: name, to: session.reporter)
      session.report(
        FileReport(
          command: "cat", input: name, output: output, codec: codec.descriptor.id.rawValue, level: nil,
          transfer: result, plain: result.bytesOut, packed: result.bytesIn))
    } catch {
      failure = error
    }
    let isComplete = sink.isComplete
    // What was delivered before a failure stays delivered, holes at its end and all.
    do throws(IOError) { try sink.finish() } catch { throw Failure(error, input: output) }
    if let failure, !isComplete { throw failure }
  }
}
