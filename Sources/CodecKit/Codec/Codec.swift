// SPDX-License-Identifier: Apache-2.0

/// A compression format: a description, and a factory for the engines that write and read it.
///
/// A codec is a value. It holds the knobs that only its format has; what all formats share is in
/// ``CompressionOptions`` and ``DecompressionOptions``. Everything else in this library (streams, one-shot calls,
/// detection, spec strings, the command line) works with any codec, also with one that this library has never seen.
public protocol Codec: Sendable {
  /// What there is to know about the format.
  var descriptor: CodecDescriptor { get }

  /// Makes an engine that compresses one stream.
  ///
  /// - Parameter options: what the caller wants; fields that the format has no use for are ignored.
  /// - Returns: an engine in its initial state.
  /// - Throws: ``CodecError`` with `levelOutOfRange`, `invalidOption` or `outOfMemory`.
  func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine

  /// Makes an engine that decompresses one stream, with all the frames that are joined in it.
  ///
  /// - Parameter options: limits, dictionary, and what to do with bytes after the end.
  /// - Returns: an engine in its initial state.
  /// - Throws: ``CodecError`` with `invalidOption` or `outOfMemory`.
  func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine

  /// This codec with the parameters of a spec string applied.
  ///
  /// Take out what you understand; the registry refuses a spec of which something is left. The default takes nothing.
  ///
  /// - Parameter parameters: the parameters beyond the common ones.
  /// - Returns: the configured codec.
  /// - Throws: ``CodecError`` with `invalidOption` when a value makes no sense.
  func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec

  /// How sure this codec is that a stream with this beginning is of its format.
  ///
  /// The default answers by ``CodecDescriptor/signatures``.
  func recognizes(_ prefix: RawSpan) -> Recognition

  /// Makes an inspector that reports the structure of a stream without decoding more than it must.
  ///
  /// - Parameter options: limits and dictionary.
  /// - Returns: an inspector, or `nil` (the default) when the format has no structure to report.
  func makeInspector(_ options: DecompressionOptions) throws(CodecError) -> (any StreamInspector)?

  /// Makes a walker that finds the pieces of one stream, damaged or not, for a ``Salvager``.
  ///
  /// - Parameter options: limits, dictionary, and what to do with bytes after the end.
  /// - Returns: a walker, or `nil` (the default) when no part of a stream can be decoded without the ones before it.
  /// - Throws: ``CodecError`` with `invalidOption` or `outOfMemory`.
  func makeSalvageWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SalvageWalker)?

  /// Makes a walker that knows where in a stream decoding can begin, for a ``PartReader``.
  ///
  /// - Parameter options: limits, dictionary, what to do with bytes after the end, and whether an index is trusted.
  /// - Returns: a walker, or `nil` (the default) when every stream must be decoded from its start.
  /// - Throws: ``CodecError`` with `invalidOption` or `outOfMemory`.
  func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)?

  /// This codec, storing the name and time of a file in its header.
  ///
  /// - Parameter metadata: what to store.
  /// - Returns: the codec; unchanged (the default) when the format has no such fields.
  func storing(_ metadata: ContentMetadata) -> any Codec

  /// The name and time that a stream carries in its header.
  ///
  /// - Parameter prefix: the beginning of the stream.
  /// - Returns: what is stored, or `nil` (the default) when nothing is, or when the format has no such fields.
  func storedMetadata(_ prefix: RawSpan) -> ContentMetadata?

  /// The most bytes that compressing `count` bytes in one call can produce, or `nil` (the default) when unknown.
  func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int?
}

/// How sure a codec is that bytes are of its format.
public enum Recognition: Hashable, Sendable {
  /// They are not.
  case no
  /// They may be; another codec that is certain goes first, and a file name may decide.
  case possible
  /// They are.
  case certain
}

extension Codec {
  /// Takes no parameters.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec { self }

  /// Certain when a signature matches.
  public func recognizes(_ prefix: RawSpan) -> Recognition {
    descriptor.signatures.contains { $0.matches(prefix) } ? .certain : .no
  }

  /// Reports no structure.
  public func makeInspector(_ options: DecompressionOptions) throws(CodecError) -> (any StreamInspector)? { nil }

  /// Cannot go on behind damage.
  public func makeSalvageWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SalvageWalker)? { nil }

  /// Begins at the start only.
  public func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)? { nil }

  /// Stores nothing.
  public func storing(_ metadata: ContentMetadata) -> any Codec { self }

  /// Nothing.
  public func storedMetadata(_ prefix: RawSpan) -> ContentMetadata? { nil }

  /// Unknown.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? { nil }
}
