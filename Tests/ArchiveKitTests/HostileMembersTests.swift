// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Members of streams that are damaged or lie")
struct HostileMembersTests {
  /// What taking the members of a stream throws.
  private func error(_ stream: [UInt8], _ form: ArchivedStream.Form = .tar) -> ArchiveError? {
    do {
      _ = try ArchivedStream(stream, form)
      return nil
    } catch { return error as? ArchiveError }
  }

  /// The same of a dry run, which reads the headers alone.
  private func dryError(_ stream: [UInt8], _ form: ArchivedStream.Form = .tar) -> ArchiveError? {
    do throws(ArchiveError) {
      let archiver = TreeArchiver(to: nil)
      if form == .tar { _ = try archiver.archiveTar(PieceStream(stream)) }
      if form == .xbstream { _ = try archiver.archiveXBStream(PieceStream(stream), modified: Timestamp(seconds: 1)) }
      return nil
    } catch { return error }
  }

  private static let tar: [UInt8] = {
    var tar = TarStream()
    tar.add("d/", [], UInt8(ascii: "5"))
    tar.add(pax: [("mtime", "1.5")])
    tar.add("d/file", Array("content".utf8))
    tar.add("l", link: "d/file", UInt8(ascii: "1"))
    return tar.ended
  }()

  private static let xbstream: [UInt8] = {
    var stream = XBStream()
    stream.add("a", [1, 2, 3], at: 0)
    stream.add("b", [4], at: 0)
    stream.add("a", [5, 6], at: 3)
    stream.end("a")
    stream.add("b", sparse: [(100, [7]), (5, [])], at: 1, countsMap: true)
    stream.end("b")
    stream.end("c")
    return stream.bytes
  }()

  @Test("a tar stream that is cut anywhere before its end is truncated")
  func cutTar() throws {
    let content = Self.tar.count - 1024
    for length in 1..<Self.tar.count {
      let part = Array(Self.tar.prefix(length))
      let found = dryError(part)
      if length % 61 == 0 { #expect(error(part)?.code == found?.code) }
      // One empty block is end enough, as it is for other readers.
      #expect(
        length >= content + 512 ? found == nil : found?.code == .truncated, "\(length): \(String(describing: found))")
    }
    #expect(error([])?.code == .truncated)
  }

