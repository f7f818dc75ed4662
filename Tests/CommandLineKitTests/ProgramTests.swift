// SPDX-License-Identifier: Apache-2.0

/// How a program finds its command, and the texts that it shows by itself.

import CommandLineKit
import Testing

@Suite struct ProgramTests {
  private func parse(_ typed: String...) throws(UsageError) -> Parsed<SampleContext> {
    try sample.parse(typed.map { bytes($0) })
  }

  private func text(_ parsed: Parsed<SampleContext>) -> (String, ExitCode)? {
    if case .text(let text, let code) = parsed { (text, code) } else { nil }
  }

  /// Runs a command line and says which command got which options.
  private func run(_ typed: String...) throws -> (String, SampleOptions)? {
    guard case .command(let pending) = try sample.parse(typed.map { bytes($0) }) else { return nil }
    nonisolated(unsafe) var seen: (String, SampleOptions)?
    _ = try pending.resolve(ParseInputs()).run(SampleContext { unsafe seen = ($0, $1) })
    return unsafe seen
  }

  @Test("the definition has no problems")
  func sound() { #expect(sample.problems() == []) }

  @Test("global flags stand before or after the command")
  func globals() throws {
    let before = try run("sample", "-v", "-T", "4", "compress", "-q", "x")
    #expect(before?.1.global.verbose == 1 && before?.1.global.threads == 4 && before?.1.global.quiet == 1)
    #expect(before?.1.files == arguments("x"))
    let group = try run("sample", "--json", "backup", "-v", "create", "-9")
    #expect(group?.0 == "backup create" && group?.1.global.json == true && group?.1.global.verbose == 1)
    #expect(try run("sample", "d", "x")?.0 == "decompress")
    #expect(try run("sample", "backup", "ls")?.0 == "backup list")
  }

  @Test("the name of the program chooses a command")
  func invocationNames() throws {
    let packed = try run("/usr/bin/ackz", "-9", "x")
    #expect(packed?.0 == "compress" && packed?.1.stdout == true && packed?.1.level == 9)
    #expect(try run("ackz", "-d")?.0 == "decompress")
    #expect(try run("ackz", "--decompress")?.0 == "decompress")
    let bundle = try run("ackz", "-fd", "x")
    #expect(bundle?.0 == "decompress" && bundle?.1.force == true && bundle?.1.files == arguments("x"))
    let value = try run("ackz", "-Xd")
    #expect(value?.0 == "compress" && value?.1.exclude == ["d"])
    let later = try run("ackz", "--", "-d")
    #expect(later?.0 == "compress" && later?.1.files == arguments("-d"))
    #expect(try run("unackz", "compress")?.1.files == arguments("compress"))
    #expect(try run("unackz")?.0 == "decompress")
  }

  @Test("help and version win over missing arguments, -h is short and --help long")
  func helpFlags() throws {
    let short = try text(parse("sample", "diff", "-h"))
    let long = try text(parse("sample", "diff", "--help"))
    #expect(short?.1 == .ok && short?.0.hasPrefix("Usage: sample diff [OPTION]... A B\n") == true)
    #expect(long?.0.contains("Exit codes:") == true && short?.0.contains("Exit codes:") == false)
    #expect(try text(parse("sample", "-V"))?.0 == "sample 1.2.3\n")
    #expect(try text(parse("sample", "diff", "--version"))?.0 == "sample 1.2.3\n")
    #expect(try text(parse("sample", "--help"))?.0.contains("128+N") == true)
    #expect(try text(parse("sample", "help", "backup", "create"))?.0.contains("sample backup create") == true)
    #expect(try text(parse("sample", "backup", "--help"))?.0.contains("backup list, backup ls") == true)
    #expect(try text(parse("sample", "help", "--json"))?.0.hasPrefix("{\"type\":\"cli\",\"v\":1") == true)
    #expect(try text(parse("sample", "version", "--json"))?.0.contains("\"version\":\"1.2.3\"") == true)
  }

  @Test("without a command the short help is a usage error")
  func nothing() throws {
    #expect(try text(parse("sample"))?.1 == .usage)
    #expect(try text(sample.parse([]))?.1 == .usage)
    #expect(try text(parse("sample", "backup"))?.1 == .usage)
  }

  @Test(
    "unknown commands get a suggestion",
    arguments: [
      (["compres"], "sample: unknown command 'compres'\nhint: did you mean compress?\n"),
      (["zzzzzzz"], "sample: unknown command 'zzzzzzz'\nhint: sample -h lists the commands\n"),
      ([""], "sample: unknown command ''\nhint: sample -h lists the commands\n"),
      (["--"], "sample: unknown command '--'\nhint: sample -h lists the commands\n"),
      (["backup", "crate"], "sample: unknown command 'backup crate'\nhint: did you mean backup create?\n"),
      (["--colour"], "sample: unknown option '--colour'\nhint: did you mean --color?\n"),
      (["a\u{1B}[2J"], "sample: unknown command 'a\\x1b[2J'\nhint: sample -h lists the commands\n"),
      (["diff", "a"], "sample: diff: B is missing\nhint: -h shows what is expected\n"),
      (["diff", "a", "b", "c"], "sample: diff: unexpected argument 'c'\nhint: -h shows what is expected\n"),
      (["completions", "tcsh"], "sample: completions: 'tcsh' is not one of bash, zsh, fish\n"),
      (["compress", "-c", "-o", "x"], "sample: compress: -o and -c exclude each other\n"),
    ] as [([String], String)])
  func unknownCommands(typed: [String], message: String) throws {
    let error = #expect(throws: UsageError.self) {
      if case .command(let pending) = try sample.parse((["sample"] + typed).map { bytes($0) }) {
        _ = try pending.resolve(ParseInputs()).run(SampleContext())
      }
    }
    #expect(error?.rendered(program: "sample") == message)
  }

