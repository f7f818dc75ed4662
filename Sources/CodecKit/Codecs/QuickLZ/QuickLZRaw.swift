// SPDX-License-Identifier: Apache-2.0

/// Bare QuickLZ packets, back to back: what programs embed.
///
/// Packets tell their sizes, but nothing tells how many there are, and nothing protects the content. Prefer ``QuickLZ``
/// wherever there is a choice.
public struct QuickLZRaw: Codec {
  /// How many bytes of content packets may refer back to: what the writing program's streaming buffer is set to, 0 for
  /// independent packets. Default: `nil`, which writes independent packets, and reads these and the two usual sizes,
  /// 100000 and 1000000.
  public var streamingBuffer: Int?

  /// Makes the codec.
  ///
  /// - Parameter streamingBuffer: how many bytes of content packets may refer back to; up to 64 MiB.
  public init(streamingBuffer: Int? = nil) {
    self.streamingBuffer = streamingBuffer
  }

  /// The legal sizes of a streaming buffer.
  static let streamingBuffers = 0...64 << 20
  /// The content that a packet may have when it is written.
  static let chunkSizes = 512...32 << 20

  /// `quicklz-raw`: the levels of `quicklz`; no signature, no checksum.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "quicklz-raw", summary: "bare QuickLZ packets, back to back", levels: QuickLZ.levels,
      capabilities: [.concatenation, .independentPieces],
      parameters: [.init("buffer", "bytes that packets may refer back to, such as 100000 or 1000000")])
  }

  /// Takes `buffer`.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    QuickLZRaw(
      streamingBuffer: try parameters.takeByteCount("buffer", in: Self.streamingBuffers) ?? streamingBuffer)
  }

  /// An engine that writes packets.
  ///
  /// ``CompressionOptions/chunkSize`` is the content of a packet: 512 bytes to 32 MiB, 64 KiB when nothing is said, or a
  /// tenth of the streaming buffer when that is less. Packets with a streaming buffer are made on one thread.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let level = try QuickLZ.levels.resolve(options.level, codec: "quicklz-raw")
    try options.refuseDictionary(codec: "quicklz-raw")
    let buffer = try checkedBuffer() ?? 0
    let assembler = QuickLZPacketAssembler(level: level, streamingBuffer: buffer, chunkSize: try chunkSize(options))
    return try makeChunkedEngine(assembler, threads: buffer == 0 ? options.threads : 1)
  }

  /// An engine that reads packets until the input ends.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    try options.refuseDictionary(codec: "quicklz-raw")
    let decoder = QuickLZRawDecoder(
      streamingBuffer: try checkedBuffer(), limits: options.limits, trailingData: options.trailingData)
    return makeParallelDecoder(decoder, options)
  }

  /// A packet may grow by 9 bytes; the bound has room to work in as well.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? {
    guard let size = try? chunkSize(options) else { return nil }
    let (full, rest) = count.quotientAndRemainder(dividingBy: size)
    return full * (9 + size) + QuickLZPacketEncoder.bound(rest == 0 ? size : rest)
  }

  func checkedBuffer() throws(CodecError) -> Int? {
    guard let streamingBuffer else { return nil }
    guard Self.streamingBuffers.contains(streamingBuffer) else {
      throw CodecError(
        .invalidOption, codec: "quicklz-raw",
        reason: "a streaming buffer of \(streamingBuffer) bytes is not possible: 0 to 64 MiB")
    }
    return streamingBuffer
  }

  private func chunkSize(_ options: CompressionOptions) throws(CodecError) -> Int {
    let buffer = streamingBuffer ?? 0
    let size = options.chunkSize ?? (buffer > 0 ? min(64 << 10, max(512, buffer / 10)) : 64 << 10)
    guard Self.chunkSizes.contains(size) else {
      throw CodecError(
        .invalidOption, codec: "quicklz-raw",
        reason: "a chunk of \(size) bytes is not possible: quicklz-raw has packets of 512 bytes to 32 MiB")
    }
    return size
  }
}

extension Codec where Self == QuickLZRaw {
  /// Bare QuickLZ packets.
  public static var quicklzRaw: QuickLZRaw { QuickLZRaw() }
}

/// Writes packets and nothing else.
final class QuickLZPacketAssembler: ChunkAssembler {
  let chunkSize: Int
  private let level: Int
  private let streamingBuffer: Int
  /// The packer of a stream whose packets depend on each other; there is only one.
  private var streamPacker: QuickLZPacketPacker?

  init(level: Int, streamingBuffer: Int, chunkSize: Int) {
    self.level = level
    self.streamingBuffer = streamingBuffer
    self.chunkSize = chunkSize
  }

  func makePacker() throws(CodecError) -> any ChunkPacker {
    let packer = QuickLZPacketPacker(level: level, streamingBuffer: streamingBuffer)
    if streamingBuffer > 0 { streamPacker = packer }
    return packer
  }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) throws(CodecError) {}

  func note(_ packed: PackedChunk, at place: ChunkPlace) throws(CodecError) {}

  func end(into output: inout ByteBuffer) throws(CodecError) {}

  func reset() { streamPacker?.reset() }
}

/// Makes packets.
final class QuickLZPacketPacker: ChunkPacker {
  private let encoder: QuickLZPacketEncoder

  init(level: Int, streamingBuffer: Int) {
    encoder = QuickLZPacketEncoder(level: level, streamingBuffer: streamingBuffer)
  }

  func packedBound(_ count: Int) -> Int { QuickLZPacketEncoder.bound(count) }

  func pack(_ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan) throws(CodecError) -> PackedChunk
  {
    // There is no packet for nothing.
    let size = chunk.byteCount > 0 ? try encoder.encode(chunk, into: &output) : 0
    return PackedChunk(contentSize: chunk.byteCount, packedSize: size)
  }

  func reset() { encoder.reset() }
}
