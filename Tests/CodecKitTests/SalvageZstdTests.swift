// SPDX-License-Identifier: Apache-2.0

// Salvage of damaged zstd streams.

import CodecKit
import TestSupport
import Testing

@Suite("Salvage of zstd")
struct SalvageZstdTests {
  private static let chunk = 128 << 10
  private static let content = TestInputs.bytes(.rows, 10 * chunk + 12_345)
  /// Eleven frames and a seek table.
  private static let stream = pack(content)
  /// The same without a table.
  private static let bare: [UInt8] = {
    let end = (try? pieces(Zstd.default, stream))?.last?.lowerBound ?? 0
    return Array(stream[..<end])
  }()

  private static func pack(_ bytes: [UInt8]) -> [UInt8] {
    (try? Zstd.default.compress(bytes, .init { $0.chunkSize = chunk })) ?? []
  }

  @Test("an undamaged stream comes out as it is, without a report", arguments: [1, 7, 4096, Int.max])
  func undamaged(piece: Int) throws {
    for stream in piece == 1 ? [] : [Self.stream, Self.bare] {
      let result = Salvaged(Zstd.default, stream, piece: piece)
      #expect(TestInputs.same(result.output, Self.content))
      #expect(result.losses.isEmpty && result.error == nil, "\(result.text)")
    }
  }

  @Test("a damaged byte in any frame, with or without a table, costs nothing outside of the frame")
  func flips() throws {
    let frames = try pieces(Zstd.default, Self.stream)
    #expect(frames.count == 12)
    for frame in frames.dropLast() {
      for index in [frame.lowerBound + 200, (frame.lowerBound + frame.upperBound) / 2, frame.upperBound - 2] {
        for stream in [Self.stream, Self.bare] {
          let result = Salvaged(Zstd.default, stream.flipped(index))
          #expect(result.isTrue(to: Self.content) == true, "byte \(index): \(result.text)")
          #expect(result.losses.count == 1, "byte \(index): \(result.text)")
        }
      }
    }
  }

  @Test("a damaged byte in any header is found out, and with a table costs nothing outside of the frame")
  func headers() throws {
    for frame in try pieces(Zstd.default, Self.stream).dropLast() {
      for index in frame.lowerBound..<frame.lowerBound + 12 {
        for mask: UInt8 in [0x01, 0x10, 0x80, 0xFF] {
          let result = Salvaged(Zstd.default, Self.stream.flipped(index, mask))
          #expect(result.isTrue(to: Self.content) == true, "byte \(index), \(mask): \(result.text)")
        }
      }
    }
  }

  @Test("damage in the table costs nothing")
  func table() throws {
    let table = try #require(try pieces(Zstd.default, Self.stream).last)
    for index in table {
      let result = Salvaged(Zstd.default, Self.stream.flipped(index))
      #expect(TestInputs.startsWith(result.output, Self.content), "byte \(index): \(result.text)")
      #expect(result.output.count == Self.content.count, "byte \(index): \(result.text)")
    }
  }

  @Test("of a stream that is cut, everything before the cut comes out")
  func cuts() throws {
    for stream in [Self.stream, Self.bare] {
      for size in Swift.stride(from: 0, to: stream.count, by: 997) {
        let result = Salvaged(Zstd.default, Array(stream[..<size]))
        #expect(TestInputs.startsWith(Self.content, result.output), "cut to \(size): \(result.text)")
        #expect(result.error == nil)
        let whole = try pieces(Zstd.default, Self.stream).filter { $0.upperBound <= size }.count
        #expect(result.output.count >= min(whole * Self.chunk, Self.content.count), "cut to \(size): \(result.text)")
        let isWhole = size >= Self.bare.count || whole * Self.chunk == result.output.count
        #expect(!result.losses.isEmpty || isWhole, "cut to \(size)")
      }
    }
  }

  @Test("noise over frames and their borders costs nothing outside of them")
  func noise() throws {
    let frames = try pieces(Zstd.default, Self.stream).dropLast()
    for (number, frame) in frames.enumerated() {
      for start in [frame.lowerBound + 3000, frame.lowerBound, max(0, frame.lowerBound - 500), frame.upperBound - 600] {
        let result = Salvaged(Zstd.default, Self.stream.noisy(start, 1024, seed: UInt64(number)))
        let isInTable = start + 1024 > Self.bare.count
        #expect(isInTable || result.isTrue(to: Self.content) == true, "noise at \(start): \(result.text)")
        #expect(isInTable || !result.losses.isEmpty)
      }
    }
  }

