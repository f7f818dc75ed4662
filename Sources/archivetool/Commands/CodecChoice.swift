// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// The flags that choose a codec and its level.
struct CodecChoice: Sendable {
  /// The spec string.
  var spec: String?
  // A level number, --fast and --best are three ways to say one thing: the last one counts.

  /// A level number.
  var level: Int? { didSet { if level != nil { (fast, best) = (nil, false) } } }
  /// `--fast`, with how fast.
  var fast: Int? { didSet { if fast != nil { (level, best) = (nil, false) } } }
  /// `--best`.
  var best = false { didSet { if best { (level, fast) = (nil, nil) } } }
  /// Whether a checksum is left out.
  var noCheck = false
  /// Whether blocked gzip is written.
  var blocked = false
  /// Whether the content decides where pieces end.
  var rsyncable = false
  /// How much input goes into one independent piece.
  var blockSize: UInt64?
  /// A dictionary's file.
  var dictionary: [UInt8]?

  /// What `--fast` without a number stands for: the codec's own fastest level.
  static let fastest = 0

  /// The names that completion offers.
  static let names = CodecRegistry.builtin.codecs.map(\.descriptor.id.rawValue)

  static let flags: [Flag<CodecChoice>] = [
    .text("codec", \.spec, "codec and its settings").placeholder("SPEC").group(.output)
      .environment("ARCHIVETOOL_CODEC").default("zstd").suggesting(names).discussion(
        """
        A codec's name, optionally followed by a colon and settings: zstd, gzip:level=9, zstd:level=19,long=27. \
        archivetool codecs lists the names and settings.
        """),
    .level("level", in: 0...22, \.level, "compression level").group(.output).environment("ARCHIVETOOL_LEVEL"),
    .optionalInt("fast", in: 1...131072, absent: fastest, \.fast, "fastest level; with N, level -N")
      .group(.output),
    .toggle("best", \.best, "smallest output").group(.output),
    .path("dictionary", short: "D", \.dictionary, "use a dictionary").placeholder("FILE").group(.input),
    .size("block-size", short: "B", \.blockSize, "input per independent piece").group(.output),
    .toggle("no-check", \.noCheck, "store no checksum").group(.output),
    .toggle("rsyncable", \.rsyncable, "cut gzip by content, for rsync (codec pgzip)").group(.output),
    .toggle("bgzf", \.blocked, "write blocked gzip, as bgzip does (codec pgzip)").group(.output),
  ]

  /// The codec and its options.
  ///
  /// - Parameters:
  ///   - context: the registry, and where values come from.
  ///   - threads: how many threads may work; one per core when not given.
  ///   - warn: is told of what does not fit the codec and is left out.
  func resolve(
    _ context: Context, threads: Int?, warn: (String) -> Void
  ) throws(Failure) -> (codec: CodecSelection, options: CompressionOptions) {
    let spec = try specWithForm(context, warn: warn)
    do throws(CodecError) {
      var codec = try context.registry.codec(spec)
      let scale = codec.descriptor.levels
      if let wanted = wantedLevel(scale) {
        do throws(CodecError) {
          _ = try scale.resolve(wanted, codec: codec.descriptor.id)
          codec.level = wanted
        } catch {
          // What is set for all codecs alike must not make one of them unusable.
          guard case .environment(let name) = context.origin(of: "level"), level != nil else { throw error }
          warn("\(name) is ignored: \(error.reason)")
        }
      }
      var options = codec.options(over: CompressionOptions { $0.threads = 0 })
      if let threads { options.threads = threads }
      if noCheck { options.checksum = false }
      if let blockSize { options.chunkSize = Int(clamping: blockSize) }
      options.dictionary = try loadDictionary(dictionary)
      let checks = codec.descriptor.capabilities
      if noCheck, checks.contains(.contentChecksum), !checks.contains(.optionalChecksum) {
        warn("--no-check is ignored: \(codec.descriptor.id) always stores a checksum")
      }
      codec.checksum = noCheck ? false : codec.checksum
      if blockSize != nil { codec.chunkSize = options.chunkSize }
      return (codec, options)
    } catch {
      throw Failure(notUsable: error, spec: spec, context.registry)
    }
  }

  /// The spec, with what `--bgzf` and `--rsyncable` ask for: they stand for pgzip, and need it.
  private func specWithForm(_ context: Context, warn: (String) -> Void) throws(Failure) -> String {
    var form: [String] = []
    for (flag, isSet) in [("bgzf", blocked), ("rsyncable", rsyncable)] where isSet {
      let name = spec.map { $0.prefix { $0 != ":" } } ?? "pgzip"
      let isWanted = context.origin(of: flag) == .commandLine
      if name != "pgzip", context.origin(of: "codec") == .commandLine {
        // What is set for all calls alike must not make a codec unusable.
        guard isWanted else {
          warn("\(context.origin(of: flag)) is ignored: --\(flag) needs the codec pgzip")
          continue
        }
        throw Failure(.usage, "--\(flag) needs the codec pgzip, not \(name)", hint: "without --codec it is chosen")
      }
      form.append(flag + "=yes")
    }
    guard !form.isEmpty else { return spec ?? "zstd" }
    guard form.count == 1 else {
      throw Failure(.usage, "--bgzf and --rsyncable exclude each other", hint: "bgzf has blocks of one size")
    }
    // A codec that is set for all calls alike does not bind one that asks for something else.
    guard let spec, spec.hasPrefix("pgzip") else { return "pgzip:" + form[0] }
    return spec + (spec.contains(":") ? "," : ":") + form[0]
  }

  private func wantedLevel(_ scale: CompressionLevelScale) -> CompressionLevel? {
    if best { return .smallest }
    if let fast { return fast == Self.fastest ? .fastest : .native(-fast) }
    return level.map { .native($0) }
  }
}

/// The largest dictionary that is loaded: far above what makes sense.
private let largestDictionary = 64 << 20

/// Reads a dictionary's file.
func loadDictionary(_ path: [UInt8]?) throws(CodecError) -> CodecDictionary? {
  guard let path else { return nil }
  do throws(IOError) {
    return CodecDictionary(try FileSystem.contents(of: Path(path), limit: largestDictionary))
  } catch {
    throw CodecError(.invalidOption, reason: "cannot use the dictionary \(InputName(path: path).display): \(error)")
  }
}
