// SPDX-License-Identifier: Apache-2.0

// Which files are cut in pages, and in which.

import TestSupport
import Testing

@testable import ArchiveKit

@Suite("choice of the cut rule")
struct CutRuleChooserTests {
  private static let gibi: UInt64 = 1 << 30

  private static func rule(
    _ beginning: [UInt8], size: UInt64? = nil, path: String = "a/b", earlier: CutRule? = nil,
    _ chooser: CutRuleChooser = .init()
  ) -> CutRule {
    unsafe chooser.rule(
      path: Array(path.utf8), size: size ?? UInt64(beginning.count), beginning: beginning.span.bytes, earlier: earlier)
  }

  private static func put(_ number: UInt32, bigEndianAt place: Int, in bytes: inout [UInt8]) {
    for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * byte)) }
  }

  /// A tablespace with the number 7.
  private static func innoDB(page: Int, pages: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: page * pages)
    for number in 0..<pages {
      put(0xC0FF_EE00 &+ UInt32(number), bigEndianAt: number * page, in: &bytes)
      put(UInt32(number), bigEndianAt: number * page + 4, in: &bytes)
      put(7, bigEndianAt: number * page + 34, in: &bytes)
    }
    bytes[25] = 8
    put(7, bigEndianAt: 38, in: &bytes)
    return bytes
  }

  /// A table of empty pages.
  private static func postgreSQL(page: Int, pages: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: page * pages)
    for start in stride(from: 0, to: bytes.count, by: page) {
      bytes[start + 12] = 24
      bytes[start + 15] = UInt8(page >> 8)
      bytes[start + 17] = UInt8(page >> 8)
      bytes[start + 18] = 4
      bytes[start + 19] = UInt8(page >> 8)
    }
    return bytes
  }

  private static func sqlite(_ high: UInt8, _ low: UInt8) -> [UInt8] {
    var bytes = [UInt8](repeating: 1, count: 128 << 10)
    bytes.replaceSubrange(0..<18, with: Array("SQLite format 3".utf8) + [0, high, low])
    return bytes
  }

  @Test("small files are one chunk, whatever they are")
  func small() throws {
    let table = Self.innoDB(page: 16 << 10, pages: 3)
    #expect(Self.rule(table) == .whole)
    #expect(Self.rule(table, path: "a.ibd", earlier: .pages(size: 8192)) == .whole)
    #expect(Self.rule([], size: 0) == .whole)
    #expect(Self.rule([1], size: (64 << 10) - 1) == .whole)
    #expect(Self.rule([1], size: 64 << 10) == .contentDefined)
  }

  @Test("InnoDB pages of all sizes", arguments: [4, 8, 16, 32, 64])
  func innoDBPages(_ kibi: Int) {
    let table = Self.innoDB(page: kibi << 10, pages: 32)
    #expect(Self.rule(table) == .pages(size: kibi << 10))
    // What is behind the beginning changes nothing.
    #expect(
      Self.rule(Array(table.prefix(CutRuleChooser.beginningSize)), size: UInt64(table.count))
        == .pages(size: kibi << 10))
  }

  @Test("what only looks like InnoDB is not")
  func notInnoDB() {
    let table = Self.innoDB(page: 16 << 10, pages: 8)
    #expect(Self.rule(table, size: UInt64(table.count) + 1) == .contentDefined)
    for place in [4, 7, 25, 37, 41, (16 << 10) + 7, (16 << 10) + 37] {
      var other = table
      other[place] ^= 0x10
      #expect(Self.rule(other) == .contentDefined, "\(place)")
    }
    #expect(Self.rule([UInt8](repeating: 0, count: 1 << 20)) == .contentDefined)
  }

  @Test("PostgreSQL pages", arguments: [4096, 8192, 16_384, 32_768])
  func postgreSQLPages(_ page: Int) {
    let table = Self.postgreSQL(page: page, pages: 32)
    #expect(Self.rule(table) == .pages(size: page))
    #expect(Self.rule(Array(table.dropLast())) == .contentDefined)
    var grown = table
    for place in page..<(2 * page) { grown[place] = 0 }
    #expect(Self.rule(grown) == .pages(size: page))
    for (place, value) in [(12, 23), (13, 255), (15, 255), (17, 255), (18, 3), (19, 0), (page + 18, 3)] {
      var other = table
      other[place] = UInt8(value)
      #expect(Self.rule(other) == .contentDefined, "\(place)")
    }
  }

  @Test(
    "SQLite pages",
    arguments: [
      (0x10, 0, 4096), (0x20, 0, 8192), (0x80, 0, 32_768), (0, 1, 65_536), (0x02, 0, 16_384), (0x08, 0, 16_384),
    ])
  func sqlitePages(_ high: Int, _ low: Int, _ page: Int) {
    #expect(Self.rule(Self.sqlite(UInt8(high), UInt8(low))) == .pages(size: page))
  }

  @Test("what only looks like SQLite is not")
  func notSQLite() {
    #expect(Self.rule(Self.sqlite(0x10, 1)) == .contentDefined)
    #expect(Self.rule(Self.sqlite(0, 0)) == .contentDefined)
    #expect(Self.rule(Self.sqlite(1, 0)) == .contentDefined)
    var other = Self.sqlite(0x10, 0)
    other[15] = 32
    #expect(Self.rule(other) == .contentDefined)
  }

  @Test(
    "names of paged files",
    arguments: [
      ("x/t.ibd", true), ("disk.img", true), ("a.raw", true), ("vm.qcow2", true), ("vm.vmdk", true), ("vm.vdi", true),
      ("img", false), ("a.img.gz", false), ("a.imgx", false), (".img", true),
    ])
  func names(_ path: String, _ isPaged: Bool) {
    let bytes = TestInputs.bytes(.random, 100_000)
    #expect(Self.rule(bytes, path: path) == (isPaged ? .pages(size: 16 << 10) : .contentDefined))
  }

  @Test("the user's rules come first, the first of them before the others")
  func wishes() throws {
    let databases = try #require(Glob("*.db"))
    let all = try #require(Glob("**"))
    let first = try #require(CutRuleChooser.PageRule(databases, pageSize: 512))
    let second = try #require(CutRuleChooser.PageRule(all, pageSize: 4 << 20))
    let chooser = CutRuleChooser(pageRules: [first, second])
    let bytes = TestInputs.bytes(.random, 100_000)
    #expect(Self.rule(bytes, path: "x.db", chooser) == .pages(size: 512))
    #expect(Self.rule(bytes, path: "x.db", earlier: .contentDefined, chooser) == .pages(size: 512))
    #expect(Self.rule(bytes, size: 2000 * Self.gibi, path: "x.db", chooser) == .pages(size: 512))
    #expect(Self.rule(Self.innoDB(page: 8192, pages: 20), path: "x", chooser) == .pages(size: 4 << 20))
    for size in [0, 256, 511, 513, 3 << 10, 8 << 20, -512] {
      #expect(CutRuleChooser.PageRule(databases, pageSize: size) == nil)
    }
  }

  @Test("a file is cut as its parent was")
  func earlier() {
    let table = Self.innoDB(page: 16 << 10, pages: 10)
    #expect(Self.rule(table, earlier: .pages(size: 8192)) == .pages(size: 8192))
    #expect(Self.rule(table, earlier: .contentDefined) == .contentDefined)
    #expect(Self.rule(table, earlier: .whole) == .pages(size: 16 << 10))
    #expect(Self.rule(table, size: 2000 * Self.gibi, earlier: .pages(size: 8192)) == .pages(size: 8192))
  }

  @Test("large files have larger pages")
  func large() {
    let table = Array(Self.innoDB(page: 16 << 10, pages: 10))
    #expect(Self.rule(table, size: 64 * Self.gibi) == .pages(size: 16 << 10))
    #expect(Self.rule(table, size: 64 * Self.gibi + (16 << 10)) == .pages(size: 64 << 10))
    #expect(Self.rule(table, size: 1024 * Self.gibi) == .pages(size: 64 << 10))
    #expect(Self.rule(table, size: 1024 * Self.gibi + (16 << 10)) == .pages(size: 256 << 10))
    #expect(Self.rule([1], size: 100 * Self.gibi, path: "vm.img") == .pages(size: 64 << 10))
    #expect(Self.rule([1], size: 100 * Self.gibi) == .contentDefined)
  }
}