  @Test("an xbstream that is cut within a chunk, or before a file ends, is truncated")
  func cutXBStream() throws {
    // Behind the chunks that end the last open file.
    let head = XBStreamReader.magic.count + 7
    let legal = [Self.xbstream.count, Self.xbstream.count - head]
    for length in 1...Self.xbstream.count {
      let found = error(Array(Self.xbstream.prefix(length)), .xbstream)
      #expect(
        legal.contains(length) ? found == nil : found?.code == .truncated, "\(length): \(String(describing: found))")
    }
  }

  @Test("what is no such stream is told apart from a damaged one")
  func strangers() throws {
    #expect(error(Array("Neither this nor that".utf8) + SampleTree.bytes(2000, 1))?.code == .notAnArchive)
    #expect(error(SampleTree.bytes(2000, 1), .xbstream)?.code == .notAnArchive)
    #expect(error([], .xbstream)?.code == .notAnArchive)
    var bad = Self.tar
    bad[3 * 512 + 3] ^= 1
    let found = error(bad)
    #expect(found?.code == .corrupt && found?.offset == 3 * 512)
  }

  @Test("no flipped byte of a stream ends in anything but an archive or an error")
  func flips() throws {
    for place in 0..<Self.tar.count {
      var bad = Self.tar
      bad[place] ^= 0x41
      if let found = place % 61 == 0 ? error(bad) : dryError(bad) {
        #expect(found.isDamage || found.code == .notAnArchive, "\(place): \(found)")
      }
    }
    for place in 0..<Self.xbstream.count {
      var bad = Self.xbstream
      bad[place] ^= 0x41
      if let found = error(bad, .xbstream) {
        #expect(
          found.isDamage || found.code == .notAnArchive || found.code == .unsupportedFeature, "\(place): \(found)")
      }
    }
  }

  @Test("numbers and maps that cannot be are refused")
  func impossible() {
    func code(_ build: (inout TarStream) -> Void) -> ArchiveError.Code? {
      var tar = TarStream()
      build(&tar)
      return error(tar.ended)?.code
    }
    #expect(code { $0.add("x", [], size: Int(TarHeader.maximumLongNumber)) } == .truncated)
    #expect(
      code { $0.add("x") { $0.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0xFF, count: 11)) } }
        == .corrupt)
    #expect(
      code { $0.add("x") { $0.replaceSubrange(124..<136, with: [UInt8](repeating: 0xFF, count: 12)) } }
        == .corrupt)
    #expect(code { $0.add("x") { $0[124] = UInt8(ascii: "9") } } == .corrupt)
    for records in [
      [("size", "9223372036854775807")], [("size", "99999999999999999999")], [("size", "-1")], [("mtime", "soon")],
      [("uid", "x")], [("GNU.sparse.size", "9223372036854775808"), ("GNU.sparse.map", "0,0")],
      [("GNU.sparse.size", "10"), ("GNU.sparse.map", "0,11")],
      [("GNU.sparse.size", "10"), ("GNU.sparse.map", "5,1,4,0")],
      [("GNU.sparse.size", "10"), ("GNU.sparse.map", "0")], [("GNU.sparse.size", "10"), ("GNU.sparse.map", "0,a")],
      [("GNU.sparse.size", "10"), ("GNU.sparse.map", "18446744073709551615,1")],
      [("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "10")],
    ] {
      #expect(
        code { tar in
          tar.add(pax: records)
          tar.add("x", [UInt8](repeating: 0x31, count: 600), size: records[0].0 == "size" ? 0 : 600)
        } == .corrupt, "\(records)")
    }
    #expect(
      code { tar in
        tar.add(pax: [("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "10")])
        tar.add("x", Array("99999999\n".utf8) + [UInt8](repeating: 0, count: 600))
      } == .corrupt)
    for text in ["5 a=b\n", "9 abcdef\n", "99 a=b\n", "x a=b\n", "6 =bc\n", "6 a=bc"] {
      #expect(
        code { tar in
          tar.add("pax", Array(text.utf8), UInt8(ascii: "x"))
          tar.add("x")
        } == .corrupt, "\(text)")
    }
  }

  @Test("headers without end cost no memory without end")
  func endless() {
    var tar = TarStream()
    for _ in 0..<2000 { tar.add(pax: [("comment", "more")]) }
    #expect(error(tar.bytes)?.code == .limitExceeded)
    tar = TarStream()
    tar.add("x", [], UInt8(ascii: "x"), size: 1 << 32)
    #expect(error(tar.bytes)?.code == .limitExceeded)
    tar = TarStream()
    for number in 0..<200 {
      tar.add(pax: [("k\(number)", [UInt8](repeating: 65, count: 60_000))], UInt8(ascii: "g"))
      tar.add("f\(number)")
    }
    #expect(error(tar.ended)?.code == .limitExceeded)
  }

  @Test("chunks of an xbstream are compared with their checksums, and must come without a gap")
  func xbstreamChunks() throws {
    var stream = XBStream()
    stream.add("a", [1, 2, 3], at: 0)
    stream.add("a", [4], at: 3, checksum: 1)
    let wrong = error(stream.bytes, .xbstream)
    #expect(
      wrong?.code == .checksumMismatch && wrong?.path == [97] && wrong?.offset == 38, "\(String(describing: wrong))")
    #expect(wrong?.reason.contains("from 3 on") == true)
    stream = XBStream()
    stream.add("a", [1, 2, 3], at: 0)
    stream.add("a", [4], at: 4)
    #expect(error(stream.bytes, .xbstream)?.code == .corrupt)
    stream = XBStream()
    stream.add("a", [1], at: 7)
    #expect(error(stream.bytes, .xbstream)?.code == .corrupt)
    stream = XBStream()
    stream.head("a", UInt8(ascii: "?"), 0)
    #expect(error(stream.bytes + [UInt8](repeating: 0, count: 20), .xbstream)?.code == .unsupportedFeature)
    stream = XBStream()
    stream.add("a", [1], at: 0)
    stream.head("a", UInt8(ascii: "?"), 1)
    stream.add(raw: [UInt8](repeating: 0, count: 20))
    stream.end("a")
    #expect(try ArchivedStream(stream.bytes, .xbstream).content("a") == [1])
    stream = XBStream()
    stream.add("a", [1], at: 0)
    let open = error(stream.bytes, .xbstream)
    #expect(open?.code == .truncated && open?.path == [97])
  }

  @Test("files of an xbstream become entries, however they alternate")
  func xbstreamFiles() throws {
    let archived = try ArchivedStream(Self.xbstream, .xbstream)
    #expect(try archived.content("a") == [1, 2, 3, 5, 6])
    #expect(try archived.content("b") == [4] + [UInt8](repeating: 0, count: 100) + [7, 0, 0, 0, 0, 0])
    let entries = try archived.entries()
    #expect(entries["c"]?.size == 0 && entries["a"]?.mode == 0o640 && archived.report.files == 3)
    #expect(
      entries["b"]?.content
        == .runs([
          .chunks(ordinal: 0, first: 1, count: 1, length: 1), .hole(length: 100),
          .chunks(ordinal: 0, first: 3, count: 1, length: 1), .hole(length: 5),
        ]))
    for (sizes, threads) in [([1], 1), ([7, 64], 3)] {
      #expect(try ArchivedStream(Self.xbstream, .xbstream, pieces: sizes, threads: threads).bytes == archived.bytes)
    }
    let database = DatabaseFile.innoDB(pages: 40, seed: 6)
    var stream = XBStream()
    stream.add("x/a.ibd", Array(database[..<300_000]), at: 0)
    stream.add("../a.ibd", [1], at: 0)
    stream.add("x/a.ibd", Array(database[300_000...]), at: 300_000)
    stream.end("x/a.ibd")
    stream.add("x/a.ibd", database, at: 0)
    stream.end("../a.ibd")
    stream.end("x/a.ibd")
    stream.add("x", [1], at: 0)
    stream.end("x")
    let paged = try ArchivedStream(stream.bytes, .xbstream)
    #expect(paged.warnings == ["unsafePath ../a.ibd", "displaced x/a.ibd"])
    #expect(try paged.content("x") == [1])
    #expect(try paged.ids().values.filter { $0 == 16 << 10 }.count == 40)
  }
}
