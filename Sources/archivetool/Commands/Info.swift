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
    init() {}
  }

  static let command = Command<Options, Context>(
    "info", aliases: ["i"], summary: "show format, sizes, checksums and structure of compressed files",
    discussion: """
      Reads headers and skips data where the format lets it, so that a large file is looked at in no time; gzip files \
      without size hints, and formats without structure, must be decoded. -v lists every frame, member or chunk.

      With -r, only regular files with the suffix of a codec are taken.
      """,
    examples: [
      Example("archivetool info backup.zst", "format, sizes, and how it can be decoded"),
      Example("archivetool info -v --json backup.zst", "every frame, for scripts"),
    ],
    flags: ReadingOptions.flags.filter { ["codec", "dictionary", "max-memory"].contains($0.definition.long) }
      .lifted(\Options.reading) + [
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

/// Feeds an inspector, jumping over what it does not want to see.
struct InspectionWalk: ~Copyable {
  private var input: OpenedInput
  private var buffer: [UInt8]
  private var filled = 0
  /// How far the input has been looked at or skipped.
  private(set) var position: UInt64 = 0

  init(_ input: consuming OpenedInput) {
    buffer = input.prefix
    filled = input.prefix.count
    self.input = input
  }

  /// Whether a jump led behind the end: what was jumped over is not all there, whatever the inspector thinks of it.
  private var endsEarly = false
  private var endedEarly: Failure {
    Failure(
      CodecError(.truncated, inputOffset: position, reason: "the input ends early"), input: input.name)
  }

  /// Walks to the end.
  mutating func run(_ inspector: any StreamInspector, progress: ProgressMonitor) throws(Failure) {
    var atEnd = false
    while true {
      let step: InspectionStep
      do throws(CodecError) {
        step = try unsafe inspector.inspect(buffer.span.bytes.extracting(first: filled), isEnd: atEnd)
      } catch {
        throw endsEarly ? endedEarly : Failure(error, input: input.name)
      }
      position += UInt64(step.used)
      buffer.removeSubrange(0..<step.used)
      filled -= step.used
      if step.skip > 0 { try skip(step.skip) }
      progress.update(PumpProgress(bytesRead: position, bytesIn: position, bytesOut: 0))
      if atEnd && step.used == 0 && step.skip == 0 {
        if endsEarly { throw endedEarly }
        return
      }
      if !atEnd && (filled < nextChunk || step.used == 0) { atEnd = try !fill() }
    }
  }

  private static let chunk = 64 << 10
  /// Between two jumps there is little more than a header.
  private static let chunkAfterJump = 4 << 10
  private var nextChunk = Self.chunk

  /// Reads more behind what is left. Grows when the inspector could not use what it had.
  private mutating func fill() throws(Failure) -> Bool {
    let wanted = max(nextChunk, filled)
    nextChunk = min(2 * nextChunk, Self.chunk)
    var more = [UInt8](repeating: 0, count: wanted)
    let count: Int
    do throws(IOError) { count = try input.source.fill(&more) } catch { throw Failure(error, input: input.name) }
    buffer.removeSubrange(filled...)
    buffer += more.prefix(count)
    filled += count
    return count > 0
  }

  private mutating func skip(_ count: UInt64) throws(Failure) {
    let buffered = Int(min(count, UInt64(filled)))
    buffer.removeSubrange(0..<buffered)
    filled -= buffered
    position += UInt64(buffered)
    let rest = count - UInt64(buffered)
    guard rest > 0 else { return }
    nextChunk = Self.chunkAfterJump
    do throws(IOError) {
      let skipped = try input.source.skip(rest, size: input.size)
      position += skipped
      if skipped < rest { endsEarly = true }
    } catch {
      throw Failure(error, input: input.name)
    }
  }
}
