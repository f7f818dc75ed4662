// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool compress`: files to compressed files, or standard input to standard output.
enum Compress {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var files = FileOptions()
    var codec = CodecChoice()
    var verify = false
    var contentSize: UInt64?
    init() {}
  }

  static let command = Command<Options, Context>(
    "compress", aliases: ["c"], summary: "compress files or standard input",
    discussion: """
      Each FILE becomes FILE.SUFFIX beside it; the source is kept. Without FILE, or with -, standard input is compressed \
      to standard output. Output appears under its name when it is complete: a failure leaves neither a part of it nor a \
      damaged older file. Mode, owner and times are taken over from the source.

      With -r, links, special files and files that have the suffix already are passed over.

      Called as ackz it is a filter in the style of gzip, so that tar -I ackz works; -d then decompresses, -t checks and \
      -l lists.
      """,
    examples: [
      Example("archivetool compress db.sql", "writes db.sql.zst"),
      Example("pg_dump db | archivetool compress -9 >db.sql.zst", "compresses a pipe at level 9"),
      Example("archivetool compress --codec gzip --rm -r logs", "replaces every file below logs by a .gz file"),
      Example("tar -I ackz -cf home.tar.zst home", "lets tar compress by it"),
    ],
    flags: CodecChoice.flags.lifted(\Options.codec) + FileOptions.flags.lifted(\Options.files) + [
      .toggle("name", short: "N", \.files.withName, "store the file's name and time, if the format can").group(.output),
      .toggle("verify", \.verify, "read each output back and compare before it gets its name").group(.output),
      .size("content-size", \.contentSize, "size of the input, when it is a pipe").group(.input),
    ],
    positionals: [.paths("FILE", \.files.files, "what to compress; - is standard input")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let files = options.files
    try files.check(json: options.global.json)
    let toOutput = files.anyGoesToOutput
    if options.verify && toOutput {
      throw UsageError(.invalidCombination, "--verify needs an output file: standard output cannot be read back")
    }
    if options.contentSize != nil && (files.files.count > 1 || files.recursive) {
      throw UsageError(.invalidCombination, "--content-size takes one input")
    }
    try files.refuseTerminalInput(context, command: "compress")
    if toOutput, context.outputIsTerminal, !files.force {
      throw UsageError(
        .invalidCombination, "compressed data is not written to a terminal", hint: "-o FILE writes a file; -f insists")
    }
    let session = try context.begin(options.global)
    do throws(Failure) {
      let (codec, settings) = try options.codec.resolve(context, threads: options.global.threads) {
        session.reporter.note($0)
      }
      let job = CompressionJob(session: session, options: options, codec: codec, settings: settings)
      session.forEachInput(files.files, job.rules) { path throws(Failure) in try job.compress(path) }
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "compress", stats: files.stats)
  }
}

/// The compression of one input after the other with the same settings.
struct CompressionJob {
  let session: Session
  let options: Compress.Options
  let codec: CodecSelection
  let settings: CompressionOptions

  private var files: FileOptions { options.files }

  /// How inputs are chosen: in folders, what carries the codec's suffix already is left alone.
  var rules: InputList.Rules {
    let suffixes = codec.descriptor.suffixes
    return InputList.Rules(recursive: files.recursive, force: files.force) { path in
      !suffixes.contains { path.hasSuffix($0) }
    }
  }

