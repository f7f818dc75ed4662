// SPDX-License-Identifier: Apache-2.0

/// A checksum that is fed piece by piece.
///
/// ```swift
/// var checksum = XXH64()
/// checksum.update(first)
/// checksum.update(second)
/// print(checksum.value)
/// ```
public protocol Checksum: ~Copyable {
  /// The result's type.
  associatedtype Value: Hashable & Sendable

  /// Starts over nothing.
  init()

  /// Goes on with more bytes.
  ///
  /// - Parameter bytes: the bytes that follow.
  mutating func update(_ bytes: RawSpan)

  /// The checksum of everything so far. More may follow.
  var value: Value { get }

  /// Back to nothing.
  mutating func reset()

  /// The checksum of one buffer, by the fastest one-shot routine.
  ///
  /// - Parameter bytes: all bytes.
  static func of(_ bytes: RawSpan) -> Value
}

extension Checksum where Self: ~Copyable {
  /// The checksum of one array.
  ///
  /// - Parameter bytes: all bytes.
  public static func of(_ bytes: [UInt8]) -> Value { unsafe of(bytes.span.bytes) }
}
