// SPDX-License-Identifier: Apache-2.0

// Salvage of damaged gzip streams.

import CodecKit
import TestSupport
import Testing

@Suite("Salvage of gzip")
struct SalvageGzipTests {
  private static let chunk = 64 << 10
  private static let content = TestInputs.bytes(.rows, 8 * chunk + 4321)
  /// Nine members.
  private static let stream = (try? Gzip.default.compress(content, .init { $0.chunkSize = chunk })) ?? []

  @Test("an undamaged stream comes out as it is, without a report", arguments: [7, 4096, Int.max])
  func undamaged(piece: Int) throws {
    for stream in [Self.stream, Self.stream + [UInt8](repeating: 0, count: 512)] {
      let result = Salvaged(Gzip.default, stream, piece: piece)
      #expect(TestInputs.same(result.output, Self.content))
      #expect(result.losses.isEmpty && result.error == nil, "\(result.text)")
    }
  }

  @Test("a damaged byte in any member costs nothing outside of the member")
  func flips() throws {
    let members = try pieces(Gzip.default, Self.stream)
    #expect(members.count == 9)
    for member in members {
      let trailer = member.suffix(8)
      for index in Array(member.prefix(12)) + [(member.lowerBound + member.upperBound) / 2] + Array(trailer) {
        for mask: UInt8 in [0x01, 0x10, 0x80] {
          let result = Salvaged(Gzip.default, Self.stream.flipped(index, mask))
          // Nothing says how much the last member holds when its header leads astray.
          let isLost = member == members.last && index == member.lowerBound + 3
          #expect(isLost || result.isTrue(to: Self.content) == true, "byte \(index), \(mask): \(result.text)")
          // Time, hint and system are not checked by anything.
          #expect(!result.losses.isEmpty || (3..<10).contains(index - member.lowerBound))
        }
      }
    }
  }

  @Test("noise, missing and inserted bytes cost nothing outside of the members under them")
  func noise() throws {
    for member in try pieces(Gzip.default, Self.stream).dropLast() {
      for start in [member.lowerBound + 500, member.lowerBound, max(0, member.lowerBound - 500)] {
        let result = Salvaged(Gzip.default, Self.stream.noisy(start, 1024, seed: 5))
        #expect(!result.losses.isEmpty)
        #expect(
          result.isTrue(to: Self.content) == true || result.summary.unknownLosses > 0, "at \(start): \(result.text)")
        #expect(Array(result.output.suffix(4321)) == Array(Self.content.suffix(4321)), "at \(start): \(result.text)")
      }
      for count in [1, 100, 1000] {
        let start = member.lowerBound + 300
        let shorter = Salvaged(Gzip.default, Self.stream.without(start, count))
        #expect(shorter.isTrue(to: Self.content) == true, "\(count) missing at \(start): \(shorter.text)")
        let longer = Salvaged(Gzip.default, Self.stream.with(count, at: start, seed: 9))
        #expect(longer.isTrue(to: Self.content) == true, "\(count) inserted at \(start): \(longer.text)")
      }
    }
  }

  @Test("of a stream that is cut, everything before the cut comes out")
  func cuts() throws {
    let members = try pieces(Gzip.default, Self.stream)
    for size in Array(0...40) + Array(Swift.stride(from: 41, to: Self.stream.count, by: 1499)) {
      let result = Salvaged(Gzip.default, Array(Self.stream[..<size]))
      #expect(TestInputs.startsWith(Self.content, result.output), "cut to \(size): \(result.text)")
      let whole = members.filter { $0.upperBound <= size }.count
      #expect(result.output.count >= min(whole * Self.chunk, Self.content.count), "cut to \(size): \(result.text)")
      #expect(!result.losses.isEmpty || members.contains { $0.upperBound == size }, "cut to \(size)")
    }
  }

  @Test("members that tell their size are found by it")
  func sized() throws {
    let vectors = try Vectors("gzip")
    let stream = try vectors.bytes("ig-sized.gz")
    let whole = Salvaged(Gzip.default, stream)
    #expect(whole.losses.isEmpty, "\(whole.text)")
    let members = try pieces(Gzip.default, stream)
    for member in members.dropLast() where member.count > 60 {
      for index in [member.lowerBound, member.lowerBound + 17, (member.lowerBound + member.upperBound) / 2] {
        let result = Salvaged(Gzip.default, stream.flipped(index, 0x40))
        #expect(result.isTrue(to: whole.output) == true, "byte \(index): \(result.text)")
      }
    }
  }
}
