// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Streams that are stored as they are")
struct StreamCuttingTests {
  private static let database = DatabaseFile.innoDB(pages: 40, seed: 1)
  private static let text = SampleTree.bytes(300_000, 2)

  private static func tar(extra: Bool = false) -> [UInt8] {
    var tar = TarStream()
    if extra { tar.add("ahead", Array("one more".utf8)) }
    tar.add("db/", [], UInt8(ascii: "5"))
    tar.add(pax: [("mtime", "1600000000.5"), ("path", "db/a.ibd")])
    tar.add("short", database)
    tar.add("db/small", Array("small".utf8))
    tar.add("db/text", text)
    tar.add("db/none")
    return tar.ended + [UInt8](repeating: 0, count: 3000)
  }

  private static func xbstream(extra: Bool = false) -> [UInt8] {
    var stream = XBStream()
    if extra { stream.add("ahead", [1, 2, 3], at: 0) }
    stream.add("a.ibd", Array(database[..<200_000]), at: 0)
    stream.add("text", Array(text[..<100_000]), at: 0)
    stream.add("a.ibd", Array(database[200_000...]), at: 200_000)
    stream.add("text", Array(text[100_000...]), at: 100_000)
    stream.end("a.ibd")
    stream.end("text")
    stream.end("empty")
    return stream.bytes
  }

  @Test("a tar stream is cut where the data of its members begin and end, and database pages are chunks")
  func tarBorders() throws {
    let tar = Self.tar()
    let archived = try ArchivedStream(tar, .file)
    #expect(try archived.content("stream") == tar)
    #expect(archived.report.bytes == UInt64(tar.count) && archived.warnings == [])
    let chunks = try archived.chunks("stream")
    let start = 4 * 512
    // A directory, a pax header with its records and the header of the file come before its pages.
    #expect(chunks.first?.length == start)
    let pages = chunks.filter { $0.start >= start && $0.start < start + Self.database.count }
    #expect(pages.map(\.length) == [Int](repeating: 16 << 10, count: 40))
    #expect(pages.allSatisfy { ($0.start - start) % (16 << 10) == 0 })
    let starts = Set(chunks.map(\.start))
    for border in [512, 517, 1536] { #expect(starts.contains(start + Self.database.count + border)) }
  }

  @Test("pages of an xbstream begin where they do in their file, although files alternate and payloads tear pages")
  func xbstreamBorders() throws {
    let stream = Self.xbstream()
    let archived = try ArchivedStream(stream, .file)
    #expect(try archived.content("stream") == stream)
    let ids = try archived.ids()
    for page in 0..<40 where page != 200_000 / (16 << 10) {
      let bytes = Self.database[(page << 14)..<((page + 1) << 14)]
      #expect(ids[SHA256.hash(Array(bytes))] == 16 << 10, "page \(page)")
    }
  }

  @Test("the same bytes come of any sizes of reads and any number of threads", arguments: [false, true])
  func independence(_ isTar: Bool) throws {
    let stream = isTar ? Self.tar() : Self.xbstream()
    let reference = try ArchivedStream(stream, .file).bytes
    for (sizes, threads) in [([1 << 20], 3), ([511, 1, 70_000], 2), ([13], 1), ([4096], 8)] {
      #expect(try ArchivedStream(stream, .file, pieces: sizes, threads: threads).bytes == reference, "\(sizes)")
    }
  }

  @Test("what is moved by a member ahead of it is found again", arguments: [false, true])
  func sharing(_ isTar: Bool) throws {
    let first = try ArchivedStream(isTar ? Self.tar() : Self.xbstream(), .file).ids()
    let second = try ArchivedStream(isTar ? Self.tar(extra: true) : Self.xbstream(extra: true), .file).ids()
    let fresh = second.filter { first[$0.key] == nil }.values.reduce(0, +)
    #expect(fresh < 6000, "\(fresh) bytes are new")
  }

  @Test("a stream that is cut anywhere is stored as far as it goes", arguments: [false, true])
  func cuts(_ isTar: Bool) throws {
    let stream = isTar ? Self.tar() : Self.xbstream()
    let lengths = Array(0..<600) + stride(from: 601, to: stream.count, by: 29_989)
    for length in lengths + [stream.count - 1] {
      let part = Array(stream.prefix(length))
      #expect(try ArchivedStream(part, .file).content("stream") == part, "\(length)")
    }
  }

  @Test("a stream that stops making sense is stored to its last byte all the same", arguments: [false, true])
  func damage(_ isTar: Bool) throws {
    let stream = isTar ? Self.tar() : Self.xbstream()
    var generator = SplitMix(seed: 4)
    for _ in 0..<60 {
      var bad = stream
      let isEarly = generator.next() % 2 == 0
      let place = Int(generator.next() % UInt64(isEarly ? 2100 : bad.count))
      bad[place] ^= UInt8(truncatingIfNeeded: 1 + generator.next() % 255)
      #expect(try ArchivedStream(bad, .file).content("stream") == bad, "\(place)")
    }
    // Behind a bad header borders are those of the content, and the pages before it are found.
    var bad = stream
    if isTar { bad[4 * 512 + Self.database.count + 10] ^= 1 } else { bad[200_000 + 60] ^= 1 }
    #expect(try ArchivedStream(bad, .file).content("stream") == bad)
  }

  @Test("a header that promises more than there is, and headers without end, do no harm")
  func lies() throws {
    var tar = TarStream()
    tar.add("huge", [], size: Int(TarHeader.maximumLongNumber))
    tar.add("next", Array("data".utf8))
    #expect(try ArchivedStream(tar.ended, .file).content("stream") == tar.ended)
    tar = TarStream()
    for _ in 0..<3000 { tar.add(pax: [("comment", "more and more")]) }
    #expect(try ArchivedStream(tar.bytes, .file).content("stream") == tar.bytes)
    tar = TarStream()
    tar.add("pax", [], UInt8(ascii: "x"), size: 1 << 30)
    let bytes = tar.bytes + SampleTree.bytes(100_000, 3)
    #expect(try ArchivedStream(bytes, .file).content("stream") == bytes)
    var stream = XBStream()
    stream.head("a", UInt8(ascii: "P"), 0)
    stream.add(raw: [UInt8](repeating: 255, count: 40))
    #expect(try ArchivedStream(stream.bytes, .file).content("stream") == stream.bytes)
  }
}
