// SPDX-License-Identifier: Apache-2.0

/// Writes JSON text.
public enum JSONWriter {
  /// The value on one line, with the newline of a JSON Lines stream.
  ///
  /// - Parameter value: The value.
  /// - Returns: One line.
  public static func line(_ value: JSONValue) -> String { text(value) + "\n" }

  /// The value on one line, without a newline.
  ///
  /// - Parameter value: The value.
  /// - Returns: The text.
  public static func text(_ value: JSONValue) -> String {
    var text = ""
    append(value, to: &text)
    return text
  }

  /// A text in quotes, in which everything is escaped that JSON demands or that could disturb a terminal.
  ///
  /// - Parameter text: Any text.
  /// - Returns: A JSON string.
  public static func quoted(_ text: String) -> String {
    var result = ""
    append(text, to: &result)
    return result
  }

  /// Integers up to this magnitude are exact in readers that keep all numbers as doubles.
  private static let exact: UInt64 = 1 << 53

  private static func append(_ value: JSONValue, to text: inout String) {
    switch value {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .int(let value): text += value.magnitude <= exact ? "\(value)" : "\"\(value)\""
    case .uint(let value): text += value <= exact ? "\(value)" : "\"\(value)\""
    case .double(let value): text += value.isFinite ? value.description : "null"
    case .string(let value): append(value, to: &text)
    case .raw(let value): text += value
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        append(value, to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        append(member.key, to: &text)
        text += ":"
        append(member.value, to: &text)
      }
      text += "}"
    }
  }

  private static func append(_ string: String, to text: inout String) {
    text += "\""
    if string.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
      text += string
    } else {
      for scalar in string.unicodeScalars { append(scalar, to: &text) }
    }
    text += "\""
  }

  private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
    switch scalar {
    case "\"": text += "\\\""
    case "\\": text += "\\\\"
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    default:
      if Escaping.isPrintable(scalar) {
        text.unicodeScalars.append(scalar)
      } else {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
  }
}
