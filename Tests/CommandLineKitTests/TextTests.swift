// SPDX-License-Identifier: Apache-2.0

/// Sizes, spans of time, numbers, escaping, JSON, tables and colours.

import CommandLineKit
import Foundation
import Testing

@Suite struct TextTests {
  @Test(
    "sizes",
    arguments: [
      ("0", 0), ("500", 500), ("500B", 500), ("64K", 65536), ("64k", 65536), ("64KiB", 65536), ("64kib", 65536),
      ("64KB", 64000), ("1M", 1 << 20), ("1.5GiB", 3 << 29), ("1.5 MiB", 3 << 19), ("0.5K", 512), ("16E", nil),
      ("15E", 15 << 60), ("18446744073709551615", UInt64.max), ("18446744073709551616", nil),
      ("18EB", 18_000_000_000_000_000_000), ("19EB", nil),
      ("18.446744073EB", 18_446_744_073_000_000_000), ("99999999999999999999999999E", nil), ("", nil), ("K", nil),
      ("-1", nil), ("1.5", nil), ("1.", nil), (".5K", nil), ("1..5K", nil), ("1KiBB", nil), ("1iB", nil), ("1 ", nil),
      ("1  K", nil), ("0x10", nil), ("1K ", nil), ("1.0000000001K", nil), ("１K", nil),
    ] as [(String, UInt64?)])
  func sizes(text: String, expected: UInt64?) {
    #expect((try? ByteCount(parsing: text))?.bytes == expected)
  }

