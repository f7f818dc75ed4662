// SPDX-License-Identifier: Apache-2.0

/// The inputs of a target that are worth keeping, in one file of text.
import Foundation

/// A corpus file has one input per line, sorted: as text in double quotes, with `\` before `\`, `"` and, as `\n`, the line
/// end, when it is plain text; else in Base64. So that changes of it can be looked at, and no folder has a thousand files.
public enum Corpus {
  /// The lines of a corpus file.
  public static func text(of inputs: [[UInt8]]) -> String {
    inputs.map(line).sorted().map { $0 + "\n" }.joined()
  }

  /// The inputs of a corpus file.
  ///
  /// - Throws: a ``Finding`` for a line that is none.
  public static func inputs(of text: String) throws -> [[UInt8]] {
    try text.split(separator: "\n", omittingEmptySubsequences: true).map { line in
      guard line.first == "\"" else {
        guard let data = Data(base64Encoded: String(line)) else { throw Finding("no Base64: \(line.prefix(40))") }
        return Array(data)
      }
      guard line.last == "\"", line.count > 1 else { throw Finding("no text: \(line.prefix(40))") }
      var bytes: [UInt8] = []
      var rest = line.utf8.dropFirst().dropLast()[...]
      while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
          bytes.append(byte)
          continue
        }
        bytes.append(next == UInt8(ascii: "n") ? 10 : next)
      }
      return bytes
    }
  }

  private static func line(_ input: [UInt8]) -> String {
    guard input.allSatisfy({ (32..<127).contains($0) || $0 == 10 }) else { return Data(input).base64EncodedString() }
    let text = String(decoding: input, as: UTF8.self)
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }
}
