// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// SHA-256: the identity of bytes, also against somebody who would like two contents to have the same.
///
/// A hash of a few bytes costs some 60 ns and no allocation; a processor with SHA instructions hashes 1.8 GB a second.
///
/// ```swift
/// let whole = SHA256.hash(bytes)
///
/// var pieces = SHA256()
/// pieces.update(first)
/// pieces.update(second)
/// let digest = pieces.finish()
/// ```
public struct SHA256: Checksum, ~Copyable {
  private var state = ck_sha256_state()

  /// Starts over nothing.
  public init() {
    unsafe ck_sha256_start(&state)
  }

  /// Goes on with more bytes.
  ///
  /// - Parameter bytes: the bytes that follow.
  public mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe ck_sha256_update(&state, $0.baseAddress, $0.count) }
  }

  /// Goes on with more bytes.
  ///
  /// - Parameter bytes: the bytes that follow.
  public mutating func update(_ bytes: [UInt8]) {
    unsafe update(bytes.span.bytes)
  }

  /// Goes on with the 32 bytes of another hash, as trees of hashes do.
  ///
  /// - Parameter digest: the hash whose bytes follow.
  public mutating func update(_ digest: SHA256Digest) {
    digest.withBytes { update($0) }
  }

  /// The hash of everything so far. More may follow.
  public var value: SHA256Digest {
    var copy = state
    return unsafe SHA256Digest(ck_sha256_value(&copy))
  }

  /// The hash of everything so far; the next update starts a new one.
  ///
  /// - Returns: the hash.
  public mutating func finish() -> SHA256Digest {
    let digest = value
    reset()
    return digest
  }

  /// Back to nothing.
  public mutating func reset() {
    unsafe ck_sha256_start(&state)
  }

  /// The hash of one buffer.
  ///
  /// - Parameter bytes: all bytes.
  /// - Returns: the hash.
  public static func hash(_ bytes: RawSpan) -> SHA256Digest {
    unsafe bytes.withUnsafeBytes { unsafe SHA256Digest(ck_sha256($0.baseAddress, $0.count)) }
  }

  /// The hash of one array.
  ///
  /// - Parameter bytes: all bytes.
  /// - Returns: the hash.
  public static func hash(_ bytes: [UInt8]) -> SHA256Digest {
    unsafe hash(bytes.span.bytes)
  }

  /// The hash of one buffer: ``hash(_:)-(RawSpan)`` by the name that all checksums have.
  ///
  /// - Parameter bytes: all bytes.
  /// - Returns: the hash.
  public static func of(_ bytes: RawSpan) -> SHA256Digest { hash(bytes) }
}

extension SHA256Digest {
  /// The hash that the C side made.
  fileprivate init(_ digest: ck_sha256_digest) {
    self.init(words: (digest.words.0, digest.words.1, digest.words.2, digest.words.3))
  }
}
