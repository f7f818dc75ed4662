// SPDX-License-Identifier: Apache-2.0

/// A bare S2 block, without framing or checksum: what databases and protocols embed. Reads Snappy blocks as well.
///
/// The whole block is kept in memory, and nothing protects the content; prefer ``S2`` wherever there is a choice. Only
/// bare blocks can use dictionaries.
public struct S2Raw: Codec, Hashable {
  /// The most content that a block may have here: 1 GiB, compressing and decompressing.
  public static let maximumContentSize = 1 << 30

  /// Whether to write blocks that plain Snappy decoders read, at some cost in size. Default: `false`.
  public var isSnappyCompatible = false

  /// Makes the codec.
  ///
  /// - Parameter isSnappyCompatible: whether to write blocks that plain Snappy decoders read.
  public init(isSnappyCompatible: Bool = false) {
    self.isSnappyCompatible = isSnappyCompatible
  }

  static let id: CodecID = "s2-raw"

  /// `s2-raw`: the levels of `s2`, dictionaries; no signature, no checksum.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: Self.id, summary: "bare S2 blocks, kept in memory as a whole", suffixes: [".s2.block", ".sz.block"],
      levels: S2.levels, capabilities: [.contentSize, .dictionary, .dictionaryTraining],
      parameters: [.init("snappy", "yes: write blocks that plain Snappy decoders read")])
  }

  /// Takes `snappy`.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    S2Raw(isSnappyCompatible: try parameters.takeSwitch("snappy") ?? isSnappyCompatible)
  }

  /// An engine that gathers everything, up to ``maximumContentSize``, and compresses it at the end.
  ///
  /// - Throws: ``CodecError`` with `levelOutOfRange`, or `invalidOption` for a dictionary that is none.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let effort = try S2.effort(options.level, codec: Self.id)
    let dictionary: S2DictionaryContent? =
      if let dictionary = options.dictionary { try S2DictionaryContent.of(dictionary) } else { nil }
    return WholeBlockEngine(
      Packer(S2BlockEncoder(effort, isSnappyCompatible ? .snappy : .s2, dictionary: dictionary)))
  }

  /// An engine that gathers a whole block and decodes it at the end.
  ///
  /// Blocks that declare more than ``maximumContentSize`` or ``DecompressionLimits/maximumWindowSize`` are refused as
  /// soon as that is seen, with `limitExceeded`.
  ///
  /// - Throws: ``CodecError`` with `invalidOption` for a dictionary that is none.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    let dictionary: S2DictionaryContent? =
      if let dictionary = options.dictionary { try S2DictionaryContent.of(dictionary) } else { nil }
    return WholeBlockEngine(
      Unpacker(
        limit: min(options.limits.maximumWindowSize, UInt64(Self.maximumContentSize)),
        trailingData: options.trailingData, dictionary: dictionary))
  }

  /// The worst case of the format: up to 10 bytes more than the content.
  public func compressedBound(_ count: Int, _ options: CompressionOptions) -> Int? {
    count < 0 || count > Self.maximumContentSize ? nil : Self.bound(count)
  }

  /// Exact for what is searched as a whole; content beyond 4 MiB is searched in parts, each of which may become a literal,
  /// as may the part that a dictionary is used for.
  private static func bound(_ count: Int) -> Int {
    let parts = count <= S2DictionaryEncoder.reach ? 0 : count / S2Match.maximumCount + 1
    return S2Format.blockBound(count) + parts * 4
  }

  private final class Packer: BlockTransform {
    private let encoder: S2BlockEncoder

    init(_ encoder: S2BlockEncoder) { self.encoder = encoder }

    var maximumInputSize: Int { S2Raw.maximumContentSize }

    func tooMuchInput() -> CodecError {
      CodecError(.limitExceeded, reason: "a bare S2 block holds at most 1 GiB")
    }

    func check(_ beginning: RawSpan) {}

    func room(for input: RawSpan) -> Int { S2Raw.bound(input.byteCount) }

    func transform(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> BlockEnding {
      _ = unsafe try output.appendWritten { (room) throws(CodecError) in
        unsafe input.withUnsafeBytes { unsafe encoder.encode($0, into: room) }
      }
      return .clean
    }
  }

  private final class Unpacker: BlockTransform {
    private let limit: UInt64
    private let trailingData: DecompressionOptions.TrailingData
    private let dictionary: S2DictionaryContent?

    init(limit: UInt64, trailingData: DecompressionOptions.TrailingData, dictionary: S2DictionaryContent?) {
      self.limit = limit
      self.trailingData = trailingData
      self.dictionary = dictionary
    }

    /// An encoder may write a literal for each byte, but no sensible one does.
    var maximumInputSize: Int { 2 * Int(limit) + 64 }

    func tooMuchInput() -> CodecError {
      CodecError(
        .limitExceeded, inputOffset: UInt64(maximumInputSize),
        reason: "the block is larger than any that holds \(limit) bytes, which is the limit")
    }

    func check(_ beginning: RawSpan) throws(CodecError) {
      guard let size = try SnappyFormat.declaredSize(beginning)?.value, UInt64(size) > limit else { return }
      throw CodecError(
        .limitExceeded, inputOffset: 0, reason: "the block holds \(size) bytes; the limit is \(limit)",
        requiredLimit: UInt64(size))
    }

    func room(for input: RawSpan) throws(CodecError) -> Int {
      guard let size = try SnappyFormat.declaredSize(input) else {
        throw CodecError(
          .truncated, inputOffset: UInt64(input.byteCount),
          reason: input.isEmpty ? "the input is empty" : "the input ends inside the declared size")
      }
      try check(input)
      guard UInt64(size.value) <= S2Format.largestContent(ofBlock: input.byteCount) else {
        throw CodecError(
          .truncated, inputOffset: UInt64(input.byteCount),
          reason: "\(input.byteCount) bytes cannot hold the \(size.value) bytes that are declared")
      }
      return Int(size.value)
    }

    func transform(_ input: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> BlockEnding {
      guard let size = try SnappyFormat.declaredSize(input) else { return .clean }
      if try decompress(input, size, into: &output) { return .clean }
      let inFront = (count: dictionary?.count ?? 0, offset: dictionary?.offset ?? 0)
      switch S2BlockExtent(of: input, size: size, dictionary: inFront) {
      case .complete(let length) where length < input.byteCount:
        _ = try decompress(input.extracting(0..<length), size, into: &output)
        return BlockEnding(trailingAt: length, trailingData)
      case .truncated:
        throw CodecError(
          .truncated, inputOffset: UInt64(input.byteCount), reason: "the input ends inside the block")
      case .corrupt(let offset):
        throw CodecError(
          .corrupt, inputOffset: UInt64(offset),
          reason: "a copy reaches too far, or an element holds more than is declared")
      case .complete:
        throw CodecError(.internalInconsistency, reason: "a block that looks right does not decode")
      }
    }

    private func decompress(
      _ block: RawSpan, _ size: (value: UInt32, length: Int), into output: inout OutputRawSpan
    ) throws(CodecError) -> Bool {
      var isRight = false
      _ = unsafe try output.appendWritten { (room) throws(CodecError) in
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<Int(size.value)])
        isRight = unsafe block.dropping(size.length).withUnsafeBytes { elements in
          if let dictionary {
            return unsafe S2BlockDecoder.decode(
              elements, into: target, dictionary: dictionary.memory, offset: dictionary.offset)
          }
          return unsafe S2BlockDecoder.decode(elements, into: target)
        }
        return isRight ? target.count : 0
      }
      return isRight
    }
  }
}

extension Codec where Self == S2Raw {
  /// Bare S2 blocks.
  public static var s2Raw: S2Raw { S2Raw() }
}