  /// Compresses one input.
  func compress(_ path: Path?) throws(Failure) {
    let input = try OpenedInput(path)
    let (name, status) = (input.name, input.status)
    let target = try files.target(for: path, status: status) { path throws(Failure) in try compressedName(path) }
    var settings = settings
    settings.contentSize = options.contentSize
    session.progress.begin(name.display, total: input.size ?? options.contentSize)
    var pump: StreamPump
    do throws(CodecError) {
      pump = try StreamPump(compressing: storing(path, status), settings)
    } catch {
      throw Failure(error, input: nil)
    }
    var job = FileJob(session: session, files: files)
    if options.verify {
      job.verify = { (temporary: Path, hash: UInt128) throws(Failure) in
        try verify(temporary, hash, name, target.name)
      }
    }
    let result: TransferResult
    do throws(Failure) {
      result = try job.run(input, through: &pump, to: target, attributes: files.attributes(of: status))
    } catch {
      throw announced(error)
    }
    session.report(
      FileReport(
        command: "compress", input: name, output: target.name, codec: codec.descriptor.id.rawValue,
        level: levelText(settings.level), threads: threads, transfer: result, plain: result.bytesIn,
        packed: result.bytesOut))
  }

  /// The codec, with the file's name and time in it when that is wanted or the format cannot be without.
  private func storing(_ path: Path?, _ status: FileStatus) -> any Codec {
    guard files.withName || codec.descriptor.capabilities.contains(.fileName), let path, status.kind == .regular else {
      return codec
    }
    return codec.storing(
      ContentMetadata(fileName: path.lastComponent, modificationTime: status.modificationTime.seconds))
  }

  private func compressedName(_ path: Path) throws(Failure) -> Path {
    guard let suffix = codec.descriptor.suffixes.first else {
      throw Failure(
        .usage, "\(codec.descriptor.id) has no file name suffix", path: path.bytes, hint: "-o FILE names the output")
    }
    if path.hasSuffix(suffix), !files.force {
      throw .skipped("already ends in \(suffix)", path.bytes, hint: "-f compresses it anyway")
    }
    return TargetName.compressed(path, suffix: suffix)
  }

  /// A size that was announced and is not kept is the source's fault.
  private func announced(_ failure: Failure) -> Failure {
    guard failure.detail == CodecError.Code.contentSizeMismatch.description else { return failure }
    var failure = failure
    failure.exit = .sourceFailed
    failure.message = "source failed: " + failure.message.trimmingPrefix("damaged: ")
    return failure
  }

  /// The number of threads that were asked for, when there are to be several.
  private var threads: Int? {
    guard let asked = options.global.threads else { return nil }
    let wanted = asked == 0 ? Machine.coreCount : asked
    return wanted > 1 && codec.descriptor.capabilities.contains(.independentPieces) ? wanted : nil
  }

  private func levelText(_ level: CompressionLevel) -> String? {
    let scale = codec.descriptor.levels
    guard scale != .single, let number = try? scale.resolve(codec.level ?? level, codec: codec.descriptor.id) else {
      return nil
    }
    return String(number)
  }

  /// Reads the output back, decodes it, and compares.
  private func verify(
    _ temporary: Path, _ expected: UInt128, _ name: InputName, _ output: InputName
  ) throws(Failure) {
    var source: FileSource
    var pump: StreamPump
    do throws(IOError) { source = FileSource(try FileHandle.open(temporary)) } catch {
      // The name that the file has for the moment says nothing to anybody.
      throw Failure(IOError(error.operation, errno: error.errno), input: output)
    }
    var reading = DecompressionOptions()
    reading.limits = .init {
      $0.maximumOutputSize = nil
      $0.maximumWindowSize = .max
    }
    reading.dictionary = settings.dictionary
    reading.threads = settings.threads
    do throws(CodecError) { pump = try StreamPump(decompressing: codec, reading) } catch {
      throw Failure(error, input: name)
    }
    var sink = HashingSink()
    do throws(Failure) {
      _ = try Transfer.run(
        &pump, from: &source, to: &sink, input: output, output: output, progress: session.progress)
    } catch {
      // What cannot be read proves nothing about what was written.
      if error.exit == .io { throw error }
      throw Failure(.internal, "what was written does not decode: \(error.message)", input: name)
    }
    guard sink.hash.value == expected else {
      throw Failure(.internal, "what was written does not decode to the input", input: name)
    }
  }
}
