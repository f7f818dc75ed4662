// SPDX-License-Identifier: Apache-2.0

// Writing gzip: levels, cutting, headers, flushes, engines.

import CodecKit
import Foundation
import Testing

@Suite("gzip writing")
struct GzipTests {
  private static let sizes = [0, 1, 2, 255, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 700_001]

  private func members(_ packed: [UInt8]) throws -> UInt64 {
    let inspector = try #require(try Gzip.default.makeInspector(.init()))
    var rest = packed
    while true {
      let step = try unsafe inspector.inspect(rest.span.bytes, isEnd: true)
      if step.used == 0, step.skip == 0 { return inspector.report.frameCount }
      rest.removeFirst(min(rest.count, step.used + Int(step.skip)))
    }
  }

  @Test("every level gives back every size", arguments: 0...12)
  func roundTrips(level: Int) throws {
    for size in Self.sizes {
      for content in [Sample.text(size), Sample.noise(size)] {
        let packed = try Gzip.default.compress(content, .init { $0.level = .native(level) })
        #expect(try Gzip.default.decompress(packed) == content)
        let bound = try #require(Gzip.default.compressedBound(size, .init { $0.level = .native(level) }))
        #expect(packed.count <= bound, "level \(level), \(size) bytes")
      }
    }
  }

  @Test("how input and room arrive does not change the output", arguments: [0, 1, 2, 6])
  func sameBytesForAnyFeeding(level: Int) throws {
    let content = Sample.text(900_000)
    let options = CompressionOptions { $0.level = .native(level) }
    let expected = try Gzip.default.compress(content, options)
    let engine = try Gzip.default.makeCompressionEngine(options)
    for pieces in [
      Feeding.Pieces(input: 7, output: 1 << 20), .init(input: 262_144, output: 1000), .init(input: 100_000, output: 77),
      .init(input: 262_145, output: 600_000), .init(input: 900_000, output: 5 << 20),
    ] {
      try engine.reset()
      let outcome = Feeding.run(engine, content, pieces)
      #expect(outcome.error == nil)
      #expect(outcome.bytes == expected, "pieces \(pieces)")
    }
  }

  @Test("one byte at a time goes in and out", arguments: [0, 1, 2, 6, 12])
  func singleBytes(level: Int) throws {
    let content = Sample.text(5000)
    let options = CompressionOptions { $0.level = .native(level) }
    let packed = Feeding.run(try Gzip.default.makeCompressionEngine(options), content, .bytes)
    #expect(packed.bytes == (try Gzip.default.compress(content, options)))
    for library in [DeflateLibrary.isal, .zlib] {
      var codec = Gzip()
      codec.library = library
      #expect(Feeding.run(try codec.makeDecompressionEngine(.init()), packed.bytes, .bytes).bytes == content)
    }
  }

  @Test("levels 1 and 2 write one member, higher ones a member per 8 MiB, and members=one is one")
  func cutting() throws {
    let part = Sample.text(1 << 16)
    let content = Array(repeatElement(part, count: 128).joined()) + [7]
    for (spec, count) in [("gzip:level=0", 1), ("gzip:level=1", 1), ("gzip:level=2", 1), ("gzip:level=3", 2)]
      + [("gzip:level=3,members=one", 1), ("gzip:level=3,engine=zlib", 1), ("gzip:level=1,chunk=4MiB", 3)]
    {
      let packed = try CodecRegistry.builtin.codec(spec).compress(content)
      #expect(try members(packed) == UInt64(count), "\(spec)")
      #expect(try Gzip.default.decompress(packed) == content)
    }
    let fitting = try Gzip.default.compress(Array(content.dropLast()), .init { $0.level = 3 })
    #expect(try members(fitting) == 1)
  }

  @Test("the header tells nothing unless it is asked to")
  func reproducibleHeader() throws {
    for (level, hint) in [(1, 4), (6, 0), (9, 2), (12, 2)] as [(Int, UInt8)] {
      let packed = try Gzip.default.compress([1, 2, 3], .init { $0.level = .native(level) })
      #expect(Array(packed.prefix(10)) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, hint, 255])
    }
  }

