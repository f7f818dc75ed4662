// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool train`: a dictionary from samples.
enum Train {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var files = FileOptions()
    var codec = "zstd"
    var level: Int?
    var maximumSize: UInt64 = 112_640
    var identifier: Int?
    init() {}
  }

  static let command = Command<Options, Context>(
    "train", summary: "make a dictionary from samples",
    discussion: """
      Small inputs of one kind (rows, messages, pages) compress far better with a dictionary that both sides have. Give \
      many typical inputs, each as it will be compressed: a hundred times the size of the dictionary in all is good. Use \
      the dictionary with -D; without it the data cannot be read. When a sample cannot be read no dictionary is made, and \
      one that is there stays.
      """,
    examples: [
      Example("archivetool train -o rows.dict samples/*", "trains on many files"),
      Example("archivetool compress -D rows.dict row.json", "uses the dictionary"),
    ],
    flags: [
      .path("output", short: "o", \.files.output, "write the dictionary to FILE").placeholder("FILE").group(.output),
      .text("codec", \.codec, "codec to train for").placeholder("CODEC").group(.general).default("zstd"),
      .level("level", in: 0...22, \.level, "level that it will be used with").group(.general),
      .size("max-size", \.maximumSize, "largest size of the dictionary").group(.general).default("110KiB"),
      .int("id", in: 1...Int(UInt32.max), \.identifier, "number of the dictionary").group(.general)
        .default("from the content"),
      .toggle("force", short: "f", \.files.force, "replace an existing file").group(.output),
      .toggle("recursive", short: "r", \.files.recursive, "descend into folders").group(.input),
    ],
    positionals: [.paths("FILE", \.files.files, count: 1...Int.max, "samples, one in each file")],
    run: run)

  /// More samples than this add nothing but memory.
  private static let largestTotal = 256 << 20

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    guard let output = options.files.output else { throw UsageError(.missingArgument, "-o FILE is missing") }
    if options.files.files.contains(where: { InputName(argument: $0).path == nil }) {
      throw UsageError(.unexpectedArgument, "samples are files, one sample in each; standard input is not one")
    }
    let session = try context.begin(options.global)
    var samples: [[UInt8]] = []
    var total = 0
    let rules = InputList.Rules(recursive: options.files.recursive, force: false)
    session.forEachInput(options.files.files, rules) { path throws(Failure) in
      guard let path, total < largestTotal else { return }
      do throws(IOError) {
        let sample = try FileSystem.contents(of: path, limit: largestTotal)
        total += sample.count
        if !sample.isEmpty { samples.append(sample) }
      } catch {
        throw Failure(error, input: InputName(path: path.bytes))
      }
    }
    do throws(Failure) {
      // A dictionary of fewer samples than were named would take the place of a better one.
      guard session.reporter.failures == 0 else {
        throw Failure(.io, "not made, since not all samples could be read", path: output)
      }
      try train(samples, Path(output), options, session)
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "train")
  }

  private static func train(
    _ samples: [[UInt8]], _ output: Path, _ options: Options, _ session: Session
  ) throws(Failure) {
    let dictionary: CodecDictionary
    do throws(CodecError) {
      let selection = try session.registry.codec(options.codec)
      guard let trainer = selection.codec as? any DictionaryTraining else {
        throw CodecError(.invalidOption, reason: "\(selection.descriptor.id) has no dictionaries to train")
      }
      var settings = DictionaryTrainingOptions()
      settings.maximumSize = Int(clamping: options.maximumSize)
      if let level = options.level.map({ CompressionLevel.native($0) }) ?? selection.level { settings.level = level }
      settings.identifier = options.identifier.map { UInt32($0) }
      dictionary = try trainer.trainDictionary(from: samples, settings)
    } catch {
      throw Failure(notUsable: error, spec: options.codec, session.registry)
    }
    let bytes = dictionary.bytes
    do throws(IOError) {
      var file = try AtomicFile(output)
      try unsafe file.write(bytes.span.bytes)
      try file.commit(replacing: options.files.force, sync: true)
    } catch {
      if error.errno == .exists {
        throw Failure(.partial, "already exists", path: output.bytes, hint: "-f replaces it")
      }
      throw Failure(error, input: InputName(path: output.bytes))
    }
    let samplesSize = samples.reduce(0) { $0 + $1.count }
    session.reporter.count(bytesIn: UInt64(samplesSize), bytesOut: UInt64(dictionary.bytes.count))
    session.reporter.detail(
      "\(samples.count) samples, \(samplesSize) bytes -> \(dictionary.bytes.count) bytes",
      subject: Escaping.visible(output.bytes))
    var object: JSONValue = ["type": "dictionary", "v": 1]
    object.add(JSONValue.path(output.bytes))
    object.add("samples", .uint(UInt64(samples.count)))
    object.add("bytes_in", .uint(UInt64(samplesSize)))
    object.add("bytes_out", .uint(UInt64(dictionary.bytes.count)))
    session.reporter.emit(object)
  }
}
