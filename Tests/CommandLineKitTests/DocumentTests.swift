// SPDX-License-Identifier: Apache-2.0

/// The documents made from a definition: help, manual pages, completions; checked with the real programs if installed.

import CommandLineKit
import Foundation
import Testing

@Suite struct DocumentTests {
  private var topics: [HelpTopic] {
    [.program] + sample.definition.groups.map { .group($0) } + sample.definition.commands.map { .command($0) }
  }

  @Test("no line of help is wider than 79 columns, and short help has one line a flag")
  func helpWidth() {
    for topic in topics {
      for text in [Help.short(topic, sample.definition), Help.long(topic, sample.definition)] {
        for line in text.split(separator: "\n") { #expect(DisplayWidth.of(line) <= 79, "\(line)") }
        #expect(text.hasSuffix("\n"))
      }
    }
  }

  @Test("every flag stands in help, manual page, completions and dump")
  func completeness() {
    let definition = sample.definition
    let scripts = Shell.allCases.map { Completions.script(for: $0, definition) }
    let dump = JSONWriter.text(ProgramDump.json(definition))
    for command in definition.commands {
      let short = Help.short(.command(command), definition)
      let page = ManPage.page(.command(command), definition)
      for flag in definition.globalFlags + command.flags {
        #expect(short.contains("-\(flag.long)") || short.contains("]\(flag.long)"))
        let escaped = flag.long.split(separator: "-").joined(separator: "\\-")
        #expect(page.contains("\\-\\-\(escaped)"), "\(flag.long)")
        #expect(dump.contains("\"long\":\"\(flag.long)\""))
        for script in scripts { #expect(script.contains(flag.long)) }
      }
    }
  }

  @Test("manual pages are clean under groff with all warnings")
  func manualPages() throws {
    guard let groff = find("groff") else { return }
    try withFolder { folder in
      for (name, text) in ManPage.all(sample.definition) {
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        let file = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        for device in ["ascii", "utf8"] {
          let result = try run(groff, ["-ww", "-man", "-T\(device)", "-P-c", "-P-bou", file.path])
          #expect(result.status == 0 && result.error == "", "\(name): \(result.error)")
          #expect(result.output.contains("EXIT STATUS"))
        }
        if let man = find("man") {
          let result = try run(man, ["--warnings", "-l", file.path])
          #expect(result.status == 0 && result.error == "", "\(name): \(result.error)")
        }
      }
    }
  }

  @Test("verbatim lines that look like requests survive in the manual page")
  func roffQuoting() throws {
    guard let groff = find("groff"), let command = sample.definition.command(named: "compress") else { return }
    try withFolder { folder in
      let file = folder.appendingPathComponent("x.1")
      try Data(ManPage.page(.command(command), sample.definition).utf8).write(to: file)
      // Without escapes and backspaces the text can be searched.
      let text = try run(groff, ["-man", "-Tascii", "-P-c", "-P-bou", file.path]).output
      #expect(text.contains(".verbatim line -x") && text.contains("'second") && text.contains("a \\ backslash"))
      #expect(text.contains("'twice' - see ~/.config"))
    }
  }

  @Test("bash loads the script and completes")
  func bash() throws {
    guard let bash = find("bash") else { return }
    let cases: [(words: [String], expected: [String])] = [
      (["sample", "comp"], ["completions", "compress"]), (["sample", "-v", "-T", "2", "dec"], ["decompress"]),
      (["sample", "compress", "--no-c"], ["--no-check", "--no-config"]), (["sample", "c", "--codec", "l"], ["lz4"]),
      (["sample", "compress", "--color", "=", "a"], ["always", "auto"]), (["sample", "compress", "-T", ""], []),
      (["sample", "--color", "ne"], ["never"]), (["sample", "backup", "l"], ["list", "ls"]),
      (["sample", "backup", "list", "--keep-f"], ["--keep-for"]), (["ackz", "--bl"], ["--block-size"]),
      (["sample", "compress", "fi"], ["file one"]), (["sample", "compress", "-o", "fi"], ["file one"]),
      (["sample", "compress", "-O", "s"], ["sub"]), (["sample", "completions", "z"], ["zsh"]),
      (["sample", "help", "dif"], ["diff"]), (["sample", "compress", "--export", "c"], ["csv"]),
    ]
    try withFolder { folder in
      let script = folder.appendingPathComponent("script")
      try Data(Completions.script(for: .bash, sample.definition).utf8).write(to: script)
      try Data().write(to: folder.appendingPathComponent("file one"))
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("sub"), withIntermediateDirectories: false)
      for (words, expected) in cases {
        let list = words.map { "'\($0)'" }.joined(separator: " ")
        let program =
          "set -u; cd '\(folder.path)'; . ./script; COMP_WORDS=(\(list)); COMP_CWORD=\(words.count - 1); _sample; "
          + "printf '%s\\n' ${COMPREPLY[@]+\"${COMPREPLY[@]}\"}"
        let result = try run(bash, ["--norc", "-c", program])
        #expect(result.error == "", "\(words)")
        #expect(result.output.split(separator: "\n").map(String.init).sorted() == expected, "\(words)")
      }
    }
  }

  @Test("fish loads the script and completes")
  func fish() throws {
    guard let fish = find("fish") else { return }
    let cases: [(line: String, expected: [String])] = [
      ("sample comp", ["completions", "compress"]), ("sample -v -T 2 dec", ["decompress"]),
      ("sample compress --no-c", ["--no-check", "--no-config"]), ("sample c --codec l", ["lz4"]),
      ("sample compress --color a", ["always", "auto"]), ("sample backup l", ["list", "ls"]),
      ("ackz --block", ["--block-size"]), ("sample compress -O s", ["sub/"]), ("sample compress fi", ["file one"]),
      ("sample diff --block", []),
    ]
    try withFolder { folder in
      let script = folder.appendingPathComponent("script")
      try Data(Completions.script(for: .fish, sample.definition).utf8).write(to: script)
      try Data().write(to: folder.appendingPathComponent("file one"))
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("sub"), withIntermediateDirectories: false)
      for (line, expected) in cases {
        let program = "cd '\(folder.path)'; source script; complete -C '\(line)'"
        let result = try run(fish, ["--no-config", "-c", program], home: folder.path)
        #expect(result.error == "", "\(line)")
        let words = result.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
        #expect(words.sorted() == expected, "\(line)")
      }
    }
  }

