// SPDX-License-Identifier: Apache-2.0

// What the lz4 and snappy tests share: engines driven with chosen sizes, and inspection as a caller that can seek.

import CodecKit
import Foundation
import TestSupport
import Testing

enum BlockCodecTrial {
  /// Sizes of input and output that take every route through a decoder.
  static let shapes: [StreamDriver] = [
    StreamDriver(), StreamDriver(pieces: .fixed(1), rooms: .fixed(700)), StreamDriver(pieces: .fixed(4096)),
    StreamDriver(pieces: .random(seed: 5, upTo: 90_000), rooms: .random(seed: 6, upTo: 90_000)),
    StreamDriver(rooms: .fixed(70_000), finishesWithData: false),
  ]

  static func compress(
    _ codec: some Codec, _ input: [UInt8], _ driver: StreamDriver = .init(),
    _ configure: (inout CompressionOptions) -> Void = { _ in }
  ) throws -> [UInt8] {
    let outcome = driver.run(try codec.makeCompressionEngine(.init(configure)), input)
    #expect(outcome.violations.isEmpty && outcome.finished, "\(outcome.summary)")
    return outcome.output
  }

  static func decompress(
    _ codec: some Codec, _ input: [UInt8], _ driver: StreamDriver = .init(),
    _ configure: (inout DecompressionOptions) -> Void = { _ in }
  ) throws -> StreamOutcome {
    let outcome = driver.run(try codec.makeDecompressionEngine(.init(configure)), input)
    #expect(outcome.violations.isEmpty, "\(outcome.summary)")
    return outcome
  }

  /// Expects that input decodes to something, in every shape.
  static func expect(
    _ codec: some Codec, _ packed: [UInt8], gives content: [UInt8], _ shapes: [StreamDriver] = shapes,
    _ configure: (inout DecompressionOptions) -> Void = { _ in }
  ) throws {
    for shape in shapes where packed.count < 10_000 || shape.pieces.description != "1" {
      let outcome = try decompress(codec, packed, shape, configure)
      #expect(
        outcome.finished && TestInputs.same(outcome.output, content), "\(shape.summary): \(outcome.summary)")
    }
  }

  /// What an inspector says of a stream.
  static func inspect(_ codec: some Codec, _ input: [UInt8], piece: Int = 64 << 10) throws -> StreamReport {
    let inspector = try #require(try codec.makeInspector(.init()))
    var offset = 0
    var window = piece
    while true {
      let start = min(offset, input.count)
      let end = min(input.count, start + window)
      let step = try unsafe inspector.inspect(input.span.bytes.extracting(start..<end), isEnd: end == input.count)
      offset += step.used + Int(step.skip)
      if step.used == 0, step.skip == 0 {
        if end == input.count { return inspector.report }
        window *= 2
      } else {
        window = piece
      }
    }
  }

  /// The bytes of a number, low byte first.
  static func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

  /// Creates and abandons engines, and expects that memory does not grow with their number.
  static func expectNoLeak(_ body: () throws -> Void) rethrows {
    for _ in 0..<200 { try body() }
    let before = ResidentMemory.current
    for _ in 0..<10_000 { try body() }
    // Each engine holds 16 KiB at least: a leak of one would be 160 MB.
    #expect(ResidentMemory.current - before < 40 << 20)
  }
}
