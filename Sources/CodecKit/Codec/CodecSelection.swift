// SPDX-License-Identifier: Apache-2.0

/// A codec as a spec string chose it: the configured codec, and the common options that the spec sets.
///
/// A selection is itself a codec. What its spec sets goes before the options of a call, because it is the more particular
/// wish: `zstd:level=19` compresses at level 19 whatever level the options name.
public struct CodecSelection: Codec {
  /// The codec with its own parameters applied.
  public let codec: any Codec
  /// The level that the spec sets, if it does. May be changed, for example by a command line flag.
  public var level: CompressionLevel?
  /// The number of threads that the spec sets, if it does.
  public var threads: Int?
  /// The chunk size in bytes that the spec sets, if it does.
  public var chunkSize: Int?
  /// Whether the spec wants a checksum, if it says.
  public var checksum: Bool?

  /// A codec with nothing set.
  public init(_ codec: any Codec) {
    self.codec = codec
  }

  /// Resolves a spec.
  ///
  /// - Parameters:
  ///   - spec: the spec.
  ///   - registry: where to look the name up.
  /// - Throws: ``CodecError`` with `unknownFormat`, `invalidOption` or `levelOutOfRange`.
  public init(_ spec: CodecSpec, in registry: CodecRegistry) throws(CodecError) {
    guard let codec = registry.named(spec.name) else {
      let known = registry.codecs.map(\.descriptor.id.rawValue).joined(separator: ", ")
      throw CodecError(.unknownFormat, reason: "there is no codec '\(spec.name)'; known are: \(known)")
    }
    let descriptor = codec.descriptor
    var parameters = CodecParameters(codec: descriptor.id, spec.parameters.map { ($0.name, $0.value) })
    if let text = parameters.take("level") {
      guard let level = CompressionLevel(text) else {
        throw parameters.invalid("level", text, "a number, fastest, fast, balanced, better or smallest")
      }
      _ = try descriptor.levels.resolve(level, codec: descriptor.id)
      self.level = level
    }
    threads = try parameters.takeInteger("threads", in: 0...1024)
    chunkSize = try parameters.takeByteCount("chunk", in: 1...(1 << 30))
    checksum = try parameters.takeSwitch("checksum")
    self.codec = try codec.configured(&parameters)
    if let unknown = parameters.remainingNames.first {
      let common = ["level", "threads", "chunk", "checksum"]
      let known = (common + descriptor.parameters.map(\.name)).joined(separator: ", ")
      throw CodecError(
        .invalidOption, codec: descriptor.id, reason: "there is no parameter '\(unknown)'; known are: \(known)")
    }
  }

  /// The options of a call with what the spec sets put in.
  public func options(over base: CompressionOptions) -> CompressionOptions {
    var options = base
    if let level { options.level = level }
    if let threads { options.threads = threads }
    if let chunkSize { options.chunkSize = chunkSize }
    if let checksum { options.checksum = checksum }
    return options
  }

  /// The chosen codec's descriptor.
  public var descriptor: CodecDescriptor { codec.descriptor }

  /// Makes the chosen codec's compression engine with the spec's options.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    try codec.makeCompressionEngine(self.options(over: options))
  }

  /// Makes the chosen codec's decompression engine.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    var options = options
    if let threads { options.threads = threads }
    return try codec.makeDecompressionEngine(options)
  }

  /// The selection with further parameters of its codec.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    replacingCodec(try codec.configured(&parameters))
  }

  /// The selection with a codec that stores the metadata.
  public func storing(_ metadata: ContentMetadata) -> any Codec {
    replacingCodec(codec.storing(metadata))
  }

  /// What the chosen codec finds.
  public func storedMetadata(_ prefix: RawSpan) -> ContentMetadata? { codec.storedMetadata(prefix) }

  private func replacingCodec(_ codec: any Codec) -> CodecSelection {
    var copy = CodecSelection(codec)
    copy.level = level
    copy.threads = threads
    copy.chunkSize = chunkSize
    copy.checksum = checksum
    return copy
  }

  /// What the chosen codec says.
  public func recognizes(_ prefix: RawSpan) -> Recognition { codec.recognizes(prefix) }

  /// The chosen codec's inspector.
  public func makeInspector(_ options: DecompressionOptions) throws(CodecError) -> (any StreamInspector)? {
    try codec.makeInspector(options)
  }

  /// The chosen codec's walker.
  public func makeSalvageWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SalvageWalker)? {
    try codec.makeSalvageWalker(options)
  }

  /// The chosen codec's points.
  public func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)? {
    try codec.makeSeekWalker(options)
  }

  /// The chosen codec's bound.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? {
    codec.compressedBound(count, self.options(over: options))
  }
}
