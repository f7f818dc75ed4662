// SPDX-License-Identifier: Apache-2.0

/// A small program with one flag of every kind, against which the tests run.

import CommandLineKit

struct SampleOptions: CommandOptions, Equatable {
  var global = GlobalOptions()
  var files: [[UInt8]] = []
  var codec = "zstd"
  var level: Int?
  var fast: Int?
  var output: [UInt8]?
  var folder: [UInt8]?
  var keep = true
  var check = true
  var stdout = false
  var force = false
  var decompress = false
  var blockSize: UInt64 = 1 << 20
  var maximum: UInt64?
  var minimumTime = Duration.seconds(1)
  var keepFor: CalendarSpan?
  var exclude: [String] = []
  var export: [String] = []
}

struct DiffOptions: CommandOptions {
  var global = GlobalOptions()
  var first: [UInt8] = []
  var second: [UInt8] = []
}

/// What the sample commands get; collects what ran.
struct SampleContext {
  var onRun: (String, SampleOptions) -> Void = { _, _ in }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func arguments(_ texts: String...) -> [[UInt8]] { texts.map { bytes($0) } }

let sampleFlags: [Flag<SampleOptions>] = [
  .text("codec", \.codec, "the codec and its settings").placeholder("SPEC").group(.format)
    .environment("SAMPLE_CODEC").default("zstd").suggesting(["zstd", "lz4"]),
  .level(in: 1...22, \.level, "compression level").group(.format).environment("SAMPLE_LEVEL"),
  .optionalInt("fast", in: 1...99, absent: 1, \.fast, "trade size for speed").group(.format),
  .path("output", short: "o", \.output, "write to this file").group(.output),
  .directory("output-dir", short: "O", \.folder, "write into this folder").group(.output),
  .set("keep", short: "k", \.keep, to: true, "keep the source").group(.input),
  .set("rm", \.keep, to: false, "delete the source afterwards").group(.input)
    .discussion("Only after the output is safely on disk.\n\nNever without asking 'twice' - see ~/.config."),
  .toggle("check", \.check, "store a checksum").negated("no-check").group(.format),
  .toggle("stdout", short: "c", \.stdout, "write to standard output").aliases("to-stdout").group(.output),
  .toggle("force", short: "f", \.force, "overwrite existing files").group(.output),
  .size("block-size", short: "B", \.blockSize, "size of a block").group(.format).default("1MiB"),
  .size("max-memory", \.maximum, "memory limit").group(.limits),
  .duration("min-time", \.minimumTime, "shortest time to measure").group(.performance),
  .calendar("keep-for", \.keepFor, "how long to keep it").group(.limits),
  .texts("exclude", short: "X", \.exclude, "leave out what matches").placeholder("GLOB").group(.input),
  Flag("export", value: .pair(.choice(["csv", "json"]), .path), "write a report") {
    if case .pair(let format, let file) = $0 { $1.export = [format.display, file.display] }
  }.placeholder("FMT FILE").group(.reporting),
]

func sampleCommand(_ name: String, aliases: [String] = []) -> Command<SampleOptions, SampleContext> {
  Command(
    name, aliases: aliases, summary: "\(name) files",
    discussion: "First paragraph with a \\ backslash.\n\n  .verbatim line -x\n  'second\n\nLast one: \u{2026}.",
    examples: [Example("sample \(name) -19 FILE", "Works on one file.")],
    flags: sampleFlags, positionals: [.paths("FILE", \.files, "what to read; - is standard input")]
  ) { options, context in
    context.onRun(name, options)
    if options.output != nil, options.stdout {
      throw UsageError(.invalidCombination, "-o and -c exclude each other")
    }
    return .ok
  }
}

let sample = Program<SampleContext>(
  name: "sample", version: "1.2.3", summary: "a program for tests", discussion: "It does nothing at all.",
  commands: [
    sampleCommand("compress", aliases: ["c"]).entry,
    sampleCommand("decompress", aliases: ["d"]).entry,
    Command<DiffOptions, SampleContext>(
      "diff", summary: "compare two files",
      positionals: [.path("A", \.first, "the first"), .path("B", \.second, "the second")]
    ) { options, _ in options.first == options.second ? .ok : .partial }.entry,
    sampleCommand("backup create").entry,
    sampleCommand("backup list", aliases: ["backup ls"]).entry,
  ],
  groups: [CommandGroup("backup", summary: "work with backups")],
  invocationNames: [
    InvocationName(
      "ackz", command: "compress", arguments: ["-c"],
      alternatives: [.init(short: "d", long: "decompress", command: "decompress", arguments: ["-c"])]),
    InvocationName("unackz", command: "decompress"),
  ],
  environmentPrefix: "SAMPLE",
  environment: [.init("NO_COLOR", "If not empty, no colours are used.")],
  files: [.init("$XDG_CONFIG_HOME/sample/config", "The user's settings.")])

/// Parses arguments of `compress`.
func parseSample(
  _ texts: [String], _ inputs: ParseInputs = ParseInputs()
) throws(UsageError) -> ParseResult<SampleOptions> {
  let global = GlobalOptions.flags(environmentPrefix: "SAMPLE").lifted(\SampleOptions.global)
  let parser = Parser<SampleOptions>(
    flags: global + sampleFlags, positionals: [.paths("FILE", \.files, "files")], command: "compress")
  return try parser.parse(texts.map { bytes($0) }, inputs)
}
