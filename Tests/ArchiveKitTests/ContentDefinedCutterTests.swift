// SPDX-License-Identifier: Apache-2.0

// Content-defined cutting: the rule to the letter, and what it is for.

import CodecKit
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("content-defined cutting")
struct ContentDefinedCutterTests {
  private static let small = CutSizes(minimum: 100, average: 512, maximum: 2000)

  /// The rule as its description has it: slow, and without a state.
  private static func plainSizes(_ bytes: [UInt8], _ sizes: CutSizes) -> [Int] {
    let bits = sizes.average.trailingZeroBitCount
    var cuts: [Int] = []
    var start = 0
    while start < bytes.count {
      let limit = min(bytes.count - start, sizes.maximum)
      let size = (1...limit).first { size in
        guard size >= sizes.minimum, size < limit else { return size == limit }
        let window = bytes[(start + size - 64)..<(start + size)]
        let hash = window.reduce(0 as UInt64) { $0 &* 2 &+ GearTable.numbers[Int($1)] }
        let zeros = size < sizes.average * 13 / 16 ? bits + 2 : bits - 2
        return hash.leadingZeroBitCount >= zeros
      }
      cuts.append(size ?? limit)
      start += size ?? limit
    }
    return cuts
  }

  /// The chunks' sizes, when so many bytes more are there at each call.
  private static func sizes(
    _ bytes: [UInt8], _ sizes: CutSizes = .standard, portion: () -> Int = { 1 << 20 }
  ) -> [Int] {
    var cutter = ContentDefinedCutter(sizes)
    var cuts: [Int] = []
    var start = 0
    var end = 0
    while true {
      let available = unsafe bytes.span.bytes.extracting(start..<end)
      if let size = cutter.cut(available, isEnd: end == bytes.count) {
        cuts.append(size)
        start += size
      } else if end == bytes.count {
        return cuts
      } else {
        end = min(bytes.count, end + portion())
      }
    }
  }

  @Test("the table is made as the rule says")
  func table() {
    #expect(GearTable.numbers.count == 256)
    #expect(GearTable.numbers[0] == 0xE823_E294_79D6_7568)
    #expect(GearTable.numbers[1] == 0x06B4_61B5_2688_E306)
    #expect(GearTable.numbers[255] == 0x1C0F_DE0C_AE38_EC76)
    for (byte, number) in GearTable.numbers.enumerated() {
      let digest = PlainSHA256.digest(Array("CKA gear 1".utf8) + [UInt8(byte)])
      #expect(number == digest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
  }

  @Test("cuts are where the rule puts them", arguments: [InputKind.random, .text, .rows, .pages])
  func rule(_ kind: InputKind) throws {
    let bytes = TestInputs.bytes(kind, 60_000)
    let small = try #require(Self.small)
    #expect(Self.sizes(bytes, small) == Self.plainSizes(bytes, small))
    // The least of all sizes, the same for all three, and a minimum behind the turn.
    for (minimum, average, maximum) in [(64, 64, 64), (64, 64, 300), (120, 128, 128), (64, 1024, 1024)] {
      let sizes = try #require(CutSizes(minimum: minimum, average: average, maximum: maximum))
      #expect(Self.sizes(bytes, sizes) == Self.plainSizes(bytes, sizes), "\(sizes)")
    }
  }

  @Test("cuts of the standard sizes stay as they are")
  func known() {
    // Bytes from a rule that needs no program of ours.
    var state: UInt32 = 1
    let bytes = (0..<600_000).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    #expect(Self.sizes(bytes) == [54913, 77070, 53405, 51002, 69675, 49994, 56310, 34694, 34293, 57984, 58904, 1756])
  }

  @Test("cuts do not depend on how the input is portioned")
  func portions() throws {
    let bytes = TestInputs.bytes(.random, 300_000) + TestInputs.bytes(.text, 300_000)
    let expected = Self.sizes(bytes)
    var random = SplitMix(seed: 5)
    #expect(Self.sizes(bytes, portion: { 1 + random.below(9) * random.below(4000) }) == expected)
    #expect(Self.sizes(bytes, portion: { 1 + random.below(20) }) == expected)
    #expect(Self.sizes(bytes, portion: { bytes.count }) == expected)
    let small = try #require(Self.small)
    #expect(Self.sizes(bytes, small, portion: { 1 }) == Self.sizes(bytes, small))
  }

  @Test("cuts find each other again behind an insertion")
  func insertion() {
    let bytes = TestInputs.bytes(.random, 4 << 20)
    let changed = Array(bytes[..<1_000_000]) + [1, 2, 3] + bytes[1_000_000...]
    func chunks(_ bytes: [UInt8]) -> Set<SHA256Digest> {
      var start = 0
      return Set(
        Self.sizes(bytes).map { size in
          defer { start += size }
          return SHA256.hash(Array(bytes[start..<(start + size)]))
        })
    }
    let before = chunks(bytes)
    #expect(before.count > 40)
    #expect(chunks(changed).subtracting(before).count <= 3)
  }

  @Test("sizes are within their bounds and their mean is near the average", arguments: [InputKind.random, .text])
  func distribution(_ kind: InputKind) {
    let bytes = TestInputs.bytes(kind, 16 << 20)
    let sizes = Self.sizes(bytes)
    #expect(sizes.reduce(0, +) == bytes.count)
    #expect(sizes.dropLast().allSatisfy { (16 << 10...256 << 10).contains($0) })
    #expect((52 << 10...80 << 10).contains(bytes.count / sizes.count), "\(bytes.count / sizes.count)")
  }

  @Test("sizes at the limits")
  func limits() {
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    #expect(Self.sizes(zeros) == [Int](repeating: 256 << 10, count: 4))
    #expect(Self.sizes([]) == [])
    #expect(Self.sizes([1]) == [1])
    #expect(Self.sizes(Array(zeros.prefix(16 << 10))) == [16 << 10])
    #expect(Self.sizes(Array(zeros.prefix((256 << 10) + 1))) == [256 << 10, 1])
    var cutter = ContentDefinedCutter()
    #expect(cutter.cut(RawSpan(), isEnd: true) == nil)
    #expect(unsafe cutter.cut(zeros.span.bytes.extracting(0..<(256 << 10) - 1), isEnd: false) == nil)
    #expect(unsafe cutter.cut(zeros.span.bytes.extracting(0..<(256 << 10)), isEnd: false) == 256 << 10)
    #expect(unsafe cutter.cut(zeros.span.bytes.extracting(0..<100), isEnd: false) == nil)
    cutter.reset()
    #expect(unsafe cutter.cut(zeros.span.bytes.extracting(0..<7), isEnd: true) == 7)
  }

  @Test(
    "sizes that make no sense are refused",
    arguments: [
      (63, 64, 128, false), (64, 64, 64, true), (64, 96, 128, false), (128, 64, 256, false), (64, 128, 127, false),
      (64, 128, 4 << 20, true), (64, 128, (4 << 20) + 1, false), (4 << 20, 4 << 20, 4 << 20, true), (-1, 0, 0, false),
      (65, 128, 200, true),
    ])
  func sizeChecks(_ minimum: Int, _ average: Int, _ maximum: Int, _ isGood: Bool) {
    #expect((CutSizes(minimum: minimum, average: average, maximum: maximum) != nil) == isGood)
  }
}
