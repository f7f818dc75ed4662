// SPDX-License-Identifier: Apache-2.0

// Damaged vectors: whatever is done to a stream, decoding and inspecting end soon, within their limits, and with the same
// answer however the bytes arrive.

import TestSupport
import Testing

@testable import CodecKit

@Suite("mutations")
struct MutationTests {
  private static let limit = 1 << 20
  /// How many damaged forms of each vector are tried.
  private static let rounds = 16
  /// Vectors are cut to this size, so that a run stays short.
  private static let largest = 24 << 10

  private static let folders = ["gzip", "lz4", "quicklz", "s2", "snappy", "zstd"]

  private static func codec(_ folder: String, _ file: String) -> any Codec {
    switch folder {
    case "gzip" where file.hasPrefix("zlib"): Zlib()
    case "gzip" where file.hasPrefix("raw"): RawDeflate()
    case "gzip": Gzip()
    case "lz4" where file.hasSuffix(".block"): LZ4Raw(contentSize: 40_000)
    case "lz4": LZ4()
    case "s2" where file.hasSuffix(".block"): S2Raw()
    case "s2": S2()
    case "quicklz" where file.hasSuffix(".qp"): QuickLZ()
    case "quicklz": QuickLZRaw()
    case "snappy" where file.hasSuffix(".snappy"): SnappyRaw()
    case "snappy": Snappy()
    default: Zstd()
    }
  }

  @Test("damage ends decoding with one answer for all feedings", arguments: folders)
  func decoding(folder: String) throws {
    try forEachCase(folder, "decoding") { codec, input, name, random in
      var options = DecompressionOptions()
      options.limits.maximumOutputSize = UInt64(Self.limit)
      options.limits.maximumWindowSize = 8 << 20
      options.trailingData = [.reject, .report, .ignore][random.below(3)]
      let whole = try Self.drive(codec, options, input, StreamDriver(maximumOutput: Self.limit))
      let odd = StreamDriver(
        pieces: .random(seed: random.next(), upTo: 3000), rooms: .random(seed: random.next(), upTo: 70_000),
        finishesWithData: random.below(2) == 0, maximumOutput: Self.limit)
      let pieces = try Self.drive(codec, options, input, odd)
      #expect(whole.violations.isEmpty && pieces.violations.isEmpty, "\(name): \(whole.summary); \(pieces.summary)")
      #expect(whole.finished || whole.error != nil, "\(name)")
      #expect(whole.error?.code == pieces.error?.code, "\(name): \(whole.summary); \(pieces.summary)")
      #expect(whole.error?.code != .internalInconsistency, "\(name): \(whole.summary)")
      // ISA-L withholds what it has decoded ahead of an error; what it hands over must be right all the same.
      let agrees =
        folder == "gzip" && whole.error != nil
        ? Self.areOnePrefix([whole.output, pieces.output, try Self.byZlib(codec, options, input).output])
        : whole.output == pieces.output
      #expect(agrees, "\(name): \(whole.summary); \(pieces.summary); \(options.trailingData)")
      #expect(pieces.steps <= 64 + 3 * (input.count + pieces.output.count), "\(name): \(pieces.steps) steps")
    }
  }

  @Test("damage ends inspection with one report for all feedings", arguments: folders)
  func inspecting(folder: String) throws {
    try forEachCase(folder, "inspecting") { codec, input, name, random in
      guard let first = try codec.makeInspector(.init()), let second = try codec.makeInspector(.init()) else { return }
      let whole = try Self.inspect(first, input) { _ in input.count }
      let pieces = try Self.inspect(second, input) { _ in 1 + random.below(3000) }
      #expect(whole.error?.code == pieces.error?.code, "\(name): \(whole.error as Any); \(pieces.error as Any)")
      // ISA-L reads up to 8 bytes ahead and does not always tell, and keeps up to 328 bytes of a block's header that came
      // in pieces: damage in the header is then told of a place further on.
      let offsets = [whole.error, pieces.error].map { Int($0?.inputOffset ?? 0) }
      #expect(abs(offsets[0] - offsets[1]) <= (folder == "gzip" ? 8 + 328 : 0), "\(name): \(whole.error as Any)")
      let agrees = first.report == second.report
      #expect(agrees, "\(name)")
      #expect(max(whole.steps, pieces.steps) <= 64 + 3 * input.count, "\(name): \(whole.steps), \(pieces.steps) steps")
    }
  }

