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
    var trustsIndex = false
    var salvage = false
    var member: [UInt8]?
    var parents: [[UInt8]] = []
    init() { files.toOutput = true }
  }

  static let command = Command<Options, Context>(
    "cat", summary: "decompress to standard output",
    discussion: """
      Decompresses each FILE, one after the other, to standard output. --offset and --length deliver a part of the \
      decompressed data of one file. Of a regular file only what is needed is read and decoded, where the format has \
      places to begin at: frames of zstd, blocks of lz4, chunks of snappy and S2, members of gzip that tell their \
      size. archivetool info says whether a file has them. Damage before the part is not noticed then.

      --salvage delivers what can be read of a damaged file before and behind the damage, at the offsets where it was, \
      with zeros in between. Each damaged place is reported with the range that is lost or that no checksum vouches for; \
      the status is 3 when there was any. It works for zstd, lz4, snappy, S2 and gzip. How much is lost of a file depends \
      on its pieces: whole frames of zstd, blocks of lz4, chunks of snappy and S2, members of gzip. Where it is not known how much \
      is missing, what follows moves forward, and the report says so.
      """,
    examples: [
      Example("archivetool cat log.1.gz log.2.zst | grep error", "reads files of any format in a row"),
      Example("archivetool cat --offset 1GiB --length 4KiB db.zst", "a part of the data"),
      Example("archivetool cat -m etc/hosts etc.cka", "one file of an archive"),
      Example("archivetool cat --salvage db.zst >db", "what can be read of a damaged file"),
    ],
    flags: ReadingOptions.flags.lifted(\Options.reading) + [
      .size("offset", \.offset, "begin N bytes into the data").placeholder("N").group(.output),
      .size("length", \.length, "deliver at most M bytes").placeholder("M").group(.output),
      .toggle("trust-index", \.trustsIndex, "follow an index without checking it").group(.input).discussion(
        """
        For --offset: goes where the seek table of a zstd file or the index of an S2 file says, and takes the blocks of \
        lz4 for full, instead of checking all headers before. Faster on slow storage; an index that lies gives other data.
        """),
      .choice("sparse", \.sparse, "make holes of zeros", negation: .never).negated("no-sparse").placeholder("WHEN")
        .group(.output).default("auto"),
      .path("member", short: "m", \.member, "deliver the file PATH of an archive (.cka)").placeholder("PATH")
        .group(.input),
      ParentFolders.flag(\.parents),
      .toggle("salvage", \.salvage, "deliver what is readable of damaged files").group(.input),
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
    if options.salvage, options.member != nil {
      throw UsageError(
        .invalidCombination, "--salvage and -m exclude each other",
        hint: "archivetool extract --keep-going --keep-damaged saves what is readable of an archive")
    }
    if options.salvage, options.files.files.isEmpty || options.files.files.contains(Array("-".utf8)) {
      throw UsageError(
        .invalidCombination, "--salvage needs a file: it looks for readable data ahead, and comes back")
    }
    try options.files.refuseTerminalInput(context, command: "cat")
    let session = try context.begin(options.global)
    do throws(Failure) {
      var reading = try options.reading.options(threads: options.global.threads)
      reading.trustsIndex = options.trustsIndex
      session.forEachInput(options.files.files, InputList.Rules(recursive: false, force: options.files.force)) {
        path throws(Failure) in
        if options.salvage, let path {
          try Salvage.salvage(path, options, reading, session)
        } else {
          try cat(path, options, reading, session)
        }
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
    if let member = options.member {
      return try CkaMember(path: member, offset: options.offset ?? 0, length: options.length, parents: options.parents)
        .cat(
          input, options.sparse, session)
    }
    let codec = try options.reading.codec(of: input, session.registry)
    let offset = options.offset ?? 0
    if let path, let size = input.size, options.length != 0, offset > 0 || options.length != nil {
      return try Part(codec: codec, offset: offset, size: size).cat(path, input, options, reading, session)
    }
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
    if let failure, !isComplete { throw failure.offeringSalvage(by: codec, of: input.status) }
  }
}
