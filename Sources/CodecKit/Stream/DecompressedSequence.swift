// SPDX-License-Identifier: Apache-2.0

/// A sequence of compressed byte chunks, decompressed on the way, within limits.
public struct DecompressedSequence<Base: AsyncSequence, Format: Codec>: AsyncSequence where Base.Element == [UInt8] {
  /// Chunks of decompressed bytes, of any size but empty.
  public typealias Element = [UInt8]

  let base: Base
  let codec: Format
  let options: DecompressionOptions

  /// Starts decompressing.
  public func makeAsyncIterator() -> Iterator {
    Iterator(
      base: base.makeAsyncIterator(),
      makeEngine: { () throws(CodecError) in
        try GuardedEngine(decompressing: codec, options)
      })
  }

  /// Pulls chunks from the base and hands decompressed chunks on.
  public struct Iterator: AsyncIteratorProtocol {
    private var transform: ChunkTransform<Base.AsyncIterator>

    init(base: Base.AsyncIterator, makeEngine: @escaping () throws(CodecError) -> GuardedEngine) {
      transform = ChunkTransform(base: base, makeEngine: makeEngine)
    }

    /// The next chunk, or `nil` after the last.
    ///
    /// - Throws: ``CodecError``, and what the base throws.
    public mutating func next() async throws -> [UInt8]? { try await transform.next() }
  }
}

@available(*, unavailable)
extension DecompressedSequence.Iterator: Sendable {}

extension AsyncSequence where Element == [UInt8] {
  /// The bytes of this sequence, decompressed.
  ///
  /// - Parameters:
  ///   - codec: the codec.
  ///   - options: limits, dictionary, and what to do with bytes after the end.
  public func decompressed<Format: Codec>(
    with codec: Format, _ options: DecompressionOptions = .init()
  ) -> DecompressedSequence<Self, Format> {
    DecompressedSequence(base: self, codec: codec, options: options)
  }
}
