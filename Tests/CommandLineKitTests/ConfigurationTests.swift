// SPDX-License-Identifier: Apache-2.0

/// Configuration files, environment, and which of them wins.

import CommandLineKit
import Testing

@Suite struct ConfigurationTests {
  private func config(_ text: String, _ name: String = "cfg") throws(UsageError) -> ConfigFile {
    try ConfigFile(parsing: bytes(text), name: bytes(name))
  }

  private func resolve(_ typed: [String], _ inputs: ParseInputs) throws -> Invocation<SampleContext> {
    guard case .command(let pending) = try sample.parse((["sample"] + typed).map { bytes($0) }) else {
      throw UsageError(.missingCommand, "not a command")
    }
    return try pending.resolve(inputs)
  }

  private func options(_ typed: [String], _ inputs: ParseInputs) throws -> SampleOptions {
    nonisolated(unsafe) var seen = SampleOptions()
    let context = SampleContext { _, options in unsafe seen = options }
    _ = try resolve(typed, inputs).run(context)
    return unsafe seen
  }

  @Test("flag before environment before --config file before the user's file before default")
  func precedence() throws {
    let user = try config("level = 4\n[compress]\ncodec = user\nfast = 9\nexclude = u\n", "user")
    let named = try config("[compress]\ncodec = named\nlevel = 5\n", "named")
    let variables = ["SAMPLE_CODEC": "env", "SAMPLE_LEVEL": ""]
    let inputs = ParseInputs(variables: variables, configs: [named, user])

    #expect(try options(["compress", "--codec=typed"], inputs).codec == "typed")
    let merged = try options(["compress"], inputs)
    #expect(merged.codec == "env" && merged.level == 5 && merged.fast == 9 && merged.exclude == ["u"])
    #expect(merged.blockSize == 1 << 20)
    #expect(try options(["compress"], ParseInputs(configs: [named, user])).codec == "named")
    #expect(try options(["compress"], ParseInputs(configs: [user])).level == 4)
    #expect(try options(["decompress"], ParseInputs(configs: [user])).codec == "zstd")
    #expect(try options(["compress"], ParseInputs()).codec == "zstd")
  }

  @Test("every value knows its origin")
  func origins() throws {
    let user = try config("# comment\n\n[compress]\nlevel = 4\nblock-size = 2M\n", "user")
    let variables = ["SAMPLE_CODEC": "env", "SAMPLE_THREADS": "3"]
    let values = try resolve(["-v", "c", "-9"], ParseInputs(variables: variables, configs: [user])).values
    #expect(
      values.map(\.description).sorted() == [
        "block-size = 2MiB (user:5)", "codec = env (environment SAMPLE_CODEC)", "level = 9 (command line)",
        "threads = 3 (environment SAMPLE_THREADS)", "verbose = on (command line)",
      ])
    let parsed = try parseSample(["-9"])
    #expect(parsed.origin(of: "level") == .commandLine && parsed.origin(of: "codec") == .default)
  }

  @Test("a list comes from one place only")
  func lists() throws {
    let user = try config("[compress]\nexclude = a\nexclude = b\n")
    #expect(try options(["compress"], ParseInputs(configs: [user])).exclude == ["a", "b"])
    #expect(try options(["compress", "-Xc"], ParseInputs(configs: [user])).exclude == ["c"])
  }

  @Test("an invalid variable is ignored with a warning")
  func invalidEnvironment() throws {
    let user = try config("threads = 2\n")
    let invocation = try resolve(
      ["compress"], ParseInputs(variables: ["SAMPLE_THREADS": "many"], configs: [user]))
    #expect(invocation.warnings == ["SAMPLE_THREADS: 'many' is not a number from 0 to 256; ignored"])
    #expect(invocation.globals.threads == 2)
  }

  @Test("switches, quotes, comments and line ends")
  func syntax() throws {
    let text =
      "\u{FEFF}verbose = 2\r\njson=yes\n[ compress ] # heading\n  keep = false\n check = no # no checksum\n"
      + "codec = \"a # \\\"b\\\\ \" # rest\nexclude = *#*\nfast = on\nexport = csv out.csv\nno-check = true\nstdout = 1"
    let user = try config(text)
    let options = try options(["compress"], ParseInputs(configs: [user]))
    #expect(options.global.verbose == 2 && options.global.json)
    #expect(options.codec == "a # \"b\\ " && options.exclude == ["*#*"])
    #expect(!options.check && options.fast == 1 && options.export == ["csv", "out.csv"] && options.stdout)
  }

  @Test("group headings apply to all commands of the group, aliases work")
  func groups() throws {
    let user = try config("[backup]\nlevel = 3\ncodec = g\n[backup ls]\ncodec = l\n[c]\nlevel = 8\n")
    let list = try options(["backup", "list"], ParseInputs(configs: [user]))
    #expect(list.level == 3 && list.codec == "l")
    #expect(try options(["backup", "create"], ParseInputs(configs: [user])).codec == "g")
    #expect(try options(["compress"], ParseInputs(configs: [user])).level == 8)
  }

  @Test("file names in a configuration are bytes")
  func rawBytes() throws {
    let file = try ConfigFile(parsing: bytes("[compress]\noutput = \"") + [0xFF] + bytes("\"\n"), name: [0x63])
    #expect(try options(["compress"], ParseInputs(configs: [file])).output == [0xFF])
  }

  @Test(
    "mistakes name file and line",
    arguments: [
      ("x", "cfg:1: expected 'key = value' or '[command]'", nil),
      ("\n\n= 3", "cfg:3: expected a key before '='", nil),
      ("[compress", "cfg:1: expected '[command]'", nil),
      ("codec = \"abc", "cfg:1: the closing quote is missing", nil),
      ("codec = \"abc\" d", "cfg:1: unexpected text after the closing quote", nil),
      ("thread = 2", "cfg:1: unknown key 'thread'", "did you mean 'threads'?"),
      ("[compres]", "cfg:1: unknown command 'compres'", "did you mean [compress]?"),
      ("[diff]\nlevel = 2", "cfg:2: unknown key 'level'", nil),
      ("# c\nthreads = many", "cfg:2: threads: 'many' is not a number from 0 to 256", nil),
      ("[decompress]\nlevel = 99", "cfg:2: level: '99' is not a number from 1 to 22", nil),
      ("json = maybe", "cfg:1: json: 'maybe' is neither 'true' nor 'false'", nil),
      ("help = true", "cfg:1: 'help' can only be given on the command line", nil),
      ("export = csv", "cfg:1: export: needs the values FMT FILE", nil),
    ] as [(String, String, String?)])
  func mistakes(text: String, message: String, hint: String?) {
    let error = #expect(throws: UsageError.self) {
      try resolve(["compress"], ParseInputs(configs: [config(text)]))
    }
    #expect(error?.rendered(program: "s", withHint: false) == "s: \(message)\n")
    if let hint { #expect(error?.hint == hint) }
  }

  @Test("a hostile file name cannot write escapes through a message")
  func hostileName() {
    let error = #expect(throws: UsageError.self) { try config("x", "a\u{1B}[31m") }
    #expect(error?.subject == "a\\x1b[31m:1")
  }
}
