// SPDX-License-Identifier: Apache-2.0

/// A program with flags of every kind, for command lines and settings of any sort.
import CommandLineKit

/// It does nothing but take options.
enum FuzzedProgram {
  private struct Options: CommandOptions {
    var global = GlobalOptions()
    var files: [[UInt8]] = []
    var codec = ""
    var level: Int?
    var fast: Int?
    var output: [UInt8]?
    var force = false
    var keep = true
    var check = true
    var size: UInt64 = 0
    var time = Duration.zero
    var span: CalendarSpan?
    var excluded: [String] = []
  }

  private static let flags: [Flag<Options>] = [
    .text("codec", \.codec, "the codec").environment("TOOL_CODEC").suggesting(["zstd"]),
    .level(in: 1...22, \.level, "level").environment("TOOL_LEVEL"),
    .optionalInt("fast", in: 1...99, absent: 1, \.fast, "speed"),
    .path("output", short: "o", \.output, "output"),
    .set("keep", short: "k", \.keep, to: true, "keep"), .set("rm", \.keep, to: false, "remove"),
    .toggle("check", \.check, "checksum").negated("no-check"),
    .toggle("force", short: "f", \.force, "overwrite").aliases("overwrite"),
    .size("block-size", short: "B", \.size, "block"), .duration("min-time", \.time, "time"),
    .calendar("keep-for", \.span, "span"), .texts("exclude", short: "X", \.excluded, "patterns"),
    Flag("export", value: .pair(.choice(["csv", "json"]), .path), "report") { _, _ in }.placeholder("FMT FILE"),
  ]

  private static func command(_ name: String, _ aliases: [String] = []) -> CommandEntry<Void> {
    Command<Options, Void>(
      name, aliases: aliases, summary: name, flags: flags, positionals: [.paths("FILE", \.files, "files")]
    ) { _, _ in .ok }.entry
  }

  private static let program = Program<Void>(
    name: "tool", version: "1", summary: "a program",
    commands: [command("compress", ["c"]), command("backup create"), command("backup list", ["backup ls"])],
    groups: [CommandGroup("backup", summary: "backups")],
    invocationNames: [
      InvocationName(
        "other", command: "compress", arguments: ["-f"],
        alternatives: [.init(short: "d", long: "delete", command: "backup list", arguments: ["-k"])])
    ], environmentPrefix: "TOOL")

  /// Everything about it.
  static let definition = program.definition

  /// Runs it.
  static func run(_ arguments: [[UInt8]], _ inputs: ParseInputs) throws -> ExitCode {
    switch try program.parse(arguments) {
    case .text(_, let code): code
    case .command(let command): try command.resolve(inputs).run(())
    }
  }
}
