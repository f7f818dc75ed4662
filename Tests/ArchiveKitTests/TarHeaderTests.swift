// SPDX-License-Identifier: Apache-2.0

// Headers and records of tar archives, field by field.

import SystemIO
import Testing

@testable import ArchiveKit

@Suite("tar headers")
struct TarHeaderTests {
  @Test(
    "the length of a record counts its own digits",
    arguments: [1, 5, 6, 7, 90, 91, 92, 93, 94, 987, 988, 989, 990, 9986])
  func recordLength(count: Int) throws {
    var records = PaxRecords()
    records.add("key", [UInt8](repeating: 65, count: count))
    let text = String(decoding: records.bytes, as: UTF8.self)
    #expect(Int(text.prefix { $0 != " " }) == records.bytes.count)
    #expect(text.hasSuffix("A\n") && text.contains(" key=A"))
  }

  @Test("times have the decimals they need, before 1970 too")
  func decimals() {
    func text(_ seconds: Int64, _ nanoseconds: UInt32) -> String {
      String(decoding: PaxRecords.decimal(Timestamp(seconds: seconds, nanoseconds: nanoseconds)), as: UTF8.self)
    }
    #expect(text(7, 0) == "7")
    #expect(text(7, 500_000_000) == "7.5")
    #expect(text(7, 1) == "7.000000001")
    #expect(text(-1, 500_000_000) == "-0.5")
    #expect(text(-2, 999_999_999) == "-1.000000001")
    #expect(text(-3, 0) == "-3")
    #expect(text(.min, 0) == "-9223372036854775808")
  }

  @Test("the names of attributes may have what keys must not")
  func attributes() {
    var records = PaxRecords()
    records.add(ExtendedAttribute(name: Array("user.a=b%".utf8), value: [10, 0]))
    #expect(records.bytes == Array("33 SCHILY.xattr.user.a%3Db%25=".utf8) + [10, 0, 10])
  }

  @Test("a header has its fields where POSIX has them")
  func fields() {
    var header = TarHeader(.symbolicLink, Array("a/b".utf8))
    header.mode = 0o4755
    header.uid = 1000
    header.gid = 1 << 30
    header.seconds = 1 << 31
    header.target = Array("to".utf8)
    header.user = Array("somebody".utf8)
    let bytes = header.bytes
    func field(_ start: Int, _ count: Int) -> String {
      String(decoding: bytes[start..<(start + count)].prefix { $0 != 0 }, as: UTF8.self)
    }
    #expect(bytes.count == 512)
    #expect(field(0, 100) == "a/b" && field(100, 8) == "0004755" && field(108, 8) == "0001750")
    #expect(field(116, 8) == "7777777" && field(124, 12) == "00000000000" && field(136, 12) == "20000000000")
    #expect(bytes[156] == UInt8(ascii: "2") && field(157, 100) == "to")
    #expect(bytes[257..<265].elementsEqual(Array("ustar\0".utf8) + Array("00".utf8)))
    #expect(field(265, 32) == "somebody" && field(297, 32).isEmpty)
    var sum = bytes.reduce(0) { $0 + Int($1) }
    for place in 148..<156 { sum += 32 - Int(bytes[place]) }
    #expect(field(148, 8) == String(repeating: "0", count: 6 - String(sum, radix: 8).count) + String(sum, radix: 8))
  }

  @Test("a path is divided where both parts fit, and never before its last slash")
  func division() {
    func fits(_ parts: Int...) -> Bool {
      TarHeader.fits(path: Array(parts.map { String(repeating: "x", count: $0) }.joined(separator: "/").utf8))
    }
    #expect(fits(100) && !fits(101))
    #expect(fits(155, 100) && !fits(156, 100) && !fits(155, 101))
    #expect(fits(10, 100, 100) && fits(100, 54, 100) && !fits(100, 100, 100))
    // A directory has a slash at its end.
    #expect(fits(99, 0) && fits(155, 99, 0) && !fits(155, 100, 0) && !fits(100, 0))
  }

  @Test("data of a sparse file ends at whole blocks, but for the last")
  func sparseMap() {
    func map(_ runs: [(UInt64, Bool)]) -> SparseMap {
      let size = runs.reduce(0) { $0 + $1.0 }
      return SparseMap(
        runs.map { $1 ? .chunks(ordinal: 0, first: 0, count: 1, length: $0) : .hole(length: $0) }, size: size)
    }
    let plain = map([(700, true), (100, false), (50, true)])
    #expect(!plain.hasHoles && plain.dataLength == 850)
    let holes = map([(1000, false), (700, true), (1000, false), (50, true)])
    #expect(holes.regions == [1000..<2024, 2700..<2750] && holes.dataLength == 1074)
    #expect(holes.bytes.count == 512)
    #expect(holes.bytes.prefix { $0 != 0 }.elementsEqual("2\n1000\n1024\n2700\n50\n".utf8))
    #expect(map([(5, true), (9, false)]).bytes.prefix { $0 != 0 }.elementsEqual("2\n0\n5\n14\n0\n".utf8))
    #expect(map([(9, false)]).bytes.prefix { $0 != 0 }.elementsEqual("1\n9\n0\n".utf8))
  }
}
