// SPDX-License-Identifier: Apache-2.0

/// Which library compresses: a choice for measuring and for machines that lack one.
public enum DeflateLibrary: Hashable, Sendable {
  /// The best for the level: ISA-L at 1 and 2, libdeflate from 3 on, zlib where a stream cannot be cut.
  case automatic
  /// ISA-L, levels 1 and 2.
  case isal
  /// libdeflate, levels 1 to 12; cannot write one stream of unknown length.
  case libdeflate
  /// zlib, levels 1 to 9.
  case zlib

  /// The spellings in spec strings.
  static let spellings: KeyValuePairs<String, DeflateLibrary> = [
    "auto": .automatic, "isal": .isal, "libdeflate": .libdeflate, "zlib": .zlib,
  ]
}

/// How a level is carried out, for all codecs of the deflate family.
///
/// Over a mix of database pages, dumps, logs and text no level from 1 to 9 writes more than zlib does at the same level.
/// ISA-L's own level 1 does not keep that floor, its levels 2 and 3 do. Single kinds of file differ: at level 1 some
/// database pages come out up to a tenth larger.
enum DeflatePlan: Hashable, Sendable {
  case stored
  case isal(native: Int)
  case libdeflate(level: Int)
  case zlib(level: Int)

  /// The levels of all three codecs.
  static let levels = CompressionLevelScale(0...12, fastest: 1, fast: 2, balanced: 6, better: 9, smallest: 12)

  /// How much input goes into one libdeflate stream.
  static let chunkSize = 8 << 20

  /// The plan for output in one piece of any length.
  static func streaming(
    level: Int, _ library: DeflateLibrary, codec: CodecID
  ) throws(CodecError) -> DeflatePlan {
    switch (library, level) {
    case (.libdeflate, _):
      throw refused(codec, "libdeflate cannot write one stream of unknown length")
    case (_, 0): return .stored
    case (.automatic, 1...2), (.isal, 1...2): return .isal(native: level + 1)
    case (.isal, _): throw refused(codec, "ISA-L has levels 1 and 2, not \(level)")
    case (.automatic, 1...9), (.zlib, 1...9): return .zlib(level: level)
    default: throw refused(codec, "level \(level) exists in libdeflate only, which cannot write one stream")
    }
  }

  /// The plan for output that may be cut into pieces.
  static func chunked(
    level: Int, _ library: DeflateLibrary, codec: CodecID
  ) throws(CodecError) -> DeflatePlan {
    switch (library, level) {
    case (_, 0): .stored
    case (.libdeflate, _), (.automatic, 3...): .libdeflate(level: level)
    default: try streaming(level: level, library, codec: codec)
    }
  }

  /// Whether the plan can go on for ever, so that its output needs no cutting.
  var streams: Bool {
    if case .libdeflate = self { false } else { true }
  }

  /// A streaming compressor for the plan.
  func makeDeflater(dictionary: CodecDictionary? = nil) throws(CodecError) -> any RawDeflater {
    switch self {
    case .stored: StoredDeflater()
    case .isal(let native): try ISALDeflater(nativeLevel: native)
    case .zlib(let level): try ZlibDeflater(level: level, dictionary: dictionary)
    // Level 9 of zlib is the nearest that streams.
    case .libdeflate(let level): try ZlibDeflater(level: min(level, 9), dictionary: dictionary)
    }
  }

  /// A compressor of whole buffers for the plan.
  func makeBlockDeflater() throws(CodecError) -> any BlockDeflater {
    if case .libdeflate(let level) = self { return try LibdeflateBlockDeflater(level: level) }
    return StreamingBlockDeflater(try makeDeflater())
  }

  private static func refused(_ codec: CodecID, _ reason: String) -> CodecError {
    CodecError(.invalidOption, codec: codec, reason: reason)
  }
}