  @Test("zsh loads the script, and it defines its functions")
  func zsh() throws {
    guard let zsh = find("zsh") else { return }
    try withFolder { folder in
      let script = folder.appendingPathComponent("_sample")
      try Data(Completions.script(for: .zsh, sample.definition).utf8).write(to: script)
      let parse = try run(zsh, ["-f", "-n", script.path])
      #expect(parse.status == 0 && parse.error == "")
      let program =
        "autoload -Uz compinit && compinit -u -d '\(folder.path)/dump' && source '\(script.path)' && "
        + "print -l ${_comps[sample]} ${_comps[ackz]} $+functions[_sample_command] $+functions[_sample_backup]"
      let result = try run(zsh, ["-f", "-c", program], home: folder.path)
      #expect(result.error == "" && result.output == "_sample\n_sample\n1\n1\n")
    }
  }

  // MARK: - Running programs

  private func find(_ name: String) -> String? {
    ["/usr/bin/\(name)", "/bin/\(name)"].first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clk-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func run(
    _ program: String, _ arguments: [String], home: String = "/nonexistent"
  ) throws -> (status: Int32, output: String, error: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = [
      "PATH": "/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8", "TERM": "dumb", "MANPAGER": "cat",
    ]
    process.standardInput = FileHandle.nullDevice
    let (output, error) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = error
    try process.run()
    // What these programs write to stderr fits into a pipe, so reading one after the other cannot block.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let messages = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: text, as: UTF8.self), String(decoding: messages, as: UTF8.self))
  }
}