  @Test("where bytes are missing or inserted, the table puts everything behind them at its place")
  func shifts() throws {
    let frames = try pieces(Zstd.default, Self.stream).dropLast()
    for frame in frames {
      for count in [1, 5, 1000, 100_000] {
        let start = frame.lowerBound + 700
        if start + count < frame.upperBound {
          let shorter = Salvaged(Zstd.default, Self.stream.without(start, count))
          #expect(shorter.isTrue(to: Self.content) == true, "\(count) missing at \(start): \(shorter.text)")
          #expect(shorter.summary.lostBytes + shorter.summary.unverifiedBytes <= UInt64(Self.chunk), "\(shorter.text)")
        }
        let longer = Salvaged(Zstd.default, Self.stream.with(count, at: start, seed: 4))
        #expect(longer.isTrue(to: Self.content) == true, "\(count) inserted at \(start): \(longer.text)")
        #expect(longer.summary.lostBytes + longer.summary.unverifiedBytes <= UInt64(Self.chunk), "\(longer.text)")
        let between = Salvaged(Zstd.default, Self.stream.with(count, at: frame.lowerBound, seed: 5))
        #expect(between.isTrue(to: Self.content) == true, "\(count) inserted at \(frame.lowerBound): \(between.text)")
      }
      let missing = Salvaged(Zstd.default, Self.stream.without(frame.lowerBound, frame.count))
      #expect(missing.isTrue(to: Self.content) == true, "frame missing at \(frame): \(missing.text)")
    }
  }

  @Test("where bytes are inserted and frames are missing, sound frames in between come out too")
  func twoShifts() throws {
    let frames = try pieces(Zstd.default, Self.stream)
    for (first, second) in [(1, 4), (2, 7), (0, 9), (3, 5)] {
      for count in [5, 1000] {
        let damaged = Self.stream.without(frames[second].lowerBound, frames[second].count)
          .with(count, at: frames[first].lowerBound + 700, seed: 6)
        let result = Salvaged(Zstd.default, damaged)
        #expect(result.isTrue(to: Self.content) == true, "\(first), \(second), \(count): \(result.text)")
        #expect(
          result.summary.lostBytes + result.summary.unverifiedBytes <= UInt64(2 * Self.chunk),
          "\(first), \(second), \(count): \(result.text)")
      }
    }
  }

  @Test("where more frames are missing than are tried at once, headers lead on to the table")
  func manyMissing() throws {
    let chunk = Self.chunk
    var content = TestInputs.bytes(.rows, 2 * chunk + 4321)
    while content.count < 90 * chunk { content += content }
    let stream = Self.pack(content)
    let frames = try pieces(Zstd.default, stream)
    let last = 80
    let damaged = stream.without(frames[10].lowerBound, frames[last].upperBound - frames[10].lowerBound)
      .with(7, at: frames[3].lowerBound + 500, seed: 1)
    let result = Salvaged(Zstd.default, damaged)
    #expect(result.output.count == content.count)
    for whole in [0..<3 * chunk, 4 * chunk..<10 * chunk, (last + 1) * chunk..<content.count] {
      #expect(TestInputs.same(Array(result.output[whole]), Array(content[whole])), "\(whole): \(result.text)")
    }
    #expect(
      result.summary.lostBytes + result.summary.unverifiedBytes == UInt64((last - 10 + 2) * chunk), "\(result.text)")
  }

  @Test("of a single frame, what comes before the damage is delivered")
  func single() throws {
    let stream = try Zstd.default.compress(Self.content)
    let result = Salvaged(Zstd.default, stream.noisy(stream.count / 2, 64, seed: 1))
    #expect(result.losses.count == 1)
    #expect(result.output.count == Self.content.count)
    let loss = try #require(result.losses.first)
    let good = Int(loss.unverified)
    #expect(good > Self.content.count / 4, "\(result.text)")
    #expect(zip(result.output[..<good], Self.content[..<good]).count { $0 != $1 } < 128 << 10)
  }
}
