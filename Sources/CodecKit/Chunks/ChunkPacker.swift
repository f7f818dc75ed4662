// SPDX-License-Identifier: Apache-2.0

/// Where a chunk stands in its stream: what packing may depend on besides the chunk's bytes.
struct ChunkPlace: Hashable, Sendable {
  /// Counted from 0.
  var index: UInt64
  /// Whether nothing follows it.
  var isLast: Bool
  /// How many bytes of the content stand before it.
  var offset: UInt64 = 0
  /// Whether it is all there is: such streams take a format's plainest form.
  var isOnly: Bool { index == 0 && isLast }
}

/// What the assembler has to know of a packed chunk.
struct PackedChunk: Hashable, Sendable {
  /// How many bytes went in.
  var contentSize: Int
  /// How many bytes came out.
  var packedSize: Int
  /// The checksum of what went in, if the format joins the checksums of its chunks.
  var checksum: UInt32 = 0
}

/// Packs chunks that do not depend on each other's results: the part of a format that workers do. Holds one native
/// context, and is used by one thread at a time.
protocol ChunkPacker: AnyObject {
  /// The most bytes that a chunk of `count` bytes becomes.
  func packedBound(_ count: Int) -> Int

  /// Packs one chunk. The result depends on nothing but the arguments and the options.
  ///
  /// - Parameters:
  ///   - chunk: the bytes; empty only when the whole stream is.
  ///   - place: where it stands.
  ///   - output: has room for at least ``packedBound(_:)``.
  func pack(_ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan) throws(CodecError) -> PackedChunk

  /// Packs one chunk that may refer to what stands before it.
  ///
  /// - Parameters:
  ///   - chunk: the bytes.
  ///   - history: the last bytes before them, as many as ``ChunkAssembler/historySize`` says and the stream has.
  ///   - place: where it stands.
  ///   - output: has room for at least ``packedBound(_:)``.
  func pack(
    _ chunk: RawSpan, after history: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan
  ) throws(CodecError) -> PackedChunk
}

extension ChunkPacker {
  /// Without looking at the history.
  func pack(
    _ chunk: RawSpan, after history: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan
  ) throws(CodecError) -> PackedChunk {
    try pack(chunk, at: place, into: &output)
  }
}

/// Puts packed chunks together: the part of a format that happens in order, on one thread.
protocol ChunkAssembler: AnyObject {
  /// How many bytes of input a chunk takes; the last one may be shorter, and a flush cuts early.
  var chunkSize: Int { get }

  /// Chooses where chunks end, if they do not all have the same size. Default: `nil`.
  var cutter: (any ChunkCutter)? { get }

  /// How many bytes before a chunk its packer wants to see. Default: none.
  var historySize: Int { get }

  /// A packer for one worker.
  func makePacker() throws(CodecError) -> any ChunkPacker

  /// Writes what stands before the first chunk.
  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) throws(CodecError)

  /// Writes what stands before a chunk. Workers may be handed several chunks smaller than 512 KiB at once; then it is
  /// called for the first of them only. Default: nothing.
  func precede(_ place: ChunkPlace, into output: inout ByteBuffer)

  /// Looks at the next bytes of the content, in order and each once, before they are packed: for checksums over the
  /// whole stream. Default: does not.
  func see(_ content: RawSpan)

  /// Notes a chunk whose packed form is going out now, in order: for tables.
  func note(_ packed: PackedChunk, at place: ChunkPlace) throws(CodecError)

  /// Writes what stands behind the last chunk.
  func end(into output: inout ByteBuffer) throws(CodecError)

  /// Back to before ``begin(_:into:)``.
  func reset()
}

extension ChunkAssembler {
  /// All chunks have the same size.
  var cutter: (any ChunkCutter)? { nil }

  /// Nothing.
  var historySize: Int { 0 }

  /// Nothing.
  func precede(_ place: ChunkPlace, into output: inout ByteBuffer) {}

  /// Does not look.
  func see(_ content: RawSpan) {}
}
