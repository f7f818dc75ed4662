// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// The flags of `archivetool bench`.
struct BenchOptions: CommandOptions {
  var global = GlobalOptions()
  /// What to measure on; the built-in mix when nothing is named.
  var files: [[UInt8]] = []
  var codecs: [String] = []
  var levels: LevelList?
  /// Numbers of threads; 0 is one per core.
  var threads: [Int] = [1]
  /// `nil` is the codec's own choice.
  var chunkSizes: [Int?] = [nil]
  var runs: Int?
  var leastTime: Duration?
  var time: Duration?
  var sampleSize: UInt64?
  var isQuick = false
  var withoutMemory = false
  var force = false
  var outputs: [(kind: BenchOutputs.Kind, path: [UInt8])] = []
  var reference: [UInt8]?
  var tolerance = 0.05
  var across: Set<BenchComparison.Circumstance> = []

  init() {}

  static let measuring = FlagGroup("What is measured")
  static let comparing = FlagGroup("Comparison")

  static let flags: [Flag<BenchOptions>] = [
    .texts("codec", \.codecs, "codecs, such as zstd,lz4 or zstd:long=27").aliases("codecs").placeholder("LIST")
      .group(measuring).default(BenchPlan.standardCodecs.joined(separator: ",")).suggesting(CodecChoice.names)
      .discussion(
        """
        Codecs with their settings, with commas between them; may be repeated. A codec whose settings name a level is \
        measured at that level only. all stands for every codec there is.
        """),
    Flag("levels", value: .text, "levels, such as 1-9, 1,3,19 or fast,better") {
      (value: FlagValue, options: inout BenchOptions) throws(UsageError) in
      guard let text = value.text else { return }
      guard let list = LevelList(text) else {
        throw UsageError(
          .invalidValue, "--levels: '\(Escaping.visible(text))' is no list of levels",
          hint: "such as 1-9, 1,3,19, -5 or fastest,balanced,smallest")
      }
      options.levels = list
    }.placeholder("LIST").group(measuring).default("fastest,fast,balanced,better").discussion(
      """
      Numbers and ranges are the codec's own; those that a codec does not have are left out for it, and a codec that has \
      none of them is measured at its default.
      """),
    Flag("threads", short: "T", value: .text, "numbers of threads, such as 1,2; 0 is one per core") {
      (value: FlagValue, options: inout BenchOptions) throws(UsageError) in
      // A number that stood before the name of the command was read as the threads of any command.
      if let number = value.int { options.threads = [number] }
      guard let text = value.text else { return }
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      guard numbers.allSatisfy({ $0.map { (0...256).contains($0) } ?? false }) else {
        throw UsageError(
          .invalidValue, "--threads: '\(Escaping.visible(text))' is no list of numbers from 0 to 256",
          hint: "such as 1,2,0")
      }
      options.threads = numbers.compactMap(\.self)
    }.placeholder("LIST").group(measuring).environment("ARCHIVETOOL_THREADS").default("1"),
    Flag("chunk-sizes", value: .text, "input per independent piece, such as 1M,4M") {
      (value: FlagValue, options: inout BenchOptions) throws(UsageError) in
      guard let text = value.text else { return }
      options.chunkSizes = []
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        if part == "default" {
          options.chunkSizes.append(nil)
          continue
        }
        do throws(QuantityError) {
          options.chunkSizes.append(Int(clamping: try ByteCount(parsing: String(part)).bytes))
        } catch {
          throw UsageError(
            .invalidValue, "--chunk-sizes: '\(Escaping.visible(String(part)))' is no size", hint: "such as 256K,1M,4M")
        }
      }
    }.aliases("chunk").placeholder("LIST").group(measuring).default("the codec's own choice"),
    .size("sample", \.sampleSize, "measure at most SIZE of the data").group(measuring).default("32MiB").discussion(
      """
      Larger data is measured in pieces of 2 MiB from all over it. Without --sample and --runs, less is taken where the chosen levels are too slow for it, down to 8 MiB. The table says what was taken.
      """),
    .toggle("quick", \.isQuick, "an answer in some seconds: less data, fewer levels").group(measuring).discussion(
      "As --sample 8MiB --levels fast,balanced --runs 3 --time 10s, unless those are given."),
    .int("runs", in: 1...1000, \.runs, "runs of each case").group(.performance).default("5").discussion(
      "With --runs every case has that many runs, however long that takes, unless --time is given as well."),
    .duration("min-time", \.leastTime, "least time of one run").group(.performance).default("100ms").discussion(
      "A codec that is done sooner is run several times, and the time is shared."),
    .duration("time", \.time, "aim to be done in TIME").group(.performance).default("45s").discussion(
      "Slow cases get fewer runs for it, but at least one."),
    .toggle("no-memory", \.withoutMemory, "do not measure memory").group(.performance),
    Flag(
      "export", value: .pair(.choice(BenchOutputs.Kind.exports.map(\.rawValue)), .path),
      "write results as json, csv or md"
    ) { value, options in
      guard case .pair(let format, let path) = value,
        let kind = format.text.flatMap({ BenchOutputs.Kind(rawValue: $0) }),
        let name = path.path
      else { return }
      options.outputs.append((kind, name))
    }.collecting().placeholder("FORMAT FILE").group(.output).commandLineOnly().discussion(
      "FILE can be - for standard output, which then carries nothing else. May be repeated."),
    Flag("chart", value: .path, "write a picture of speed and ratio, as SVG") { value, options in
      if let name = value.path { options.outputs.append((.chart, name)) }
    }.group(.output).commandLineOnly(),
    Flag("html", value: .path, "write a page with pictures and tables") { value, options in
      if let name = value.path { options.outputs.append((.html, name)) }
    }.group(.output).commandLineOnly().discussion("The page needs no other file, and asks nobody for anything."),
    .toggle("force", short: "f", \.force, "replace existing files; read devices and pipes").group(.output),
    .path("compare", \.reference, "fail when slower or larger than in FILE").group(comparing).commandLineOnly()
      .discussion(
        """
        FILE is an earlier --export json. The status is 6 when a median speed is lower, or a size higher, by more than the \
        tolerance, and the fastest run does not reach the old median either. A file from another machine, of other data, or \
        from another version of the tool is refused.
        """),
    Flag("tolerance", value: .text, "how much worse is still good enough") {
      (value: FlagValue, options: inout BenchOptions) throws(UsageError) in
      guard let text = value.text else { return }
      guard let share = BenchComparison.tolerance(text) else {
        throw UsageError(
          .invalidValue, "--tolerance: '\(Escaping.visible(text))' is no share from 0 to 100 %", hint: "such as 5%")
      }
      options.tolerance = share
    }.placeholder("SHARE").group(comparing).default("5%"),
    Flag(
      "across", value: .choice(BenchComparison.Circumstance.allCases.map(\.rawValue)),
      "compare although this differs: machine, corpus or version"
    ) { value, options in
      if let what = value.text.flatMap({ BenchComparison.Circumstance(rawValue: $0) }) { options.across.insert(what) }
    }.collecting().group(comparing).commandLineOnly(),
  ]

  /// How many bytes are measured at most.
  var sampleLimit: UInt64 { max(1, sampleSize ?? (isQuick ? 8 << 20 : 32 << 20)) }

  /// Whether the sample may be made smaller for the sake of time.
  var mayShrinkSample: Bool { sampleSize == nil && runs == nil && !isQuick }

  /// How to measure.
  var settings: BenchRunner.Settings {
    var settings = BenchRunner.Settings()
    settings.runs = runs ?? (isQuick ? 3 : 5)
    let least = leastTime ?? .milliseconds(isQuick ? 50 : 100)
    settings.leastNanoseconds = UInt64(max(0, DurationText.nanoseconds(least)))
    let wanted = time ?? (runs == nil ? .seconds(isQuick ? 10 : 45) : nil)
    settings.seconds = wanted.map { Double(DurationText.nanoseconds($0)) / 1e9 }
    settings.measuresMemory = !withoutMemory
    return settings
  }
}
