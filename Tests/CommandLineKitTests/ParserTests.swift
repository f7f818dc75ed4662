// SPDX-License-Identifier: Apache-2.0

/// How arguments are cut and what they set.

import CommandLineKit
import Testing

@Suite struct ParserTests {
  @Test("short flags, bundles and attached values")
  func shortFlags() throws {
    let options = try parseSample(["-kcf", "-T4", "-B", "64K", "-oout"]).options
    #expect(options.keep && options.stdout && options.force)
    #expect(options.global.threads == 4)
    #expect(options.blockSize == 65536)
    #expect(options.output == bytes("out"))
  }

  @Test("long flags take values after = or as the next argument")
  func longFlags() throws {
    let options = try parseSample(["--codec=lz4:level=3", "--max-memory", "1GB", "--threads=0", "--output", "-"])
      .options
    #expect(options.codec == "lz4:level=3")
    #expect(options.maximum == 1_000_000_000)
    #expect(options.global.threads == 0)
    #expect(options.output == bytes("-"))
  }

  @Test(
    "digits are a level, alone and in bundles",
    arguments: [
      ("-1", 1), ("-9", 9), ("-19", 19), ("-22", 22), ("-k9c", 9), ("-9c", 9), ("-c12", 12), ("-3T4", 3),
      ("--level=7", 7),
    ])
  func levels(argument: String, level: Int) throws {
    #expect(try parseSample([argument]).options.level == level)
  }

  @Test("letters after the level in a bundle still count")
  func lettersAfterLevel() throws {
    let options = try parseSample(["-9cT4"]).options
    #expect(options.level == 9 && options.stdout && options.global.threads == 4)
  }

  @Test("an optional value is only taken after =")
  func optionalValue() throws {
    #expect(try parseSample(["--fast"]).options.fast == 1)
    #expect(try parseSample(["--fast=7"]).options.fast == 7)
    let options = try parseSample(["--fast", "7"]).options
    #expect(options.fast == 1 && options.files == [bytes("7")])
  }

  @Test("negations, counts, lists, and the last one wins")
  func repetition() throws {
    let options = try parseSample([
      "-vv", "--verbose", "-q", "--check", "--no-check", "--progress=always", "--no-progress", "-X", "a", "--exclude=b",
      "--rm", "-k", "--codec", "x", "--codec", "y", "-3", "-5",
    ]).options
    #expect(options.global.verbose == 3 && options.global.quiet == 1)
    #expect(!options.check && options.global.progress == .never)
    #expect(options.exclude == ["a", "b"])
    #expect(options.keep && options.codec == "y" && options.level == 5)
  }

  @Test("flags and positionals mix; -- ends the flags; - is a positional")
  func positionals() throws {
    let options = try parseSample(["a", "-c", "-", "b", "--", "-k", "--rm", "--"]).options
    #expect(options.files == arguments("a", "-", "b", "-k", "--rm", "--"))
    #expect(options.stdout && options.keep)
  }

  @Test("a flag of two values")
  func pairs() throws {
    #expect(try parseSample(["--export", "csv", "r.csv", "x"]).options.export == ["csv", "r.csv"])
    #expect(try parseSample(["--export=json", "r"]).options.export == ["json", "r"])
    expectError(["--export", "csv"], .missingValue, "--export needs a value: --export FMT FILE")
    expectError(["--export", "xml", "f"], .invalidValue, "--export: 'xml' is not one of csv, json")
  }

  @Test("file names are bytes, texts must be UTF-8")
  func rawBytes() throws {
    let parser = Parser<SampleOptions>(flags: sampleFlags, positionals: [.paths("FILE", \.files, "files")])
    let name: [UInt8] = [0x61, 0xFF, 0x1B]
    let options = try parser.parse([bytes("--output") + [0x3D] + name, bytes("-o") + name, name]).options
    #expect(options.output == name && options.files == [name])
    let error = #expect(throws: UsageError.self) { try parser.parse([bytes("--codec="), bytes("--codec=") + name]) }
    #expect(error?.message == "--codec: 'a\\xff\\x1b' is not valid UTF-8")
    let unknown = #expect(throws: UsageError.self) { try parser.parse([bytes("--") + name]) }
    #expect(unknown?.message == "unknown option '--a\\xff\\x1b'")
    let short = #expect(throws: UsageError.self) { try parser.parse([bytes("-k") + name.dropFirst()]) }
    #expect(short?.message == "unknown option '-\\xff'")
  }