  @Test("name, time and comment are stored in the first member only, and are read back")
  func storedFacts() throws {
    let codec = Gzip {
      $0.fileName = "größe.sql"
      $0.comment = "nightly"
      $0.modificationTime = 1_700_000_000
    }
    let content = Sample.text(200_000)
    for options in [CompressionOptions { $0.level = 1 }, .init { $0.chunkSize = 65_536 }] {
      let packed = try codec.compress(content, options)
      let (header, size) = try #require(try unsafe GzipHeader.parse(packed.span.bytes))
      #expect(header.fileName == "größe.sql" && header.safeFileName == "größe.sql")
      #expect(header.comment == "nightly" && header.modificationTime == 1_700_000_000)
      #expect(size == 10 + 10 + 8)
      #expect(try Gzip.default.decompress(packed) == content)
      for cut in 0..<size { #expect(try unsafe GzipHeader.parse(Array(packed[..<cut]).span.bytes) == nil) }
    }
    let wild = try Gzip { $0.modificationTime = 1 << 40 }.compress([1])
    #expect(try unsafe GzipHeader.parse(wild.span.bytes)?.header.modificationTime == nil)
  }

  @Test("a name that cannot be stored is refused", arguments: ["", "a/b", "日本.sql", "a\0b"])
  func refusedNames(name: String) {
    #expect { try Gzip { $0.fileName = name }.compress([1]) } throws: { ($0 as? CodecError)?.code == .invalidOption }
  }

  @Test("a stored name is reduced to its last component, or refused")
  func safeNames() throws {
    for (stored, safe) in [
      ("../../etc/passwd", "passwd"), ("..", nil), (".", nil), ("a/", nil), ("a/..", nil), ("x\u{7}y", nil),
      ("ok", "ok"),
    ] as [(String, String?)] {
      let bytes: [UInt8] = [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3] + Array(stored.utf8) + [0]
      #expect(try unsafe GzipHeader.parse(bytes.span.bytes)?.header.safeFileName == safe)
    }
  }

  @Test("what is flushed can be read before the stream goes on", arguments: [0, 1, 6, 9])
  func flushes(level: Int) throws {
    let content = Sample.text(600_000)
    for members in [Gzip.Members.automatic, .one] {
      let codec = Gzip { $0.members = members }
      let engine = try codec.makeCompressionEngine(.init { $0.level = .native(level) })
      let packed = Feeding.run(engine, content, flushes: [10, 300_000, 300_000]).bytes
      #expect(try Gzip.default.decompress(packed) == content)
      // Up to each flush, everything given is readable: a cut behind the flush loses nothing before it.
      try engine.reset()
      var output = [UInt8](repeating: 0, count: 1 << 20)
      var size = 0
      try unsafe output.withUnsafeMutableBytes { memory in
        var room = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        _ = try unsafe engine.step(Array(content[..<5000]).span.bytes, into: &room, flush: .block)
        size = room.byteCount
      }
      let read = Feeding.run(try Gzip.default.makeDecompressionEngine(.init()), Array(output[..<size]))
      #expect(read.bytes == Array(content[..<5000]))
    }
  }

  @Test("impossible combinations are refused by name")
  func refusals() throws {
    for spec in [
      "gzip:level=10,members=one", "gzip:level=3,engine=isal", "gzip:level=10,engine=zlib",
      "gzip:engine=libdeflate,members=one", "gzip:chunk=1KiB", "gzip:chunk=65MiB", "gzip:members=one,chunk=1MiB",
      "zlib:engine=libdeflate", "deflate:engine=isal,level=6",
    ] {
      #expect(throws: CodecError.self, "\(spec)") {
        _ = try CodecRegistry.builtin.codec(spec).makeCompressionEngine(.init())
      }
    }
    #expect { try Gzip.default.compress([1], .init { $0.level = 13 }) } throws: {
      ($0 as? CodecError)?.code == .levelOutOfRange
    }
    #expect(throws: CodecError.self) { _ = try CodecRegistry.builtin.codec("gzip:engine=fast") }
    #expect(throws: CodecError.self) {
      _ = try CodecRegistry.builtin.codec("gzip:engine=libdeflate").makeDecompressionEngine(.init())
    }
  }

  @Test("every engine writes what every tool reads")
  func toolsRead() throws {
    let content = Sample.text(400_000) + Sample.noise(70_000)
    for spec in (0...12).map({ "gzip:level=\($0)" }) + ["gzip:engine=zlib", "gzip:engine=libdeflate,level=1"]
      + ["gzip:members=one", "gzip:chunk=64KiB"]
    {
      let packed = try CodecRegistry.builtin.codec(spec).compress(content)
      for tool in ["/usr/bin/gzip", "/usr/bin/pigz", "/usr/bin/igzip", "/usr/bin/libdeflate-gzip"]
      where FileManager.default.isExecutableFile(atPath: tool) {
        #expect(try Tool.run(tool, ["-d", "-c"], input: packed) == content, "\(tool), \(spec)")
      }
    }
  }

  @Test("what the tools write is read")
  func toolsWrite() throws {
    let content = Sample.text(400_000) + Sample.noise(70_000)
    for tool in ["/usr/bin/gzip", "/usr/bin/pigz", "/usr/bin/igzip", "/usr/bin/libdeflate-gzip"] {
      for level in ["-1", "-3"] {
        guard let packed = try Tool.run(tool, [level, "-c"], input: content) else { continue }
        #expect(try Gzip.default.decompress(packed) == content, "\(tool) \(level)")
        #expect(try Gzip { $0.library = .zlib }.decompress(packed) == content, "\(tool) \(level)")
      }
    }
  }

  @Test("a finished and a failed engine take nothing but reset")
  func afterTheEnd() throws {
    for level in [1, 6] {
      let engine = try Gzip.default.makeCompressionEngine(.init { $0.level = .native(level) })
      let first = Feeding.run(engine, [1, 2, 3])
      #expect(Feeding.run(engine, [4]).error?.code == .streamFinished)
      try engine.reset()
      #expect(Feeding.run(engine, [1, 2, 3]).bytes == first.bytes)
    }
    let reader = try Gzip.default.makeDecompressionEngine(.init())
    #expect(Feeding.run(reader, [1, 2, 3]).error?.code == .corrupt)
    #expect(Feeding.run(reader, [1, 2, 3]).error?.code == .streamFinished)
    try reader.reset()
    #expect(Feeding.run(reader, try Gzip.default.compress([9, 9])).bytes == [9, 9])
  }
}
