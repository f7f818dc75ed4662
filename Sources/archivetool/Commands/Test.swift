// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool test`: decodes everything, checks every checksum, writes nothing.
enum Test {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var files = FileOptions()
    var reading = ReadingOptions()
    var level: VerificationLevel = .full
    var checksChain = false
    var parents: [[UInt8]] = []
    init() { reading.strict = true }
  }

  static let command = Command<Options, Context>(
    "test", aliases: ["t"], summary: "check that files decode, and every checksum in them",
    discussion: """
      Decodes each FILE to nowhere. It is strict: bytes after the data, or a missing end mark, are damage; \
      --ignore-trailing lifts that. Says nothing when all is well; -v prints a line for each file.

      Of an increment (.cka) its own parts are checked, and the tree as far as the parents are there; --chain checks the \
      parents as well, and says which files of the increment are hit when one is damaged. With -v each is named.

      With -r, only regular files with the suffix of a codec are taken.
      """,
    examples: [
      Example("archivetool test *.zst", "checks files; the status says whether all are good"),
      Example("archivetool test --chain tue.cka", "an increment and all it is made upon"),
      Example("archivetool test -r --json backups", "checks a tree, one JSON line for each file"),
    ],
    flags: ReadingOptions.flags.filter { $0.definition.long != "strict" }.lifted(\Options.reading) + [
      .set("quick", \.level, to: .quick, "archives: only the checksums of frames").group(.input),
      .set("full", \.level, to: .full, "archives: every block, digest and entry (default)").group(.input),
      .set("deep", \.level, to: .deep, "archives: also put every file together").group(.input),
      .toggle("chain", \.checksChain, "archives: also all that an increment is made upon").group(.input),
      ParentFolders.flag(\.parents),
      .toggle("force", short: "f", \.files.force, "read devices and pipes").group(.input),
      .toggle("recursive", short: "r", \.files.recursive, "descend into folders").group(.input),
      .toggle("stats", \.files.stats, "print time, CPU and memory at the end").group(.reporting),
    ],
    positionals: [.paths("FILE", \.files.files, "what to check; - is standard input")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    var options = options
    if options.reading.ignoreTrailing { options.reading.strict = false }
    try options.files.refuseTerminalInput(context, command: "test")
    let session = try context.begin(options.global)
    do throws(Failure) {
      let reading = try options.reading.options(threads: options.global.threads)
      let rules = session.rulesForPacked(options.files)
      let threads = options.files.threadsForFiles(options.global)
      if threads > 1 {
        let chosen = options
        session.forEachInputAtOnce(options.files.files, rules, threads: threads) {
          $0.bytes
        } _: {
          session, path, threads throws(Failure) in
          var own = reading
          own.threads = threads
          try check(path, chosen, own, session)
        }
      } else {
        let chosen = options
        session.forEachInput(options.files.files, rules) { path throws(Failure) in
          try check(path, chosen, reading, session)
        }
      }
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "test", stats: options.files.stats)
  }

  private static func checkArchive(
    _ path: Path, _ reading: DecompressionOptions, _ session: Session
  ) throws(Failure) {
    let check = ArchiveCheck(session.reporter)
    let start = MonotonicClock.now
    let name = InputName(path: path.bytes)
    let format = try ArchiveInput.walk(try ArchiveInput.open(name), reading, telling: check, session)
    guard check.isSound else { return }
    let transfer = TransferResult(
      bytesIn: check.sizes.packed, bytesOut: check.sizes.content, nanoseconds: MonotonicClock.now - start)
    session.report(
      FileReport(
        command: "test", input: name, output: nil, codec: format.name, level: nil, transfer: transfer,
        plain: transfer.bytesOut, packed: transfer.bytesIn))
  }

  private static func check(
    _ path: Path?, _ options: Options, _ reading: DecompressionOptions, _ session: Session
  ) throws(Failure) {
    let choice = options.reading
    var input = try OpenedInput(path)
    try input.readPrefix()
    if choice.codec == nil, CkaArchive.recognizes(input.prefix) {
      return try CkaArchive(input, parents: options.parents, session).test(
        options.level, chain: options.checksChain, threads: reading.threads, session)
    }
    let codec = try choice.codec(of: input, session.registry)
    let name = input.name
    session.progress.begin(name.display, total: input.size)
    var pump: StreamPump
    do throws(CodecError) { pump = try StreamPump(decompressing: codec, reading) } catch {
      throw Failure(error, input: name)
    }
    var sink = NullSink()
    let prefix = input.prefix
    let result: TransferResult
    do throws(Failure) {
      result = try Transfer.run(
        &pump, from: &input.source, to: &sink, prefix: prefix, input: name, output: name, progress: session.progress)
    } catch {
      // An archive with several files is no stream, and of a damaged one every file is to be named.
      if let path, choice.codec == nil, input.status.kind == .regular, error.exit != .io,
        ArchiveFormats.format(of: prefix) != nil
      {
        return try checkArchive(path, reading, session)
      }
      throw error.offeringSalvage(by: codec, of: input.status)
    }
    reportNotices(result.notices, of: name, to: session.reporter)
    session.report(
      FileReport(
        command: "test", input: name, output: nil, codec: codec.descriptor.id.rawValue, level: nil, transfer: result,
        plain: result.bytesOut, packed: result.bytesIn))
  }
}
