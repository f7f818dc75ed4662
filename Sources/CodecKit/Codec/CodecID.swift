// SPDX-License-Identifier: Apache-2.0

/// The stable name of a codec, such as `zstd` or `gzip`: lower case ASCII letters, digits and `-`.
public struct CodecID: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  /// The name itself.
  public let rawValue: String

  /// Makes an identifier from a name. The registry checks the form when a codec is registered.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  /// Makes an identifier from a literal name.
  public init(stringLiteral value: String) {
    self.rawValue = value
  }

  /// The name itself.
  public var description: String { rawValue }

  /// Whether the name has the form that a registry accepts: 1 to 32 of `a-z`, `0-9` and `-`, starting with a letter.
  public var isWellFormed: Bool {
    let bytes = Array(rawValue.utf8)
    guard let first = bytes.first, bytes.count <= 32, (0x61...0x7A).contains(first) else { return false }
    return bytes.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
  }

  /// Orders identifiers by name.
  public static func < (left: CodecID, right: CodecID) -> Bool { left.rawValue < right.rawValue }
}
