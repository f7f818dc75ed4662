// SPDX-License-Identifier: Apache-2.0

/// A SHA-256 value: 32 bytes, held in place.
///
/// Digests are ordered as their bytes are.
public struct SHA256Digest: Hashable, Comparable, Sendable {
  /// How many bytes a digest has: 32.
  public static let byteCount = 32

  // The big-endian numbers of eight bytes each: they compare as the bytes do.
  private let first: UInt64
  private let second: UInt64
  private let third: UInt64
  private let fourth: UInt64

  /// The digest whose bytes are all zero: a place that no content has.
  public static let zero = SHA256Digest(words: (0, 0, 0, 0))

  init(words: (UInt64, UInt64, UInt64, UInt64)) {
    (first, second, third, fourth) = words
  }

  /// The digest that stands in 32 bytes.
  ///
  /// - Parameter bytes: exactly 32 bytes; nil is the answer to any other number.
  public init?(_ bytes: RawSpan) {
    guard bytes.byteCount == Self.byteCount else { return nil }
    self.init(
      words: (
        bytes.uint64(at: 0).byteSwapped, bytes.uint64(at: 8).byteSwapped, bytes.uint64(at: 16).byteSwapped,
        bytes.uint64(at: 24).byteSwapped
      ))
  }

  /// The digest that stands in 32 bytes.
  ///
  /// - Parameter bytes: exactly 32 bytes; nil is the answer to any other number.
  public init?(_ bytes: [UInt8]) {
    unsafe self.init(bytes.span.bytes)
  }

  /// The digest that 64 hexadecimal digits stand for.
  ///
  /// - Parameter hex: the digits, of either case; nil is the answer to anything else.
  public init?(hex: String) {
    let digits = hex.unicodeScalars.compactMap { $0.isASCII ? Character($0).hexDigitValue : nil }
    guard digits.count == 2 * Self.byteCount, hex.unicodeScalars.count == digits.count else { return nil }
    self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
  }

  /// The first eight bytes as a little-endian number: as good as random, for tables and short names.
  public var prefix: UInt64 { first.byteSwapped }

  /// The 32 bytes in an array of their own.
  public var bytes: [UInt8] {
    withBytes { $0.array }
  }

  /// Lends the 32 bytes.
  ///
  /// - Parameter body: gets them, for the time of the call.
  /// - Returns: what `body` returns.
  public func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
    let words: InlineArray<4, UInt64> = [first.bigEndian, second.bigEndian, third.bigEndian, fourth.bigEndian]
    return unsafe body(words.span.bytes)
  }

  /// Appends the 32 bytes to an array.
  ///
  /// - Parameter array: where they go.
  public func append(to array: inout [UInt8]) {
    withBytes { bytes in
      unsafe bytes.withUnsafeBytes { unsafe array.append(contentsOf: $0) }
    }
  }

  /// Appends the 32 bytes to the initialised part of a span. There must be room.
  ///
  /// - Parameter output: where they go.
  public func append(to output: inout OutputRawSpan) {
    output.appendLittleEndian(first.byteSwapped)
    output.appendLittleEndian(second.byteSwapped)
    output.appendLittleEndian(third.byteSwapped)
    output.appendLittleEndian(fourth.byteSwapped)
  }

  /// Whether one digest's bytes come before another's.
  public static func < (left: SHA256Digest, right: SHA256Digest) -> Bool {
    if left.first != right.first { return left.first < right.first }
    if left.second != right.second { return left.second < right.second }
    if left.third != right.third { return left.third < right.third }
    return left.fourth < right.fourth
  }

  /// Feeds eight of the bytes: the others tell digests apart no better.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(first)
  }
}

extension SHA256Digest: CustomStringConvertible {
  /// The 64 hexadecimal digits, in lower case.
  public var description: String {
    [first, second, third, fourth].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
