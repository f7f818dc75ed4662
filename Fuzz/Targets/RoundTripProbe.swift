// SPDX-License-Identifier: Apache-2.0

/// Compresses data with options that the input chooses, and decompresses it.
import CodecKit
import TestSupport

/// Tries a codec in both directions.
enum RoundTripProbe {
  /// Levels by number reach beyond what a codec has, which it must refuse.
  static func options(_ choices: inout OptionBytes, _ codec: any Codec) -> CompressionOptions {
    CompressionOptions {
      let scale = codec.descriptor.levels.range
      let level = choices.byte()
      // The slowest levels of zstd take memory and time that other inputs need.
      $0.level = .native(scale.lowerBound + level % (min(scale.count, 24)))
      let flags = choices.byte()
      $0.checksum = flags & 1 == 0
      $0.threads = flags & 2 == 0 ? 1 : 1 + (flags >> 2) % 3
      let chunk = choices.byte()
      if chunk > 0 { $0.chunkSize = chunk < 128 ? chunk << 9 : (chunk - 127) << 13 }
    }
  }

  /// Compresses in pieces with flushes, and expects the data again.
  static func check(_ codec: any Codec, _ input: [UInt8]) throws {
    var choices = OptionBytes(input)
    let options = options(&choices, codec)
    let shape = choices.byte()
    try check(codec, options, grown(choices.data, shape >> 5), shape & 31)
  }

  /// Data repeated with small changes, so that few bytes of input make what has matches and many blocks.
  static func grown(_ data: [UInt8], _ doublings: Int) -> [UInt8] {
    var result = data
    for round in 0..<doublings where !result.isEmpty && result.count < 200_000 {
      result += result.enumerated().map { $0.offset % 61 == round ? $0.element &+ 1 : $0.element }
    }
    return result
  }

  static func check(_ codec: any Codec, _ options: CompressionOptions, _ content: [UInt8], _ shape: Int) throws {
    func open(_ codec: some Codec) throws {
      let seed = XXH3.of(content)
      var driver = StreamDriver(
        pieces: shape & 1 == 0 ? .whole : .random(seed: seed, upTo: 9000),
        rooms: shape & 2 == 0 ? .fixed(64 << 10) : .random(seed: ~seed, upTo: 9000),
        finishesWithData: shape & 4 == 0, maximumOutput: 2 * content.count + (64 << 20))
      if shape & 8 != 0, shape & 1 != 0 { driver.flush = .block }
      var stream: Compressor
      do { stream = try Compressor(codec, options) } catch { return }
      let packed = driver.run(&stream, content)
      try require(packed.violations.isEmpty, "compressing: \(packed.violations)")
      try require(packed.finished, "compressing: \(packed.summary)")
      if driver.flush == .none, let bound = codec.compressedBound(content.count, options) {
        try require(packed.output.count <= bound, "\(packed.output.count) bytes, and \(bound) are the bound")
      }
      let reading = DecompressionOptions {
        $0.limits.maximumOutputSize = UInt64(content.count)
        $0.threads = shape & 16 == 0 ? 1 : 2
        $0.dictionary = options.dictionary
      }
      // A library that only writes is not asked to read.
      let id = codec.descriptor.id.rawValue
      let reader = DecodingProbe.deflateCodecs.contains(id) ? CodecRegistry.builtin.named(id) ?? codec : codec
      var back = try opened(reader, reading)
      driver.flush = .none
      driver.maximumOutput = content.count
      let unpacked = driver.run(&back, packed.output)
      try require(unpacked.violations.isEmpty, "decompressing: \(unpacked.violations)")
      try require(unpacked.output == content && unpacked.finished, "decompressing: \(unpacked.summary)")
    }
    try open(codec)
  }

  private static func opened(_ codec: some Codec, _ options: DecompressionOptions) throws -> Decompressor {
    try Decompressor(codec, options)
  }
}
