// SPDX-License-Identifier: Apache-2.0

// How expected lines are compared with what a program wrote.
import Foundation

/// Expected lines: each exact, except that a line `...` stands for any lines, and `*` within a line for any characters.
struct LinePattern {
  let lines: [String]

  /// Whether all of the actual lines fit.
  func matches(_ actual: [String]) -> Bool {
    // One row of the usual table: which prefixes of the actual lines fit the pattern so far.
    var reachable = [Bool](repeating: false, count: actual.count + 1)
    reachable[0] = true
    for pattern in lines {
      var next = [Bool](repeating: false, count: actual.count + 1)
      if pattern == "..." {
        var seen = false
        for index in reachable.indices {
          seen = seen || reachable[index]
          next[index] = seen
        }
      } else {
        for (index, line) in actual.enumerated() where reachable[index] {
          next[index + 1] = Self.fits(line, pattern)
        }
      }
      reachable = next
    }
    return reachable[actual.count]
  }

  /// Whether a line fits one pattern.
  static func fits(_ line: String, _ pattern: String) -> Bool {
    guard pattern.utf8.contains(UInt8(ascii: "*")) else { return line == pattern }
    let parts = pattern.components(separatedBy: "*")
    var rest = Substring(line)
    guard let first = parts.first, let last = parts.last, rest.hasPrefix(first) else { return false }
    rest = rest.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let range = rest.range(of: part) else { return false }
      rest = rest[range.upperBound...]
    }
    return rest.count >= last.count && rest.hasSuffix(last)
  }

  /// What a program wrote, as lines that can stand in a file: bytes that are no text are written as `«1b»`, and a last
  /// line without its end is followed by a line that says so.
  static func lines(of bytes: [UInt8], replacing names: [(String, String)]) -> [String] {
    guard !bytes.isEmpty else { return [] }
    var text = ""
    var rest = bytes[...]
    while let byte = rest.first {
      let length = characterLength(rest)
      if byte == 0x0A {
        text += "\n"
      } else if byte < 0x20 && byte != 0x09 || byte == 0x7F || length == 0 {
        let digits = String(byte, radix: 16)
        text += "«\(digits.count < 2 ? "0" : "")\(digits)»"
      } else {
        text += String(decoding: rest.prefix(length), as: UTF8.self)
      }
      rest = rest.dropFirst(max(1, length))
    }
    for (name, replacement) in names { text = text.replacingOccurrences(of: name, with: replacement) }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() } else { lines.append(noNewline) }
    return lines
  }

  static let noNewline = "\\ no newline at the end"

  /// How many bytes the character at the beginning has; 0 when it is none.
  private static func characterLength(_ bytes: ArraySlice<UInt8>) -> Int {
    guard let first = bytes.first else { return 0 }
    let length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0
    guard length > 0, bytes.count >= length else { return 0 }
    return String(validating: bytes.prefix(length), as: UTF8.self) == nil ? 0 : length
  }

  /// Actual lines as an expectation: what differs from run to run becomes a pattern.
  static func generalised(_ lines: [String]) -> [String] {
    lines.map { line in
      var line = line
      for (pattern, replacement) in volatile {
        line = line.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
      }
      return line
    }
  }

  // What depends on the version of a library or on the machine is no part of a promise.
  private static let volatile = [
    (#""((?:[a-z]+_)?seconds|peak_memory|ratio|compressed_size)":[0-9.e-]+"#, #""$1":*"#),
    (#"("command":"(?:compress|recompress)".*?"bytes_out":)\d+"#, "$1*"),
    (#"("command":"(?:decompress|test|recompress|info)".*?"bytes_in":)\d+"#, "$1*"),
    (#"("kind":"[a-z]+","offset":)\d+(,"size":)\d+"#, "$1*$2*"),
    (#""offset":[1-9]\d+,"message""#, #""offset":*,"message""#),
    (#"\(offset [1-9]\d+\)"#, "(offset *)"),
    (#"-> \d+ \([0-9.]+ %\)"#, "-> * (* %)"),
    (#"[0-9.]+ s, [0-9.]+ MiB/s"#, "* s, * MiB/s"),
    (
      #"[0-9.]+ s, CPU [0-9.]+ s user \+ [0-9.]+ s system, peak memory [0-9.]+ [KMG]iB"#,
      "* s, CPU * s user + * s system, peak memory *"
    ),
    (#"^(  compressed +)[0-9,]+ bytes \(.*\)"#, "$1* bytes (*)"),
    (#"^(  ratio +)[0-9.]+ \(.*\)"#, "$1* (* %)"),
  ]
}
