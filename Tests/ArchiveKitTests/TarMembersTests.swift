// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Members of tar streams")
struct TarMembersTests {
  @Test("every kind of member becomes the entry that it is")
  func kinds() throws {
    var tar = TarStream()
    tar.add("./", [], UInt8(ascii: "5"))
    tar.add("z/", [], UInt8(ascii: "5"))
    tar.add("z/file", Array("content".utf8))
    tar.add("old", Array("seven".utf8), 0)
    tar.add("olddir/", [], 0)
    tar.add("contiguous", [1, 2], UInt8(ascii: "7"))
    tar.add("a", link: "z/file", UInt8(ascii: "1"))
    tar.add("symbolic", link: "../anywhere")
    tar.add("pipe", [], UInt8(ascii: "6"))
    tar.add("tty", [], UInt8(ascii: "3")) { $0.replaceSubrange(329..<337, with: Array("0000005\0".utf8)) }
    tar.add("disk", [], UInt8(ascii: "4")) { $0.replaceSubrange(337..<345, with: Array("0000003\0".utf8)) }
    tar.add("volume", [], UInt8(ascii: "V"))
    tar.add("dump/", Array("names\0".utf8), UInt8(ascii: "5"), size: 0)
    let archived = try ArchivedStream(Array(tar.bytes.dropLast(512)) + [UInt8](repeating: 0, count: 1024), .tar)
    let entries = try archived.entries()
    #expect(archived.warnings == [])
    #expect(
      Set(entries.keys) == [
        "", "z", "z/file", "old", "olddir", "contiguous", "a", "symbolic", "pipe", "tty", "disk", "dump",
      ])
    #expect(entries[""]?.kind == .directory && entries["olddir"]?.kind == .directory)
    #expect(entries["pipe"]?.kind == .fifo && entries["symbolic"]?.target == Array("../anywhere".utf8))
    #expect(entries["tty"]?.kind == .characterDevice && entries["tty"]?.device.major == 5)
    #expect(entries["disk"]?.kind == .blockDevice && entries["disk"]?.device.minor == 3)
    #expect(entries["z/file"]?.owner == .init(uid: 0, gid: 0, user: Array("joe".utf8), group: []))
    #expect(entries["z/file"]?.mode == 0o640 && entries["z/file"]?.modificationTime.seconds == 1_600_000_000)
    #expect(entries["a"]?.linkGroup == entries["z/file"]?.linkGroup && entries["a"]?.linkGroup != nil)
    #expect(try archived.content("a") == Array("content".utf8))
    #expect(try archived.content("old") == Array("seven".utf8))
    #expect(archived.report.files == 3 && archived.report.hardLinks == 1 && archived.report.directories == 4)
    #expect(archived.report.specialFiles == 3 && archived.report.symbolicLinks == 1 && archived.report.bytes == 14)
  }

  @Test("pax records say what headers have no room for")
  func pax() throws {
    let long = String(repeating: "d/", count: 200) + "\u{e9}"
    var tar = TarStream()
    tar.add(pax: [("gname", Array("everybody".utf8)), ("mtime", Array("7".utf8))], UInt8(ascii: "g"))
    tar.add(pax: [
      ("path", Array(long.utf8)), ("mtime", Array("-1.25".utf8)), ("uid", Array("4000000000".utf8)),
      ("gid", Array("70000".utf8)), ("uname", Array("jos\u{e9}".utf8)), ("size", Array("3".utf8)),
      ("SCHILY.xattr.user.a%3Db%25", [0, 0x0A, 255]), ("SCHILY.xattr.user.none", []),
    ])
    tar.add("x", [1, 2, 3], size: 0)
    tar.add(pax: [("linkpath", long), ("gname", "")])
    tar.add("y", link: "short")
    tar.add(pax: [("linkpath", long)])
    tar.add("w", link: "short", UInt8(ascii: "1"))
    tar.add("plain")
    let archived = try ArchivedStream(tar.ended, .tar)
    let entries = try archived.entries()
    let entry = try #require(entries[long])
    #expect(try archived.content(long) == [1, 2, 3])
    #expect(entry.modificationTime == Timestamp(seconds: -2, nanoseconds: 750_000_000))
    #expect(
      entry.owner
        == .init(
          uid: 4_000_000_000, gid: 70000, user: Array("jos\u{e9}".utf8), group: Array("everybody".utf8)))
    #expect(entry.attributes.map(\.name) == [Array("user.a=b%".utf8), Array("user.none".utf8)])
    #expect(entry.attributes.map(\.value) == [[0, 0x0A, 255], []])
    #expect(entries["y"]?.target == Array(long.utf8) && entries["y"]?.owner.group == [])
    #expect(entries["y"]?.modificationTime.seconds == 7)
    #expect(entries["w"]?.linkGroup == entry.linkGroup)
    #expect(entries["plain"]?.modificationTime.seconds == 7 && entries["plain"]?.attributes == [])
  }

  @Test("GNU headers carry long names, and numbers in bytes")
  func gnu() throws {
    let long = String(repeating: "name", count: 60)
    var tar = TarStream()
    tar.add("././@LongLink", Array(long.utf8) + [0], UInt8(ascii: "L"))
    tar.add("cut off", Array("a".utf8)) { block in
      block.replaceSubrange(257..<265, with: Array("ustar  \0".utf8))
      // -2 seconds, and a user above what octal digits hold. The prefix is none.
      block.replaceSubrange(136..<148, with: [UInt8](repeating: 255, count: 11) + [254])
      block.replaceSubrange(108..<116, with: [0x80, 0, 0, 0, 0xEE, 0x6B, 0x28, 0])
      block.replaceSubrange(345..<350, with: Array("atime".utf8))
    }
    tar.add("././@LongLink", Array(("/" + long).utf8) + [0], UInt8(ascii: "K"))
    tar.add("link", link: "cut off", UInt8(ascii: "1"))
    tar.add("sparse", Array("0123456789".utf8), UInt8(ascii: "S")) { block in
      block.replaceSubrange(386..<410, with: Array("00000001000\000000000012\0".utf8))
      block.replaceSubrange(410..<434, with: Array("00000010000\000000000000\0".utf8))
      block.replaceSubrange(483..<495, with: Array("00000010000\0".utf8))
    }
    let archived = try ArchivedStream(tar.ended, .tar)
    let entries = try archived.entries()
    #expect(entries[long]?.modificationTime.seconds == -2 && entries[long]?.owner.uid == 4_000_000_000)
    #expect(entries["link"]?.linkGroup == entries[long]?.linkGroup && archived.warnings == [])
    var expected = [UInt8](repeating: 0, count: 4096)
    expected.replaceSubrange(512..<522, with: Array("0123456789".utf8))
    #expect(try archived.content("sparse") == expected)
    #expect(
      entries["sparse"]?.content
        == .runs([
          .hole(length: 512), .chunks(ordinal: 0, first: 1, count: 1, length: 10), .hole(length: 3574),
        ]))
  }

  @Test("files with holes are known in all forms of GNU's pax records")
  func sparse() throws {
    let pieces: [(String, [(String, [UInt8])], [UInt8])] = [
      (
        "0.0",
        [
          ("GNU.sparse.size", Array("3000".utf8)), ("GNU.sparse.numblocks", Array("2".utf8)),
          ("GNU.sparse.offset", Array("1000".utf8)), ("GNU.sparse.numbytes", Array("5".utf8)),
          ("GNU.sparse.offset", Array("2000".utf8)), ("GNU.sparse.numbytes", Array("2".utf8)),
        ], []
      ),
      (
        "0.1",
        [
          ("GNU.sparse.size", Array("3000".utf8)), ("GNU.sparse.numblocks", Array("2".utf8)),
          ("GNU.sparse.map", Array("1000,5,2000,2".utf8)), ("GNU.sparse.name", Array("0.1".utf8)),
        ], []
      ),
      (
        "1.0",
        [
          ("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.minor", Array("0".utf8)),
          ("GNU.sparse.name", Array("1.0".utf8)), ("GNU.sparse.realsize", Array("3000".utf8)),
        ], Array("2\n1000\n5\n2000\n2\n".utf8)
      ),
    ]
    var tar = TarStream()
    for (name, records, map) in pieces {
      tar.add(pax: records)
      let head = map.isEmpty ? [] : map + [UInt8](repeating: 0, count: 512 - map.count)
      tar.add(name == "0.0" ? name : "GNUSparseFile/x", head + Array("AAAAABB".utf8))
    }
    let archived = try ArchivedStream(tar.ended, .tar)
    var expected = [UInt8](repeating: 0, count: 3000)
    expected.replaceSubrange(1000..<1005, with: Array("AAAAA".utf8))
    expected.replaceSubrange(2000..<2002, with: Array("BB".utf8))
    for (name, _, _) in pieces { #expect(try archived.content(name) == expected, "\(name)") }
    #expect(Set(try archived.entries().keys) == ["0.0", "0.1", "1.0"])
    #expect(archived.report.holeBytes == 3 * 2993 && archived.report.bytes == 21)
  }

  @Test("of members with the same path the last one counts, and links lead to what was there")
  func repetition() throws {
    var tar = TarStream()
    tar.add("a", Array("first".utf8))
    tar.add("b", link: "a", UInt8(ascii: "1"))
    tar.add("a", Array("second".utf8))
    tar.add("c", link: "a", UInt8(ascii: "1"))
    tar.add("d", link: "c", UInt8(ascii: "1"))
    tar.add("e/", [], UInt8(ascii: "5"))
    tar.add("e", link: "a")
    let archived = try ArchivedStream(tar.ended, .tar)
    let entries = try archived.entries()
    #expect(try archived.content("b") == Array("first".utf8) && archived.content("a") == Array("second".utf8))
    #expect(try archived.content("d") == Array("second".utf8))
    #expect(entries["d"]?.linkGroup == entries["a"]?.linkGroup && entries["b"]?.linkGroup != entries["a"]?.linkGroup)
    #expect(entries["e"]?.kind == .symbolicLink && archived.warnings == [] && entries.count == 5)
  }

  @Test("paths that lead elsewhere are left out and named, slashes at the start are taken off")
  func paths() throws {
    var tar = TarStream()
    tar.add("/etc/passwd", [1])
    tar.add("//also/./here//x", [2])
    tar.add("../escape", [3])
    tar.add("a/../../b", [4])
    tar.add("..", [], UInt8(ascii: "5"))
    tar.add("/", [], UInt8(ascii: "5"))
    tar.add("/", [5])
    tar.add(".", [5])
    tar.add(String(repeating: "x", count: 99) + "/" + "ok", [6])
    tar.add(pax: [("path", "nul\0byte")])
    tar.add("x", [7])
    tar.add(pax: [("path", String(repeating: "y", count: 256))])
    tar.add("x", [8])
    tar.add("link", link: "../escape", UInt8(ascii: "1"))
    tar.add("link2", link: "missing", UInt8(ascii: "1"))
    tar.add("link3", link: "link3", UInt8(ascii: "1"))
    tar.add("nowhere", [], UInt8(ascii: "2"))
    tar.add("multi", [9], UInt8(ascii: "M"))
    let archived = try ArchivedStream(tar.ended, .tar)
    let entries = try archived.entries()
    #expect(Set(entries.keys) == ["", "etc/passwd", "also/here/x", String(repeating: "x", count: 99) + "/ok"])
    #expect(archived.report.isPartial)
    #expect(
      archived.warnings == [
        "absolutePath /etc/passwd", "unsafePath ../escape", "unsafePath a/../../b", "unsafePath ..", "unsafePath .",
        "unsafePath nul\0byte", "unsafePath " + String(repeating: "y", count: 256), "withoutTarget link",
        "unstorable nowhere", "unstorable multi", "withoutTarget link2", "withoutTarget link3",
      ])
    #expect(archived.report.hardLinks == 0)
  }

  @Test("nothing stands below what is no directory: a later entry below it wins, else it stays")
  func obstacles() throws {
    var tar = TarStream()
    tar.add("a", [1])
    tar.add("a/below", [2])
    tar.add("b/below", [3])
    tar.add("b", [4])
    tar.add("c/x/y/z", [5])
    tar.add("c", link: "elsewhere")
    tar.add("c/x", [6])
    tar.add("d", [7])
    tar.add("d!", [8])
    tar.add("d-", [8])
    let archived = try ArchivedStream(tar.ended, .tar)
    #expect(Set(try archived.entries().keys) == ["a/below", "b", "c/x", "d", "d!", "d-"])
    #expect(archived.warnings == ["displaced a", "displaced b/below", "displaced c", "displaced c/x/y/z"])
    #expect(archived.report.isPartial)
  }

  @Test("owners, attributes, patterns and page sizes follow the options")
  func options() throws {
    var tar = TarStream()
    tar.add(pax: [("SCHILY.xattr.user.x", "1")])
    tar.add("d/a.img", SampleTree.bytes(200_000, 9))
    tar.add("d/skip", [1])
    tar.add("e/", [], UInt8(ascii: "5"))
    tar.add("e/f", [1])
    let archived = try ArchivedStream(
      tar.ended, .tar,
      options: {
        $0.usesNumericOwners = true
        $0.storesAttributes = false
        $0.excluded = ["skip", "e/"].compactMap { Glob($0) }
        $0.pageRules = [Glob("*.img").flatMap { CutRuleChooser.PageRule($0, pageSize: 4096) }].compactMap { $0 }
      })
    let entries = try archived.entries()
    #expect(Set(entries.keys) == ["d/a.img"] && archived.report.skipped == 3)
    #expect(entries["d/a.img"]?.owner.user == [] && entries["d/a.img"]?.attributes == [])
    #expect(entries["d/a.img"]?.cut == .pages(size: 4096))
    #expect(try archived.chunks("d/a.img").dropLast().allSatisfy { $0.length == 4096 })
    var taken: [String] = []
    let report = try TreeArchiver(
      to: nil,
      .init {
        $0.entryTaken = { taken.append(String(decoding: $0.path, as: UTF8.self)) }
      }
    ).archiveTar(PieceStream(tar.ended))
    #expect(taken == ["d/a.img", "d/skip", "e", "e/f"] && report.files == 3)
  }

  @Test("the same archive comes of any sizes of reads and any number of threads")
  func independence() throws {
    var tar = TarStream()
    for number in 0..<40 {
      tar.add("d\(number % 7)/f\(number)", SampleTree.bytes(number * 3000, UInt64(number % 11)))
    }
    let small: (inout ArchiveWriterOptions) -> Void = { $0.checkpointBytes = 300_000 }
    let reference = try ArchivedStream(tar.ended, .tar, small)
    for (sizes, threads) in [([1], 1), ([513, 70_000], 3), ([1 << 20], 8)] {
      #expect(try ArchivedStream(tar.ended, .tar, pieces: sizes, threads: threads, small).bytes == reference.bytes)
    }
    _ = try reference.entries()
  }
}
