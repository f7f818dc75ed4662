// SPDX-License-Identifier: Apache-2.0

// What people and programs write: JSON, settings, arguments, sizes, times, patterns, paths.

import ArchiveKit
import BackupKit
import CodecKit
import CommandLineKit
import SystemIO
import TextFormats

extension FuzzTarget {
  /// Lines of text as seeds.
  private static func lines(_ texts: String...) -> @Sendable () throws -> [[UInt8]] {
    { texts.map { Array($0.utf8) } }
  }

  static let texts: [FuzzTarget] = [
    FuzzTarget(
      "json_reader", "JSON: what is read is written, and read again as the same", longestInput: 4 << 10,
      words: ["null", "true", "false", "\\u", "\\ud83d\\ude00", "1e", "-0", "{}", "[]", "\":", "18446744073709551616"],
      seeds: lines(
        #"{"a":[1,-2.5e3,true,false,null,"\u00e9\n\ud83d\ude00"],"b":{"c":18446744073709551615,"d":-9223372036854775808}}"#,
        "[[[[[[]]]]]]", " \"x\" ", "1e308", "0.1", "-0", "{\"a\":1,\"a\":2}"),
      check: { input in
        guard let value = try? JSONReader.value(input) else { return }
        let text = JSONWriter.text(value)
        try require(!text.utf8.contains(10), "JSON of several lines")
        let again = try JSONReader.value(Array(text.utf8))
        try require(JSONWriter.text(again) == text, "written again it is \(JSONWriter.text(again)), not \(text)")
      }),
    FuzzTarget(
      "escaping", "text for terminals and JSON: nothing of it does anything", longestInput: 1 << 10,
      seeds: lines("plain", "a\u{1B}[31m\n\u{85}\u{202E}", "é\u{301} \\x41"),
      check: { input in
        let text = Escaping.visible(input)
        try require(text.unicodeScalars.allSatisfy(Escaping.isPrintable), "something that is not printable")
        let quoted = JSONWriter.quoted(String(decoding: input, as: UTF8.self))
        guard case .string(let back) = try JSONReader.value(Array(quoted.utf8)) else { throw Finding("no string") }
        try require(back == String(decoding: input, as: UTF8.self), "quoted it is another text")
        try require(DisplayWidth.of(text) >= 0, "a negative width")
        for width in [1, 7, 80] {
          _ = TextWrap.lines(text, width: width)
          try require(DisplayWidth.of(DisplayWidth.truncated(text, to: width)) <= width, "truncated it is too wide")
        }
      }),
    FuzzTarget(
      "configuration", "configuration files, and what they say of a program", longestInput: 2 << 10,
      words: [
        "[compress]", "[backup create]", "codec", "level", "keep-for", "block-size", "exclude", " = ", "#", "\"",
      ],
      seeds: lines(
        "# a file\ncodec = zstd:level=3\nlevel = 9\n[compress]\nforce = true\nexclude = \"a # b\\\"\\\\\"\n",
        "[backup create]\nkeep-for = 3 months\nblock-size = 4MiB\n", "\u{FEFF}progress = never\n[x"),
      check: { input in
        guard let file = try? ConfigFile(parsing: input, name: Array("config".utf8)) else { return }
        do { try file.check(against: FuzzedProgram.definition) } catch { return }
        for command in ["compress", "backup create"] {
          let words = ["tool"] + command.split(separator: " ").map(String.init) + ["file"]
          _ = try? FuzzedProgram.run(words.map { Array($0.utf8) }, ParseInputs(configs: [file]))
        }
      }),
    FuzzTarget(
      "argument_parser", "command lines, one argument per line", longestInput: 1 << 10,
      words: [
        "--", "-", "--level", "--block-size=", "-19", "--fast=3", "compress", "backup", "create", "--export", "-kf",
      ],
      seeds: lines(
        "tool\ncompress\n-19\n--block-size=4MiB\n-X\n*.o\n--\n-file", "tool\nbackup\ncreate\n--keep-for\n2 weeks\nx",
        "other\n-d\nfile", "tool\n--help", "tool\nc\n--fast\n--no-check\n--export\ncsv\nout\nin", "tool\nhelp\nc"),
      check: { input in
        let arguments = input.split(separator: 10, omittingEmptySubsequences: false).map { Array($0) }
        do { _ = try FuzzedProgram.run(arguments, ParseInputs()) } catch let error as UsageError {
          let text = error.rendered(program: "tool")
          try require(
            text.unicodeScalars.allSatisfy { $0 == "\n" || Escaping.isPrintable($0) }, "a message that is not printable"
          )
        }
      }),
    FuzzTarget(
      "size_and_duration", "sizes, durations, spans, times, levels, digests and codec specifications",
      longestInput: 200,
      words: ["KiB", "MB", "ms", "weeks", "months", "1h30m", "T", "Z", "+01:00", "zstd:level=", ",threads=", "max"],
      seeds: lines(
        "4MiB", "1.5GB", "18446744073709551615", "1h30m", "250ms", "2 weeks", "3 months", "2024-02-29T23:59:60Z",
        "1969-12-31T23:59:59.999999999+01:00", "zstd:level=19,threads=4", "lz4-raw:size=65536", "best", "-5",
        "30d", "0192f0c4-0000-7000-8000-000000000001"),
      check: checkQuantities),
    FuzzTarget(
      "glob", "patterns: beside a plain matcher, which answers the same", longestInput: 60,
      words: ["**/", "/**", "[!", "[^", "]", "*", "?", "\\", "[a-z]"],
      seeds: lines(
        "*.ibd\nmysql/db/t.ibd", "a/**/b\na/x/y/b", "[!abx-z]?\nqr", "**/x\nx", "/a\\*b\na*b", "a/**\na/b/c", "[]a]\n]"),
      check: { input in
        let parts = input.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false).map { Array($0) }
        guard let pattern = parts.first, let glob = Glob(pattern) else { return }
        let path = parts.count > 1 ? parts[1] : pattern
        let expected = PlainGlob.matches(pattern, path)
        try require(glob.matches(path) == expected, "the plain matcher says \(expected)")
      }),
    FuzzTarget(
      "path_normalise", "paths of entries, and what a path is made of", longestInput: 300,
      words: ["/", "..", ".", "//"], seeds: lines("a/b/c", "../x", "/etc/passwd", "a/./b", "a//b", "a/../../x", ""),
      check: { input in
        if EntryPath.fault(in: input) == nil {
          try require(!input.contains(0), "a path with a NUL")
          let names = input.isEmpty ? [] : input.split(separator: 47, omittingEmptySubsequences: false)
          for name in names {
            try require(!name.isEmpty && Array(name) != [46] && Array(name) != [46, 46], "a path that leads away")
          }
          try require(EntryPath.isBeneath(input + [47, 65], input) || input.isEmpty, "not beneath itself")
          try require(!EntryPath.precedes(input, input), "a path before itself")
        }
        let path = Path(input)
        _ = (path.parent, path.lastComponent, path.removing(suffix: ".gz"), path.joining(input), path.isAbsolute)
        let halves = (Array(input.prefix(input.count / 2)), Array(input.suffix(input.count - input.count / 2)))
        if halves.0 != halves.1 {
          try require(
            EntryPath.precedes(halves.0, halves.1) != EntryPath.precedes(halves.1, halves.0), "no order of two paths")
        }
      }),
  ]

  @Sendable private static func checkQuantities(_ input: [UInt8]) throws {
    let text = String(decoding: input, as: UTF8.self)
    if let size = try? ByteCount(parsing: text) {
      let again = try ByteCount(parsing: size.argument)
      try require(again == size, "\(size.bytes) bytes are written \(size.argument), which is \(again.bytes)")
      _ = (size.description, size.exact)
    }
    if let duration = try? DurationText.parse(text) {
      let again = try DurationText.parse(DurationText.argument(duration))
      try require(again == duration, "\(duration) is written \(DurationText.argument(duration))")
      _ = (DurationText.format(duration), DurationText.clock(duration), DurationText.nanoseconds(duration))
    }
    if let span = try? CalendarSpan(parsing: text) {
      let again = try CalendarSpan(parsing: span.description)
      try require(again == span, "\(span.description) is read as \(again.description)")
    }
    if let time = Timestamp(rfc3339: text) {
      let written = time.rfc3339(fractionDigits: 9)
      try require(Timestamp(rfc3339: written) == time, "\(time.seconds).\(time.nanoseconds) is written \(written)")
      _ = (time.dayAndSecond, time.adding(months: Int64(input.count) - 100), time.nanosecondsSince1970)
    }
    if let retention = try? Retention(parsing: text) {
      let again = try Retention(parsing: retention.description)
      try require(again == retention, "\(retention.description) is read as \(again.description)")
      _ = (retention.end(from: Timestamp(seconds: .max)), retention.start(endingAt: Timestamp(seconds: .min)))
    }
    if let digest = SHA256Digest(hex: text) {
      try require(digest.description == text.lowercased(), "a digest is written in another way")
    }
    if let id = BackupID(text) {
      try require(BackupID(id.description) == id, "an identifier is written in another way")
    }
    if let level = CompressionLevel(text) { _ = level.description }
    if let spec = try? CodecSpec(text) {
      try require(try CodecSpec(spec.description) == spec, "\(spec.description) is another specification")
    }
    if let selection = try? CodecRegistry.builtin.codec(text) {
      let options = selection.options(over: CompressionOptions())
      guard (options.chunkSize ?? 0) <= 4 << 20, options.threads <= 4 else { return }
      // An engine of any options that are taken can be made, or they are refused.
      if options.level == CompressionOptions().level { _ = try? selection.makeCompressionEngine(options) }
    }
  }
}