  // MARK: - Driving

  private static func drive(
    _ codec: any Codec, _ options: DecompressionOptions, _ input: [UInt8], _ driver: StreamDriver
  ) throws -> StreamOutcome {
    var stream = try Decompressor(codec, options)
    return driver.run(&stream, input)
  }

  /// The same by another library.
  private static func byZlib(
    _ codec: any Codec, _ options: DecompressionOptions, _ input: [UInt8]
  ) throws -> StreamOutcome {
    let spec = "\(codec.descriptor.id):engine=zlib"
    return try drive(try CodecRegistry.builtin.codec(spec), options, input, StreamDriver(maximumOutput: limit))
  }

  /// Whether each output begins as all the others do, as far as it goes.
  private static func areOnePrefix(_ outputs: [[UInt8]]) -> Bool {
    let longest = outputs.max { $0.count < $1.count } ?? []
    return outputs.allSatisfy { longest.starts(with: $0) }
  }

  private static func inspect(
    _ inspector: any StreamInspector, _ input: [UInt8], _ window: (Int) -> Int
  ) throws -> (error: CodecError?, steps: Int) {
    var position = 0
    var size = 0
    var steps = 0
    while steps < 64 + 4 * input.count {
      steps += 1
      let start = min(position, input.count)
      size = max(size, window(steps))
      let end = min(input.count, start + size)
      let part = Array(input[start..<end])
      let step: InspectionStep
      do throws(CodecError) {
        step = try unsafe inspector.inspect(part.span.bytes, isEnd: end == input.count)
      } catch {
        return (error, steps)
      }
      try #require((0...part.count).contains(step.used))
      position += step.used + Int(clamping: min(step.skip, 1 << 40))
      if step.used > 0 || step.skip > 0 { size = 0 } else if end == input.count { break } else { size = 2 * size }
    }
    return (nil, steps)
  }

  // MARK: - Cases

  private func forEachCase(
    _ folder: String, _ purpose: String,
    _ body: (any Codec, [UInt8], String, inout SeededRandom) throws -> Void
  ) throws {
    let vectors = try Vectors(folder)
    var random = SeededRandom("mutations \(folder) \(purpose)")
    var other: [UInt8] = []
    for vector in vectors.all {
      let bytes = Array(try vectors.bytes(vector).prefix(Self.largest))
      for round in 0..<Self.rounds {
        let input = Self.damaged(bytes, other, &random)
        try body(Self.codec(folder, vector.file), input, "\(vector.file), round \(round)", &random)
      }
      other = bytes
    }
  }

  /// A stream with one to three things done to it, mostly near its beginning, where headers are.
  private static func damaged(_ bytes: [UInt8], _ other: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random.below(3) {
      let near = random.below(2) == 0 ? min(bytes.count, 40) : bytes.count
      let at = random.below(near + 1)
      let length = min(bytes.count - at, 1 + random.below(random.below(2) == 0 ? 8 : 2000))
      let range = at..<at + length
      switch random.below(8) {
      case 0, 1: if at < bytes.count { bytes[at] ^= 1 << UInt8(random.below(8)) }
      case 2:
        let number = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, random.below(70_000)][random.below(6)]
        for index in 0..<min(4, bytes.count - at) {
          bytes[at + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
        }
      case 3: bytes.removeSubrange(range)
      case 4: bytes.insert(contentsOf: Array(bytes[range]), at: at)
      case 5: bytes.replaceSubrange(range, with: [UInt8](repeating: random.below(2) == 0 ? 0 : 255, count: length))
      case 6: bytes.removeLast(random.below(bytes.count + 1))
      default: bytes.insert(contentsOf: other.prefix(random.below(other.count + 1)), at: at)
      }
    }
    return Array(bytes.prefix(2 * largest))
  }
}

extension SeededRandom {
  /// A number from 0 to one less than `bound`.
  fileprivate mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}
