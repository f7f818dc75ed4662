// SPDX-License-Identifier: Apache-2.0

// JSON is read as it was written, and nothing else is taken for it.
import CommandLineKit
import Testing
import TextFormats

@Suite("reading JSON")
struct JSONReaderTests {
  @Test("what the writer writes is read as it was")
  func roundTrip() throws {
    let value: JSONValue = [
      "text": "a \"quoted\"\\ \n\t\u{1}é💾\u{7F}", "number": 12, "negative": -3, "large": .int(1 << 52), "true": true,
      "null": nil, "list": [1, "two", [], [:]], "real": 1.5,
    ]
    #expect(try JSONReader.value(Array(JSONWriter.text(value).utf8)) == value)
  }

  @Test(
    "white space, escapes and numbers of all forms are read",
    arguments: [
      (" [ 1 , 2 ]\n", JSONValue.array([1, 2])), (#""\u00e9\ud83d\udcbe\/\b\f""#, "é💾/\u{8}\u{C}"),
      ("1e3", .double(1000)), ("-0.5", .double(-0.5)), ("18446744073709551615", .uint(.max)), ("{}", .object([])),
    ])
  func forms(_ text: String, _ value: JSONValue) throws {
    #expect(try JSONReader.value(Array(text.utf8)) == value)
  }

  @Test(
    "what is no JSON is refused",
    arguments: [
      "", " ", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "{a:1}", "01", "+1", "nul", "1 2", "\"a", "\"\\x\"", "\"\\ud800\"",
      "\"\\u12\"", "\"\u{1}\"", "--1", ".5", "]", "\"\\", "tru", String(repeating: "[", count: 10_000),
    ])
  func refused(_ text: String) {
    #expect(throws: JSONError.self) { try JSONReader.value(Array(text.utf8)) }
  }

  @Test("bytes that are no UTF-8 are refused")
  func bytes() {
    #expect(throws: JSONError.self) { try JSONReader.value([0x22, 0xFF, 0x22]) }
  }

  @Test("every beginning of a text is refused, and every changed byte ends well")
  func mutations() throws {
    let text = Array(JSONWriter.text(["a": [1, "é\\u00e9", true], "b": nil]).utf8)
    for length in 0..<text.count {
      #expect(throws: JSONError.self) { try JSONReader.value(Array(text.prefix(length))) }
    }
    for index in text.indices {
      for bit in 0..<8 {
        var changed = text
        changed[index] ^= 1 << bit
        _ = try? JSONReader.value(changed)
      }
    }
  }
}
