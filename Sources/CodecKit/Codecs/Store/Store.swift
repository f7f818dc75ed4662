// SPDX-License-Identifier: Apache-2.0

/// No compression: the bytes as they are. For data that is compressed already, and for measuring everything else.
public struct Store: Codec {
  /// Makes the codec; it has no settings.
  public init() {}

  /// `none`: no levels, no signature, no checksum.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "none", summary: "no compression: the bytes as they are", aliases: ["store", "raw"],
      capabilities: [.concatenation])
  }

  /// An engine that copies.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    _ = try descriptor.levels.resolve(options.level, codec: descriptor.id)
    try options.refuseDictionary(codec: descriptor.id)
    return StoreEngine()
  }

  /// An engine that copies.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    try options.refuseDictionary(codec: descriptor.id)
    return StoreEngine()
  }

  /// Exactly as many bytes as go in.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? { count }
}

extension Codec where Self == Store {
  /// No compression.
  public static var none: Store { Store() }
}

/// Copies input to output.
final class StoreEngine: StreamEngine {
  private var hasEnded = false

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    if hasEnded, input.byteCount > 0 {
      throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
    }
    let moved = output.append(prefixOf: input)
    if moved < input.byteCount { return StreamStep(consumed: moved, produced: moved, state: .needsOutput) }
    if flush == .finish { hasEnded = true }
    return StreamStep(consumed: moved, produced: moved, state: hasEnded ? .finished : .needsInput)
  }

  func reset() { hasEnded = false }
}
