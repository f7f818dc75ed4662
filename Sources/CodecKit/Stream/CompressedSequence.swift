// SPDX-License-Identifier: Apache-2.0

/// A sequence of byte chunks, compressed on the way.
///
/// ```swift
/// for try await chunk in file.chunks.compressed(with: .zstd, .init { $0.level = .fast }) { … }
/// ```
public struct CompressedSequence<Base: AsyncSequence, Format: Codec>: AsyncSequence where Base.Element == [UInt8] {
  /// Chunks of compressed bytes, of any size but empty.
  public typealias Element = [UInt8]

  let base: Base
  let codec: Format
  let options: CompressionOptions

  /// Starts compressing.
  public func makeAsyncIterator() -> Iterator {
    Iterator(
      base: base.makeAsyncIterator(),
      makeEngine: { () throws(CodecError) in
        try GuardedEngine(compressing: codec, options)
      })
  }

  /// Pulls chunks from the base and hands compressed chunks on.
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
extension CompressedSequence.Iterator: Sendable {}

extension AsyncSequence where Element == [UInt8] {
  /// The bytes of this sequence, compressed.
  ///
  /// - Parameters:
  ///   - codec: the codec.
  ///   - options: what it should do.
  public func compressed<Format: Codec>(
    with codec: Format, _ options: CompressionOptions = .init()
  ) -> CompressedSequence<Self, Format> {
    CompressedSequence(base: self, codec: codec, options: options)
  }
}
