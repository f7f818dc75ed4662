// SPDX-License-Identifier: Apache-2.0

/// Small files that say what nothing else says: JSON with a checksum as its last member, so that a changed bit is noticed.
internal import CodecKit
internal import TextFormats

/// Writes and reads one JSON object with a checksum.
enum CheckedJSON {
  private static let name = ",\"checksum\":\""
  private static let digits = 16

  /// The text of an object, with the XXH64 of all of it but the checksum as a further member.
  static func text(_ value: JSONValue) -> String {
    let plain = JSONWriter.text(value)
    return "\(plain.dropLast())\(name)\(sum(of: Array(plain.utf8)))\"}"
  }

  /// The bytes of a file that holds an object.
  static func file(_ value: JSONValue) -> [UInt8] { Array((text(value) + "\n").utf8) }

  /// Reads an object. One without a checksum is taken as it is: earlier versions wrote none.
  ///
  /// - Throws: ``JSONError``, or `nil` instead of a value when the checksum is another one.
  static func value(_ bytes: [UInt8]) throws(JSONError) -> JSONValue? {
    let value = try JSONReader.value(bytes)
    guard value["checksum"] != nil else { return value }
    let end = Array("\"}".utf8)
    var rest = bytes[...]
    if rest.last == UInt8(ascii: "\n") { rest.removeLast() }
    let head = Array(name.utf8)
    let length = head.count + digits + end.count
    guard rest.count > length, rest.suffix(length).starts(with: head), rest.suffix(end.count).elementsEqual(end) else {
      return nil
    }
    let stated = rest.suffix(digits + end.count).prefix(digits)
    let plain = Array(rest.dropLast(length)) + Array("}".utf8)
    return stated.elementsEqual(sum(of: plain).utf8) ? value : nil
  }

  private static func sum(of bytes: [UInt8]) -> String {
    // Bytes have no padding, so their raw view holds nothing that was not written.
    let text = String(unsafe XXH64.of(bytes.span.bytes), radix: 16)
    return String(repeating: "0", count: digits - text.count) + text
  }
}