  @Test(
    "mistakes are named",
    arguments: [
      (["--thread=3"], UsageError.Code.unknownOption, "unknown option '--thread'", "did you mean --threads?"),
      (["--blok-size=3"], .unknownOption, "unknown option '--blok-size'", "did you mean --block-size?"),
      (["--to-stdou"], .unknownOption, "unknown option '--to-stdou'", "did you mean --to-stdout?"),
      (["--zzzzzz"], .unknownOption, "unknown option '--zzzzzz'", nil),
      (["-z"], .unknownOption, "unknown option '-z'", nil),
      (["-rm"], .unknownOption, "unknown option '-r'", "did you mean --rm?"),
      (["-kz"], .unknownOption, "unknown option '-z'", nil),
      (["--=x"], .unknownOption, "unknown option '--'", nil),
      (["-0"], .invalidValue, "level: '0' is not a number from 1 to 22", nil),
      (["-23"], .invalidValue, "level: '23' is not a number from 1 to 22", nil),
      (["-99999999999999999999999"], .invalidValue, nil, nil),
      (["-T"], .missingValue, "-T needs a value: -T N", nil),
      (["--output"], .missingValue, "--output needs a value: --output FILE", nil),
      (["--output="], .invalidValue, "--output: the file name is empty", nil),
      (["-T", "x"], .invalidValue, "-T: 'x' is not a number from 0 to 256", nil),
      (["--threads=257"], .invalidValue, "--threads: '257' is not a number from 0 to 256", nil),
      (["--keep=yes"], .unexpectedValue, "--keep takes no value", nil),
      (["--no-check=1"], .unexpectedValue, "--no-check takes no value", nil),
      (["--color=alway"], .invalidValue, nil, "did you mean always?"),
      (["--fast=0"], .invalidValue, "--fast: '0' is not a number from 1 to 99", nil),
      (["--max-memory=12Q"], .invalidValue, nil, nil),
      (["--min-time=5"], .invalidValue, nil, nil),
      ([""], .invalidValue, "FILE: the file name is empty", nil),
    ] as [([String], UsageError.Code, String?, String?)])
  func mistakes(typed: [String], code: UsageError.Code, message: String?, hint: String?) {
    expectError(typed, code, message, hint: hint)
  }

  @Test("no argument of strange form can do harm")
  func strangeArguments() {
    let pieces = ["", "-", "--", "---", "--=", "=", "-=", "-T", "-9", "\u{0}", "-\u{0}", "é", "-é", "--fast=", "-o"]
    for first in pieces {
      for second in pieces {
        for third in pieces {
          // Whatever comes out, it is a value: an error or options.
          do { _ = try parseSample([first, second, third]) } catch { #expect(!error.message.isEmpty) }
        }
      }
    }
  }

  @Test("several positionals share what there is")
  func sharing() throws {
    let parser = Parser<SampleOptions>(
      flags: [],
      positionals: [
        .paths("IN", \.files, count: 1...Int.max, "inputs"), .optionalPath("MAYBE", \.folder, "maybe"),
        Positional("OUT", value: .path, "output") { $1.output = $0.path },
      ])
    let three = try parser.parse(arguments("a", "b", "c")).options
    #expect(three.files == arguments("a", "b") && three.output == bytes("c") && three.folder == nil)
    let two = try parser.parse(arguments("a", "c")).options
    #expect(two.files == arguments("a") && two.output == bytes("c"))
    let error = #expect(throws: UsageError.self) { try parser.parse(arguments("a")) }
    #expect(error?.code == .missingArgument && error?.message == "OUT is missing")
  }

  @Test("the message has the form program: command: what, then the hint")
  func messageForm() {
    let error = #expect(throws: UsageError.self) { try parseSample(["--thread"]) }
    #expect(
      error?.rendered(program: "sample")
        == "sample: compress: unknown option '--thread'\nhint: did you mean --threads?\n")
    #expect(error?.rendered(program: "sample", withHint: false) == "sample: compress: unknown option '--thread'\n")
  }

  @Test("suggestions count swaps as one mistake and stay within two")
  func suggestions() {
    #expect(Suggestions.distance("threads", "thraeds") == 1)
    #expect(Suggestions.distance("abc", "") == 3)
    #expect(Suggestions.distance("kitten", "sitting") == 3)
    #expect(Suggestions.best(for: "compres", among: ["decompress", "compress"]) == "compress")
    #expect(Suggestions.best(for: "xyz", among: ["abc"]) == nil)
    #expect(Suggestions.best(for: "a", among: ["b", "c"]) == nil)
    #expect(Suggestions.best(for: "decom", among: ["decompress", "compress"]) == "decompress")
    #expect(Suggestions.best(for: String(repeating: "x", count: 100_000), among: ["abc"]) == nil)
  }

  private func expectError(
    _ typed: [String], _ code: UsageError.Code, _ message: String?, hint: String? = nil
  ) {
    let error = #expect(throws: UsageError.self) { try parseSample(typed) }
    #expect(error?.code == code)
    if let message { #expect(error?.message == message) }
    if let hint { #expect(error?.hint == hint) }
    #expect(error?.subject == "compress")
  }
}