  @Test("size errors tell form from size")
  func sizeErrors() {
    #expect(throws: QuantityError.tooLarge) { try ByteCount(parsing: "16E") }
    #expect(throws: QuantityError.malformed(expected: "a size (such as 500, 64K, 64KiB, 64KB or 1.5G)")) {
      try ByteCount(parsing: "12Q")
    }
  }

  @Test("sizes as text")
  func sizeText() throws {
    #expect(ByteCount(0).description == "0 B" && ByteCount(1023).description == "1023 B")
    #expect(ByteCount(3 << 19).description == "1.5 MiB" && ByteCount(331 << 20).description == "331 MiB")
    #expect(ByteCount((1 << 20) - 1).description == "1.0 MiB" && ByteCount(.max).description == "16.0 EiB")
    #expect(ByteCount(53_271_442).exact == "53,271,442 bytes" && ByteCount(1).exact == "1 byte")
    for count: UInt64 in [0, 1, 1000, 1024, 160 << 20, 3 << 60, .max, 1 << 63] {
      #expect(try ByteCount(parsing: ByteCount(count).argument).bytes == count)
    }
    #expect(ByteCount(160 << 20).argument == "160MiB")
  }

  @Test(
    "durations",
    arguments: [
      ("90s", 90_000), ("10m", 600_000), ("12h", 43_200_000), ("30d", 2_592_000_000), ("2w", 1_209_600_000),
      ("500ms", 500), ("1.5h", 5_400_000), ("1h30m", 5_400_000), ("0", 0), ("0s", 0), ("15250w", 9_223_200_000_000),
      ("15251w", nil), ("99999999999999999999s", nil), ("", nil), ("5", nil), ("s", nil), ("1x", nil), ("30m1h", nil),
      ("1h1h", nil), ("-1s", nil), ("1h 2m", nil), ("3mo", nil), ("1y", nil),
    ] as [(String, Int64?)])
  func durations(text: String, milliseconds: Int64?) {
    let parsed = try? DurationText.parse(text)
    #expect(parsed.map { DurationText.nanoseconds($0) / 1_000_000 } == milliseconds)
  }

  @Test(
    "calendar spans",
    arguments: [
      ("3mo", 3, 0), ("1y", 12, 0), ("1y6mo", 18, 0), ("1mo2w", 1, 1_209_600), ("30d", 0, 2_592_000), ("10m", 0, 600),
      ("292y", 3504, 0), ("293y", nil, 0), ("292y1mo", nil, 0), ("1mo1y", nil, 0), ("", nil, 0), ("y", nil, 0),
      ("1.5y", nil, 0), ("99999999999999999999y", nil, 0), ("1yx", nil, 0),
    ] as [(String, Int?, Int64)])
  func calendar(text: String, months: Int?, seconds: Int64) throws {
    let span = try? CalendarSpan(parsing: text)
    #expect(span?.months == months)
    guard let span else { return }
    #expect(span.duration == .seconds(seconds))
    #expect(try CalendarSpan(parsing: span.description) == span)
  }

  @Test("durations as text")
  func durationText() {
    #expect(
      DurationText.format(.milliseconds(610)) == "0.61 s" && DurationText.format(.milliseconds(12_340)) == "12.3 s")
    #expect(DurationText.format(.seconds(62)) == "1:02" && DurationText.format(.seconds(3723)) == "1:02:03")
    #expect(DurationText.format(.milliseconds(59_960)) == "1:00" && DurationText.format(.seconds(-5)) == "0.00 s")
    #expect(DurationText.clock(.seconds(90_061)) == "1d 01:01:01" && DurationText.clock(.seconds(7)) == "0:07")
    #expect(!DurationText.format(.seconds(Int64.max)).isEmpty && !DurationText.format(.seconds(Int64.min)).isEmpty)
    #expect(DurationText.argument(.seconds(90)) == "90s" && DurationText.argument(.seconds(1_209_600)) == "2w")
    #expect(DurationText.argument(.nanoseconds(18_244_674_000)) == "18244.674ms")
    #expect(DurationText.argument(.nanoseconds(1)) == "0.000001ms")
  }

  @Test("numbers")
  func numbers() {
    #expect(NumberText.fixed(3.14159, decimals: 2) == "3.14" && NumberText.fixed(-0.5, decimals: 0) == "-1")
    #expect(NumberText.fixed(0.005, decimals: 1) == "0.0" && NumberText.fixed(-0.001, decimals: 1) == "0.0")
    #expect(NumberText.fixed(9.996, decimals: 2) == "10.00" && NumberText.fixed(1.05, decimals: 20) == "1.050000000")
    #expect(NumberText.fixed(.nan, decimals: 1) == "nan" && NumberText.fixed(-.infinity, decimals: 1) == "-inf")
    #expect(NumberText.fixed(1e300, decimals: 2) == "1e+300")
    #expect(NumberText.grouped(1_234_567) == "1,234,567" && NumberText.grouped(-123) == "-123")
    #expect(NumberText.grouped(Int64.min) == "-9,223,372,036,854,775,808")
    #expect(NumberText.percent(251, of: 1000) == "25.1 %" && NumberText.percent(1, of: 0) == "-")
  }

  @Test(
    "what is not printable is escaped byte by byte",
    arguments: [
      ([0x61, 0x20, 0x7E], "a ~"), ([0x1B, 0x5B, 0x33, 0x31, 0x6D], "\\x1b[31m"),
      ([0x0A, 0x0D, 0x09], "\\x0a\\x0d\\x09"),
      ([0x7F, 0x00], "\\x7f\\x00"), ([0xC2, 0x9B], "\\xc2\\x9b"), ([0x9B], "\\x9b"), ([0xFF, 0x61], "\\xffa"),
      ([0xC3, 0xA9], "é"), ([0xC3], "\\xc3"), ([0xC0, 0xAF], "\\xc0\\xaf"), ([0xE0, 0x80, 0xAF], "\\xe0\\x80\\xaf"),
      ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"), ([0xF4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"),
      ([0xE2, 0x80, 0xAE], "\\xe2\\x80\\xae"), ([0xE2, 0x81, 0xA6], "\\xe2\\x81\\xa6"),
      ([0xE2, 0x80, 0xA8], "\\xe2\\x80\\xa8"), ([0xE2, 0x80, 0x8B], "\\xe2\\x80\\x8b"),
      ([0xEF, 0xBB, 0xBF], "\\xef\\xbb\\xbf"), ([0xE6, 0x97, 0xA5], "日"), ([0xE2, 0x28, 0xA1], "\\xe2(\\xa1"),
      ([0xF0, 0x9F, 0x98, 0x80], "😀"), ([0xF0, 0x9F, 0x98], "\\xf0\\x9f\\x98"), ([], ""), ([0x5C], "\\"),
      ([0xEE, 0x80, 0x80], "\\xee\\x80\\x80"),
    ] as [([UInt8], String)])
  func escaping(name: [UInt8], shown: String) { #expect(Escaping.visible(name) == shown) }

  @Test("no bytes at all give a control character")
  func escapingExhaustive() {
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let shown = Escaping.visible([first, second, 0x9F, 0x8A])
        #expect(shown.unicodeScalars.allSatisfy { Escaping.isPrintable($0) })
      }
    }
  }

  @Test("JSON keeps order and numbers, and a reader gets the text back")
  func json() throws {
    let exact: UInt64 = 1 << 53
    let value: JSONValue = [
      "z": 1, "a": .uint(exact), "b": .uint(exact + 1), "c": .int(-1 << 53), "d": .int(.min), "e": 1.5,
      "f": .double(.nan), "g": [true, nil], "h": .raw("{}"), "i": .seconds(.milliseconds(610)),
    ]
    #expect(
      JSONWriter.line(value)
        == "{\"z\":1,\"a\":9007199254740992,\"b\":\"9007199254740993\",\"c\":-9007199254740992,"
        + "\"d\":\"-9223372036854775808\",\"e\":1.5,\"f\":null,\"g\":[true,null],\"h\":{},\"i\":0.61}\n")
    let hostile = "\"\\\n\r\t\u{0}\u{1F}\u{7F}\u{9B}\u{202E}\u{2028}é日😀\u{E0001}/"
    let text = JSONWriter.text(["k": .string(hostile)])
    #expect(text.unicodeScalars.allSatisfy { Escaping.isPrintable($0) })
    let read = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String]
    #expect(read == ["k": hostile])
  }

  @Test("file names in JSON")
  func jsonPaths() {
    #expect(JSONWriter.text(.object(JSONValue.path(bytes("a")))) == "{\"path\":\"a\"}")
    var object: JSONValue = ["type": "entry"]
    object.add(JSONValue.path([0x61, 0xFF, 0x62, 0xFE], key: "target"))
    #expect(
      JSONWriter.text(object)
        == "{\"type\":\"entry\",\"target\":\"a\u{FFFD}b\u{FFFD}\",\"target_b64\":\"Yf9i/g==\"}")
    for count in 0..<10 {
      let name = [0xFF] + (0..<UInt8(count)).map { $0 &* 37 }
      let expected = Data(name).base64EncodedString()
      #expect(JSONValue.path(name).last?.value == .string(expected))
    }
  }

  @Test("tables align, shrink the text and never exceed the width")
  func tables() {
    var table = Table([.text("name"), .number("size"), .word("kind")])
    table.add(["a", "1", "file"])
    table.add(["日本語のとても長い名前です", "12345", "dir"])
    table.add(["short"])
    #expect(table.rendered().split(separator: "\n").map { DisplayWidth.of($0) } == [39, 39, 38, 5])
    let narrow = table.rendered(width: 24)
    #expect(narrow.split(separator: "\n").allSatisfy { DisplayWidth.of($0) <= 24 })
    #expect(narrow.contains("日本語のと…  12345  dir"))
    #expect(table.rendered(width: 1).contains("12345"))
    #expect(Table([.text("")]).rendered() == "")
    #expect(table.rendered(style: Style(isEnabled: true)).hasPrefix("\u{1B}[1mname"))
  }

  @Test("colours are decided by value")
  func styles() {
    func on(_ choice: ColorChoice, _ tty: Bool, _ noColor: String?, _ term: String?) -> Bool {
      Style.decide(choice, isTerminal: tty, noColor: noColor, term: term).isEnabled
    }
    #expect(on(.auto, true, nil, "xterm") && on(.auto, true, "", nil) && on(.always, false, "1", "dumb"))
    #expect(!on(.auto, false, nil, nil) && !on(.auto, true, "1", nil) && !on(.auto, true, nil, "dumb"))
    #expect(!on(.never, true, nil, nil))
    #expect(Style.plain.apply(.red, "x") == "x" && Style(isEnabled: true).apply(.red, "x") == "\u{1B}[31mx\u{1B}[0m")
  }

  @Test("paragraphs are filled, verbatim lines are not")
  func wrapping() {
    let text = "one two three\nfour\n\n  as it  is\n  two\nfive 日本語 six"
    #expect(
      TextWrap.lines(text, width: 12, indent: 1) == [
        " one two", " three four", "", "   as it  is", "   two", "", " five 日本語", " six",
      ])
    #expect(TextWrap.lines("", width: 10) == [] && TextWrap.lines("abcdefghijkl", width: 3) == ["abcdefghijkl"])
  }
}