  @Test("the configuration file is known before it is read")
  func configPath() throws {
    guard case .command(let pending) = try parse("sample", "--config", "a b", "compress", "--no-config") else {
      Issue.record("no command")
      return
    }
    #expect(pending.typedGlobals.config == bytes("a b") && pending.typedGlobals.ignoresConfig)
  }

  @Test("problems of a definition are found")
  func problems() {
    let bad = Program<SampleContext>(
      name: "bad", version: "1", summary: "bad",
      commands: [
        Command<SampleOptions, SampleContext>(
          "x y", summary: "", flags: [.toggle("json", short: "é", \.force, "")]
        ) { _, _ in .ok }.entry
      ], invocationNames: [InvocationName("z", command: "nowhere")], environmentPrefix: "BAD")
    #expect(
      bad.problems() == [
        "x y: option 'json' is used twice", "x y: no summary", "x y: --json: no summary",
        "x y: -é: not an ASCII letter", "x y: the group 'x' is not described", "z: no command 'nowhere'",
      ])
  }

  @Test("the most severe exit code wins")
  func exitCodes() {
    let order: [ExitCode] = [
      .signal(15), .internal, .damaged, .io, .sourceFailed, .limit, .unsupported, .refused, .locked, .noRepository,
      .usage, .threshold, .partial, .ok,
    ]
    for (index, code) in order.enumerated() {
      #expect(ExitCode.worst(of: order[index...].reversed()) == code)
    }
    #expect(ExitCode.worst(of: []) == .ok)
    #expect(ExitCode.signal(13).code == 141 && ExitCode.signal(0) == .internal)
    #expect(
      ExitCode.table.map(\.label) == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "70", "128+N"])
    #expect(ExitCode(exactly: 12) == nil && ExitCode(exactly: 3) == .damaged && ExitCode(exactly: 143) == .signal(15))
    #expect(ExitCode.noRepository.name == "no repository" && ExitCode.signal(2).name == "signal")
    var merged = ExitCode.io
    merged.merge(.partial)
    #expect(merged == .io)
  }
}
