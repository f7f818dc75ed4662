// SPDX-License-Identifier: Apache-2.0

// Checksums: known answers from other implementations, streaming like one-shot, joining.

import CodecKit
import TestSupport
import Testing

@Suite("Checksums")
struct ChecksumTests {
  /// What the reference implementations give for the first bytes of one sequence: the high bytes of a 32-bit linear
  /// congruential generator with multiplier 1664525 and increment 1013904223, started at 0x9E3779B1.
  struct Answer: CustomTestStringConvertible {
    let count: Int
    let crc32, crc32c, adler32, xxh32: UInt32
    let xxh64, xxh3: UInt64
    let xxh3Wide: UInt128

    init(
      _ count: Int, _ crc32: UInt32, _ crc32c: UInt32, _ adler32: UInt32, _ xxh32: UInt32, _ xxh64: UInt64,
      _ xxh3: UInt64, _ xxh3Wide: UInt128
    ) {
      self.count = count
      self.crc32 = crc32
      self.crc32c = crc32c
      self.adler32 = adler32
      self.xxh32 = xxh32
      self.xxh64 = xxh64
      self.xxh3 = xxh3
      self.xxh3Wide = xxh3Wide
    }

    var testDescription: String { "\(count) bytes" }
  }

  // swift-format-ignore
  static let answers: [Answer] = [
    .init(0, 0x00000000, 0x00000000, 0x00000001, 0x02CC5D05, 0xEF46DB3751D8E999, 0x2D06800538D394C2, 0x99AA06D3014798D86001C324468D497F),
    .init(1, 0xC5B551CE, 0x6CAD1061, 0x009F009F, 0xB85CBEE5, 0x4FCE394CC88952D8, 0xDD02FBE6D2C66464, 0x80A904279C75BA2ADD02FBE6D2C66464),
    .init(3, 0x61525C36, 0xD4FD2571, 0x02900110, 0x0D81CD6E, 0x8D69F04E870E5EE1, 0x9CA83814F1492A1E, 0x9B2A3DC73707765D9CA83814F1492A1E),
    .init(4, 0xF6D71E77, 0x27264BA2, 0x046501D5, 0xB2400946, 0x24C055FD1D1DFB4D, 0x60D3D884E26757DC, 0x34AB6F2605F7A2152F388B4CA214D33A),
    .init(8, 0x77B79D53, 0x2AB41BE8, 0x0DE002A6, 0xD0004F27, 0x53E3BB3BF8CE7322, 0xDFF82C39DF3FBE0D, 0x5B8B306E3D4F5AF816365D8C53D1BCEE),
    .init(9, 0x73A4CB6E, 0x29EB081D, 0x11780398, 0xB739555A, 0x93C97FF67C988661, 0x28E9AE86A24B26D2, 0xF530FD8861A1D9988E193A4F37E9F02A),
    .init(16, 0x098355AA, 0x6EB4056F, 0x39E60700, 0xE508C1D7, 0xD4302404F87F7DE5, 0xAC1D739D55E21E2B, 0x078295B5C60793C386986D16E9C3A5EF),
    .init(17, 0xEFD3F90F, 0xF05852F2, 0x41B507CF, 0x32C78A8F, 0xA566680DBED2BCE8, 0x2F3499FE7849DA47, 0x35CDE4E0809C998D2B261B15A7744336),
    .init(31, 0x119A47E3, 0xC35D3052, 0xE4440DE0, 0x020EA038, 0xD9E2B06D5B5223FB, 0xD78AA74AEFDA6C22, 0xCCBEDF69B248E801A3057D403F5E4DD8),
    .init(32, 0x1B1F554C, 0x70085852, 0xF2B40E70, 0x78A0ECE6, 0x9649E1EABFCAC5A7, 0x590347D3FDB4F420, 0x0D27A02A25735A6CF63FCEBCF5333784),
    .init(33, 0x9E70E086, 0x3CFD2E9C, 0x01A00EDD, 0x97B44199, 0x10934891D19CED16, 0x0696EEC5DD61060E, 0xCEED1743F76FAACFF6EEBD1469C94BD1),
    .init(64, 0xE8A75AAF, 0xA6745D89, 0xBBD41E80, 0xAA7A140C, 0x87893927A3139376, 0x2C00D6645AA3C4F7, 0x23BB5F3A7063003C24D5749FDA10AF15),
    .init(128, 0x73FB4305, 0xBF704D55, 0xE779412D, 0x4B042DBA, 0x6E8831FCED41EFE6, 0xCD6950F3C9455880, 0x1D5AC8653465A774F7BF5815C1F3C0D9),
    .init(129, 0x1910A742, 0xB1F28B06, 0x296A41E2, 0x3D7689C8, 0x848DE7B15FB212E6, 0x8E09268F8ECD8D51, 0x88C54D8968BF1B8DD43378C1C477BF11),
    .init(240, 0xE51B040D, 0x93D79EC1, 0x59647B14, 0x7C86BEA7, 0x3ED067248C3AC3D9, 0xB7B2CF0586E3437B, 0x99219DD44546F54C29D62ABEB41381BE),
    .init(241, 0x22E867CD, 0x4E8891CC, 0xD5157BB1, 0x10290911, 0x7CF7E0843E1BE73E, 0xD1D41359603E6E53, 0xA033F3C5EDF6860AD1D41359603E6E53),
    .init(256, 0x35D7893C, 0x84C5C1F8, 0x4EDD832C, 0xF09960E6, 0x54F8DCB5B8DB112F, 0x8F97695AB86DCCEA, 0x684C74922E31B1AE8F97695AB86DCCEA),
    .init(512, 0x9D0FFFC2, 0xCACD875F, 0x50C403CD, 0xF825A14C, 0x5D400C4121DDF985, 0x3ED7E9FDA58A3873, 0x35534AF1DEBB480A3ED7E9FDA58A3873),
    .init(1023, 0x885ADDB0, 0xD6BCBF4A, 0x451EFBC7, 0xEC408B14, 0xBE47E5AFD853D805, 0x0F2C1A1996DB3166, 0x7BD4F35E898F026D0F2C1A1996DB3166),
    .init(1024, 0x685A8355, 0xFED350C9, 0x4138FC0B, 0x161A41C8, 0x9CC836547207B5B3, 0xC91658D706449DB0, 0xE1C85E5AC822D7B6C91658D706449DB0),
    .init(1025, 0xC96B1075, 0xE9BC7D09, 0x3D52FC0B, 0xCBCF22AE, 0xAC0A74726300200C, 0x1D1628FC4E6CBA7E, 0xB61605A24BF5B7CC1D1628FC4E6CBA7E),
    .init(4096, 0xB4EF53E9, 0x306DD910, 0x5DD5EF40, 0x3B990E01, 0x991CD46E51AFFFC0, 0x07C9620A883424EC, 0x7DB7523C445AB89207C9620A883424EC),
    .init(5000, 0x847E5523, 0x9243F9B7, 0xDDE0AC8F, 0x29C6EDD0, 0xF35C8CCE40F3888C, 0x2F3FEE5A52058618, 0xCA89F93F6A2099D22F3FEE5A52058618),
    .init(70000, 0xFFB914DF, 0x1AB92727, 0x2D80A5B4, 0x280EB44B, 0xC66FAEF57C664FFB, 0x4924F9A2D8CFE645, 0x3A1375B2C6BFC30E4924F9A2D8CFE645),
  ]

