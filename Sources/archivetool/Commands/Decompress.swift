// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool decompress`: compressed files to files, or standard input to standard output.
enum Decompress {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var files = FileOptions()
    var reading = ReadingOptions()
    var sparse = SparseChoice.auto
    init() {}
  }

  static let command = Command<Options, Context>(
    "decompress", aliases: ["d"], summary: "decompress files or standard input",
    discussion: """
      Each FILE.SUFFIX becomes FILE beside it; the source is kept. The format is found by content, whatever the name \
      says. Without FILE, or with -, standard input is decompressed to standard output. Output appears under its name \
      when it is complete and checked: of a damaged file nothing is left, unless it went to standard output.

      With -r, only regular files with the suffix of a codec are taken. Several files are worked on at once. What fails is \
      named and kept, and the rest is done; a second run with --rm takes what is left.
      """,
    examples: [
      Example("archivetool decompress db.sql.zst", "writes db.sql"),
      Example("archivetool decompress -r --rm backup", "restores every compressed file below backup"),
      Example("archivetool decompress -o db.sql upload.bin", "finds the format by content"),
    ],
    flags: ReadingOptions.flags.lifted(\Options.reading) + FileOptions.flags.lifted(\Options.files) + [
      .toggle("name", short: "N", \.files.withName, "use the name and time that the file carries").group(.output),
      .choice("sparse", \.sparse, "make holes of zeros", negation: .never).negated("no-sparse").placeholder("WHEN")
        .group(.output).default("auto"),
    ],
    positionals: [.paths("FILE", \.files.files, "what to decompress; - is standard input")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    try options.files.check(json: options.global.json)
    try options.files.refuseTerminalInput(context, command: "decompress")
    let session = try context.begin(options.global)
    do throws(Failure) {
      let reading = try options.reading.options(threads: options.global.threads)
      let rules = session.rulesForPacked(options.files)
      let threads = options.files.threadsForFiles(options.global)
      if threads > 1 {
        let registry = session.registry
        session.forEachInputAtOnce(options.files.files, rules, threads: threads) { path in
          TargetName.plain(path, registry.codecs)?.bytes ?? path.bytes
        } _: { session, path, threads throws(Failure) in
          var own = reading
          own.threads = threads
          try DecompressionJob(session: session, options: options, reading: own).decompress(path)
        }
      } else {
        let job = DecompressionJob(session: session, options: options, reading: reading)
        session.forEachInput(options.files.files, rules) { path throws(Failure) in try job.decompress(path) }
      }
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "decompress", stats: options.files.stats)
  }
}

/// The decompression of one input after the other with the same settings.
struct DecompressionJob {
  let session: Session
  let options: Decompress.Options
  let reading: DecompressionOptions

  private var files: FileOptions { options.files }

  /// Decompresses one input.
  func decompress(_ path: Path?) throws(Failure) {
    var input = try OpenedInput(path)
    let needed = files.withName ? Self.headerLength : CodecRegistry.detectionLength
    try input.readPrefix(needed)
    let codec = try options.reading.codec(of: input, session.registry)
    let (name, status) = (input.name, input.status)
    let stored = files.withName ? unsafe codec.storedMetadata(input.prefix.span.bytes) : nil
    let target: OutputTarget
    do throws(Failure) {
      target = try files.target(for: path, status: status) { path throws(Failure) in
        try plainName(path, codec, stored)
      }
    } catch {
      guard error.isTaken, files.remove, let output = error.path else { throw error }
      return try settle(input, codec, with: Path(output), otherwise: error)
    }
    session.progress.begin(name.display, total: input.size)
    var pump: StreamPump
    do throws(CodecError) { pump = try StreamPump(decompressing: codec, reading) } catch {
      throw Failure(error, input: name)
    }
    var attributes = files.attributes(of: status)
    if let seconds = stored?.modificationTime { attributes.modificationTime = Timestamp(seconds: seconds) }
    let job = FileJob(session: session, files: files, sparse: options.sparse)
    let result: TransferResult
    do throws(Failure) {
      result = try job.run(input, through: &pump, to: target, attributes: attributes)
    } catch {
      throw error.offeringSalvage(by: codec, of: status)
    }
    reportNotices(result.notices, of: name, to: session.reporter)
    session.report(
      FileReport(
        command: "decompress", input: name, output: target.name, codec: codec.descriptor.id.rawValue, level: nil,
        transfer: result, plain: result.bytesOut, packed: result.bytesIn))
  }

  /// Removes the source of an output that is there: a run before has put it in place, and was ended before it could do
  /// this.
  private func settle(
    _ input: consuming OpenedInput, _ codec: any Codec, with output: Path, otherwise taken: Failure
  ) throws(Failure) {
    let name = input.name
    session.progress.begin(name.display, total: input.size)
    var sink: ComparingSink
    do throws(IOError) { sink = try ComparingSink(output) } catch { throw taken }
    var pump: StreamPump
    do throws(CodecError) { pump = try StreamPump(decompressing: codec, reading) } catch {
      throw Failure(error, input: name)
    }
    let prefix = input.prefix
    let result = try Transfer.run(
      &pump, from: &input.source, to: &sink, prefix: prefix, input: name, output: InputName(path: output.bytes),
      progress: session.progress)
    do throws(IOError) {
      guard try sink.isSame() else { throw IOError("compare", path: output, errno: .exists) }
    } catch {
      throw error.errno == .exists ? taken : Failure(error, input: name)
    }
    reportNotices(result.notices, of: name, to: session.reporter)
    try FileJob(session: session, files: files).removeSource(input, foundAt: output)
    session.report(
      FileReport(
        command: "decompress", input: name, output: InputName(path: output.bytes), codec: codec.descriptor.id.rawValue,
        level: nil, transfer: result, plain: result.bytesOut, packed: result.bytesIn))
  }

  /// Enough of a file for the name that it carries.
  private static let headerLength = 64 << 10

  private func plainName(
    _ path: Path, _ codec: any Codec, _ stored: ContentMetadata?
  ) throws(Failure) -> Path {
    if let fileName = stored?.fileName {
      // A name without a folder stays one: ./NAME would be the same file, but not what the user calls it.
      return path.lastComponent == path.bytes ? Path(fileName) : path.parent.joining(fileName)
    }
    if let plain = TargetName.plain(path, suffixes: codec.descriptor.suffixes) { return plain }
    // The suffix of another codec is as good: content decides what it is, the name only what it is called.
    if let plain = TargetName.plain(path, session.registry.codecs) { return plain }
    throw .skipped("its name has no suffix to take off", path.bytes, hint: "-o FILE names the output")
  }
}