  static func sequence(_ count: Int) -> [UInt8] {
    var state: UInt32 = 0x9E37_79B1
    return (0..<count).map { _ in
      defer { state = state &* 1_664_525 &+ 1_013_904_223 }
      return UInt8(truncatingIfNeeded: state &>> 24)
    }
  }

  @Test("the published check values come out")
  func published() {
    let digits = Array("123456789".utf8)
    #expect(CRC32.of(digits) == 0xCBF4_3926)
    #expect(CRC32C.of(digits) == 0xE306_9283)
    #expect(Adler32.of(Array("Wikipedia".utf8)) == 0x11E6_0398)
    #expect(Adler32.of(digits) == 0x091E_01DE)
    #expect(XXH32.of([]) == 0x02CC_5D05)
    #expect(XXH64.of([]) == 0xEF46_DB37_51D8_E999)
    #expect(XXH3.of([]) == 0x2D06_8005_38D3_94C2)
    #expect(XXH3Wide.of([]) == 0x99AA_06D3_0147_98D8_6001_C324_468D_497F)
    #expect(XXH32.of(Array("abc".utf8)) == 0x32D1_53FF)
    #expect(XXH64.of(Array("abc".utf8)) == 0x44BC_2CF5_AD77_0999)
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.of([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
  }

  @Test("the reference implementations agree", arguments: answers)
  func reference(_ answer: Answer) {
    let bytes = Self.sequence(answer.count)
    #expect(CRC32.of(bytes) == answer.crc32)
    #expect(CRC32C.of(bytes) == answer.crc32c)
    #expect(Adler32.of(bytes) == answer.adler32)
    #expect(XXH32.of(bytes) == answer.xxh32)
    #expect(XXH64.of(bytes) == answer.xxh64)
    #expect(XXH3.of(bytes) == answer.xxh3)
    #expect(XXH3Wide.of(bytes) == answer.xxh3Wide)
  }

  @Test("streaming gives the one-shot value, for every split, size and alignment")
  func streaming() {
    var failures = Failures()
    Self.examine(CRC32.self, "CRC32", &failures)
    Self.examine(CRC32C.self, "CRC32C", &failures)
    Self.examine(Adler32.self, "Adler32", &failures)
    Self.examine(XXH32.self, "XXH32", &failures)
    Self.examine(XXH64.self, "XXH64", &failures)
    Self.examine(XXH3.self, "XXH3", &failures)
    Self.examine(XXH3Wide.self, "XXH3Wide", &failures)
    failures.report()
  }

  private static func examine<Sum: Checksum & ~Copyable>(_: Sum.Type, _ name: String, _ failures: inout Failures) {
    let bytes = sequence(5000)
    func span(_ range: Range<Int>, _ body: (RawSpan) -> Void) {
      unsafe body(bytes.span.bytes.extracting(range))
    }
    // Every split of a middling buffer.
    let whole = Array(bytes[..<600])
    for cut in 0...600 {
      var sum = Sum()
      span(0..<cut) { sum.update($0) }
      let middle = sum.value
      failures.check(middle == Sum.of(Array(bytes[..<cut])), "\(name): the value in the middle, at \(cut)")
      span(cut..<600) { sum.update($0) }
      failures.check(sum.value == Sum.of(whole), "\(name): split at \(cut)")
    }
    // Sizes around the borders of inner blocks, at every alignment.
    for size in answers.map(\.count) + [15, 63, 65, 127, 255, 257, 4095] where size <= 4900 {
      for start in 0..<17 {
        let copy = Array(bytes[start..<start + size])
        span(start..<start + size) { span in
          failures.check(Sum.of(span) == Sum.of(copy), "\(name): \(size) bytes at alignment \(start)")
          var sum = Sum()
          sum.update(span)
          failures.check(sum.value == Sum.of(copy), "\(name): \(size) streamed bytes at alignment \(start)")
        }
      }
    }
    // Nothing changes nothing, at any time; a reset forgets everything.
    var sum = Sum()
    sum.update(RawSpan())
    failures.check(sum.value == Sum.of([]), "\(name): nothing at the start")
    span(0..<100) { sum.update($0) }
    sum.update(RawSpan())
    span(50..<50) { sum.update($0) }
    failures.check(sum.value == Sum.of(Array(bytes[..<100])), "\(name): nothing in between")
    span(100..<5000) { sum.update($0) }
    failures.check(sum.value == Sum.of(bytes), "\(name): nothing in between, at the end")
    sum.reset()
    failures.check(sum.value == Sum.of([]), "\(name): after a reset")
    span(7..<500) { sum.update($0) }
    failures.check(sum.value == Sum.of(Array(bytes[7..<500])), "\(name): a second run")
  }

  @Test("a checksum goes on from a value that was kept")
  func continuing() {
    let bytes = Self.sequence(1000)
    let (head, tail) = (Array(bytes[..<333]), Array(bytes[333...]))
    var crc32 = CRC32(continuing: CRC32.of(head))
    unsafe crc32.update(tail.span.bytes)
    #expect(crc32.value == CRC32.of(bytes))
    var crc32c = CRC32C(continuing: CRC32C.of(head))
    unsafe crc32c.update(tail.span.bytes)
    #expect(crc32c.value == CRC32C.of(bytes))
    var adler = Adler32(continuing: Adler32.of(head))
    unsafe adler.update(tail.span.bytes)
    #expect(adler.value == Adler32.of(bytes))
  }

  @Test("joined CRCs equal the CRC of the joined pieces")
  func joining() {
    let bytes = Self.sequence(5000)
    for cut in [0, 1, 2, 100, 2500, 4999, 5000] {
      let first = CRC32.of(Array(bytes[..<cut]))
      let second = CRC32.of(Array(bytes[cut...]))
      #expect(CRC32.joined(first, second, secondSize: UInt64(5000 - cut)) == CRC32.of(bytes), "cut at \(cut)")
    }
  }

  @Test("pieces of any size can be joined, up to the largest number")
  func joiningLargePieces() {
    // The value repeats after 2^32 - 1 bytes, so that large sizes have small equals.
    let period: UInt64 = (1 << 32) - 1
    for size in [0, 1, 77, period - 1] as [UInt64] {
      let expected = CRC32.joined(0x1234_5678, 0x9ABC_DEF0, secondSize: size)
      for times in [1, 2, 1 << 31, (1 << 32)] as [UInt64] {
        let large = size &+ period &* times
        #expect(CRC32.joined(0x1234_5678, 0x9ABC_DEF0, secondSize: large) == expected, "\(size) + \(times) periods")
      }
    }
    #expect(
      CRC32.joined(0x1234_5678, 0x9ABC_DEF0, secondSize: .max) == CRC32.joined(0x1234_5678, 0x9ABC_DEF0, secondSize: 0))
  }
}
