// SPDX-License-Identifier: Apache-2.0

// Writing pgzip: forms, cutting, headers, flushes, and that neither threads nor feeding matter.

import CodecKit
import Foundation
import TestSupport
import Testing

/// A member of a file, as its inspector reports it.
private struct Member: Hashable {
  var offset: UInt64
  var packedSize: UInt64
  var contentSize: UInt64
}

@Suite("pgzip writing")
struct PgzipTests {
  /// All forms, with a chunk size that is quick to fill.
  static let specs = [
    "pgzip:chunk=64KiB", "pgzip:chunk=64KiB,members=one", "pgzip:bgzf=yes", "pgzip:chunk=64KiB,rsyncable=yes",
    "pgzip:chunk=64KiB,members=one,rsyncable=yes",
  ]
  /// One of each library.
  static let levels = [0, 1, 6]

  private static let endMember: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x04, 0, 0, 0, 0, 0, 0xFF, 8, 0, 0x49, 0x47, 4, 0, 0x1E, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ]
  private static let endBlock: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x04, 0, 0, 0, 0, 0, 0xFF, 6, 0, 0x42, 0x43, 2, 0, 0x1B, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ]

  private static func codec(_ spec: String, level: Int? = nil) throws -> CodecSelection {
    var codec = try CodecRegistry.builtin.codec(spec)
    codec.level = level.map { .native($0) }
    return codec
  }

  /// The members that a file consists of, found by inflating it.
  private func members(_ packed: [UInt8]) throws -> [Member] {
    let inspector = try #require(try Pgzip.default.makeInspector(.init()))
    var (offset, rest) = (0, packed)
    var result: [Member] = []
    while true {
      let step = try unsafe inspector.inspect(rest.span.bytes, isEnd: true)
      result = inspector.report.frames.map {
        Member(offset: $0.offset, packedSize: $0.packedSize, contentSize: $0.contentSize ?? 0)
      }
      if step.used == 0, step.skip == 0 { return result }
      offset += step.used + Int(step.skip)
      rest = Array(packed[min(offset, packed.count)...])
    }
  }

  @Test("every level gives back every size, within the bound", arguments: 0...12)
  func roundTrips(level: Int) throws {
    let chunk = 64 << 10
    for spec in Self.specs where level <= 9 || !spec.contains("members=one") {
      let codec = try Self.codec(spec, level: level)
      for size in [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 65_280, 65_281, 200_007] {
        for kind in [InputKind.text, .random] where level < 10 || size < 100_000 {
          let content = TestInputs.bytes(kind, size)
          let packed = try codec.compress(content)
          #expect(try Gzip.default.decompress(packed, .init { $0.requiresProvenEnd = true }) == content)
          let bound = try #require(codec.compressedBound(size, .init()))
          #expect(packed.count <= bound, "\(spec), level \(level), \(size) bytes")
        }
      }
    }
  }

  @Test("neither threads nor the sizes of input and room change the output", arguments: specs, levels)
  func sameBytes(spec: String, level: Int) throws {
    let content = TestInputs.bytes(.text, 900_003)
    let codec = try Self.codec(spec, level: level)
    let expected = try codec.compress(content)
    for threads in [1, 2, 3, 8] {
      let options = CompressionOptions { $0.threads = threads }
      #expect(TestInputs.same(try codec.compress(content, options), expected), "\(threads) threads")
      let engine = try codec.makeCompressionEngine(options)
      for pieces in [
        Feeding.Pieces(input: 997, output: 1 << 20), .init(input: 65_536, output: 1009),
        .init(input: 262_145, output: 600_000), .init(input: 4 << 20, output: 77),
      ] {
        let outcome = Feeding.run(engine, content, pieces)
        #expect(outcome.error == nil && TestInputs.same(outcome.bytes, expected), "\(threads) threads, \(pieces)")
        try engine.reset()
      }
    }
  }

  @Test("one byte at a time goes in", arguments: specs)
  func singleBytes(spec: String) throws {
    let content = TestInputs.bytes(.text, 140_000)
    for level in [1, 6] {
      let codec = try Self.codec(spec, level: level)
      for threads in [1, 2] {
        let engine = try codec.makeCompressionEngine(.init { $0.threads = threads })
        let outcome = Feeding.run(engine, content, .init(input: 1, output: 50_000))
        #expect(outcome.bytes == (try codec.compress(content)), "level \(level), \(threads) threads")
      }
    }
  }

  @Test("input of up to one chunk is written as gzip writes it", arguments: 0...12)
  func oneChunk(level: Int) throws {
    let options = CompressionOptions { $0.level = .native(level) }
    for size in [0, 1, 5000, 1 << 20] {
      let content = TestInputs.bytes(.text, size)
      let expected = try Gzip.default.compress(content, options)
      for spec in ["pgzip", "pgzip:rsyncable", "pgzip:members=one"] where level <= 9 || spec != "pgzip:members=one" {
        // Cutting by content may cut what would fit one chunk.
        guard spec != "pgzip:rsyncable" || size < 1 << 18 else { continue }
        #expect(try Self.codec(spec, level: level).compress(content) == expected, "\(spec), \(size) bytes")
      }
    }
  }

  @Test("members tell their size, an end member closes, and a cut between members is noticed", arguments: levels)
  func sizedMembers(level: Int) throws {
    let codec = try Self.codec("pgzip:chunk=64KiB", level: level)
    let content = TestInputs.bytes(.text, 5 << 16)
    let packed = try codec.compress(content)
    #expect(Array(packed.suffix(30)) == Self.endMember)
    let members = try members(packed)
    #expect(members.map(\.contentSize) == [65_536, 65_536, 65_536, 65_536, 65_536, 0])
    for member in members {
      let start = Int(member.offset)
      #expect(Array(packed[start..<start + 4]) == [0x1F, 0x8B, 8, 4])
      #expect(Array(packed[start + 9..<start + 16]) == [0xFF, 8, 0, 0x49, 0x47, 4, 0])
      let size = (0..<4).reduce(0) { $0 | UInt64(packed[start + 16 + $1]) << UInt64(8 * $1) }
      #expect(size == member.packedSize)
      let alone = Array(packed[start..<start + Int(member.packedSize)])
      let from = members.prefix { $0 != member }.reduce(0) { $0 + Int($1.contentSize) }
      #expect(try Gzip.default.decompress(alone) == Array(content[from..<from + Int(member.contentSize)]))
    }
    for count in 1...5 {
      let cut = Array(packed[..<Int(members[count].offset)])
      let outcome = Feeding.run(try codec.makeDecompressionEngine(.init()), cut)
      #expect(outcome.error == nil && outcome.bytes == Array(content.prefix(count << 16)))
      #expect(outcome.notices.map(\.kind) == [.possiblyTruncated])
      let strict = Feeding.run(try codec.makeDecompressionEngine(.init { $0.requiresProvenEnd = true }), cut)
      #expect(strict.error?.code == .truncated)
    }
    #expect(Feeding.run(try codec.makeDecompressionEngine(.init()), packed).notices == [])
  }

  @Test("blocked gzip has blocks of 65,280 bytes, their sizes, and the end block, also when nothing compresses")
  func blocks() throws {
    for level in 0...12 {
      let codec = try Self.codec("pgzip:bgzf", level: level)
      #expect(try codec.compress([UInt8]()) == Self.endBlock)
      for content in [TestInputs.bytes(.text, 200_000), TestInputs.bytes(.random, 200_000), [7]] {
        let packed = try codec.compress(content)
        #expect(Array(packed.suffix(28)) == Self.endBlock)
        let blocks = try members(packed)
        var sizes = Array(repeating: UInt64(65_280), count: content.count / 65_280)
        sizes.append(UInt64(content.count % 65_280))
        #expect(blocks.map(\.contentSize) == sizes + [0])
        for block in blocks {
          let start = Int(block.offset)
          #expect(Array(packed[start + 10..<start + 16]) == [6, 0, 0x42, 0x43, 2, 0])
          #expect(UInt64(packed[start + 16]) | UInt64(packed[start + 17]) << 8 == block.packedSize - 1)
        }
      }
    }
  }

  @Test("the single member is one, whatever the size", arguments: [0, 1, 2, 3, 6, 9])
  func oneMember(level: Int) throws {
    let content = TestInputs.bytes(.text, 700_000)
    for spec in ["pgzip:members=one", "pgzip:members=one,chunk=64KiB", "pgzip:members=one,chunk=64KiB,rsyncable"] {
      let packed = try Self.codec(spec, level: level).compress(content)
      #expect(try members(packed).map(\.contentSize) == [700_000])
      #expect(try Gzip.default.decompress(packed) == content)
      if spec == "pgzip:members=one" {
        // All of it is one chunk, and that is what gzip writes too.
        #expect(try packed == Gzip.default.compress(content, .init { $0.level = .native(level) }))
      } else if level > 0 {
        let whole = try Gzip { $0.members = .one }.compress(content, .init { $0.level = .native(level) })
        // Pieces of a few KiB, as cutting by content makes some, cost more than those of 64 KiB.
        let allowed = spec.hasSuffix("rsyncable") ? whole.count / 8 : whole.count / 50
        #expect(packed.count < whole.count + allowed, "pieces cost little, because they share their history")
      }
    }
    #expect(throws: CodecError.self) { try Self.codec("pgzip:members=one", level: 10).compress(content) }
  }

  @Test("a flush makes everything readable, and costs no damage at the end", arguments: specs, levels)
  func flushes(spec: String, level: Int) throws {
    let codec = try Self.codec(spec, level: level)
    let content = TestInputs.bytes(.text, 400_000)
    for borders in [[1], [70_000], [65_536, 131_072], [10, 11, 200_000, 400_000], [400_000]] {
      var expected: [UInt8]?
      for threads in [1, 3] {
        let engine = try codec.makeCompressionEngine(.init { $0.threads = threads })
        let outcome = Feeding.run(engine, content, .init(input: 33_333, output: 100_000), flushes: borders)
        #expect(outcome.error == nil)
        #expect(try Gzip.default.decompress(outcome.bytes, .init { $0.requiresProvenEnd = true }) == content)
        #expect(expected == nil || outcome.bytes == expected, "\(threads) threads, flushes at \(borders)")
        expected = outcome.bytes
      }
      // All that was given before a flush is there after it.
      let engine = try codec.makeCompressionEngine(.init { $0.threads = 2 })
      let border = borders[0]
      let part = flushed(engine, Array(content[..<border]))
      let read = Feeding.run(try Gzip.default.makeDecompressionEngine(.init()), part)
      #expect(read.bytes == Array(content[..<border]))
    }
  }

  /// What an engine delivers for a flush.
  private func flushed(_ engine: any StreamEngine, _ input: [UInt8]) -> [UInt8] {
    var driver = StreamDriver(rooms: .fixed(10_000))
    driver.flush = .block
    driver.probesEnd = false
    return driver.run(engine, input, ends: false).output
  }

  @Test("a change in the middle changes only what is near it", arguments: [false, true])
  func rsyncable(single: Bool) throws {
    let codec = try Self.codec("pgzip:chunk=64KiB,rsyncable" + (single ? ",members=one" : ""))
    let content = TestInputs.bytes(.text, 4 << 20)
    var changed = content
    changed.insert(contentsOf: Array("a few bytes".utf8), at: 2_000_000)
    let (before, after) = (try codec.compress(content), try codec.compress(changed))
    #expect(try Gzip.default.decompress(after) == changed)
    // All but some 200 KB of input, at both ends, is the same.
    let start = zip(before, after).prefix { $0 == $1 }.count
    let end = zip(before.reversed(), after.reversed()).dropFirst(8).prefix { $0 == $1 }.count
    #expect(start + end > before.count * 9 / 10, "\(start) + \(end) of \(before.count)")
    guard !single else { return }
    func pieces(_ packed: [UInt8]) throws -> Set<[UInt8]> {
      Set(try members(packed).map { Array(packed[Int($0.offset)..<Int($0.offset + $0.packedSize)]) })
    }
    let (old, new) = (try pieces(before), try pieces(after))
    #expect(old.count > 30 && old.intersection(new).count >= old.count - 4)
    let sizes = try members(before).map(\.contentSize).dropLast(2)
    #expect(sizes.allSatisfy { (16_384...131_072).contains($0) } && Set(sizes).count > 10)
  }

  @Test("name, time and comment stand in the first member only")
  func metadata() throws {
    let content = TestInputs.bytes(.text, 200_000)
    for form in [Pgzip.Form.sizedMembers, .oneMember] {
      var codec = Pgzip { $0.form = form }
      codec.comment = "nightly"
      let stored = codec.storing(ContentMetadata(fileName: Array("db.sql".utf8), modificationTime: 1_700_000_000))
      let packed = try stored.compress(content, .init { $0.chunkSize = 64 << 10 })
      let (header, _) = try #require(try unsafe GzipHeader.parse(packed.span.bytes))
      #expect(header.fileName == "db.sql" && header.modificationTime == 1_700_000_000 && header.comment == "nightly")
      #expect(unsafe codec.storedMetadata(packed.span.bytes)?.fileName == Array("db.sql".utf8))
      let others = try members(packed).dropFirst()
      #expect(others.count == (form == .oneMember ? 0 : 4))
      for member in others {
        let rest = Array(packed[Int(member.offset)...])
        let (header, _) = try #require(try unsafe GzipHeader.parse(rest.span.bytes))
        #expect(header.fileName == nil && header.modificationTime == nil && header.comment == nil)
      }
      #expect(try Gzip.default.decompress(packed, .init { $0.requiresProvenEnd = true }) == content)
    }
    let blocked = Pgzip { $0.form = .bgzf }
    let stored = blocked.storing(ContentMetadata(fileName: Array("db.sql".utf8), modificationTime: 1))
    #expect(try stored.compress(content) == blocked.compress(content), "blocked gzip stores neither")
  }

  @Test(
    "what does not go together is refused",
    arguments: [
      "pgzip:bgzf,rsyncable", "pgzip:bgzf,members=one", "pgzip:bgzf,chunk=1MiB", "pgzip:chunk=65535",
      "pgzip:chunk=16777217", "pgzip:level=13", "pgzip:level=10,members=one", "pgzip:members=two",
      "pgzip:engine=isal,level=3",
    ])
  func refusals(spec: String) {
    do throws(CodecError) {
      _ = try CodecRegistry.builtin.codec(spec).makeCompressionEngine(.init())
      Issue.record("\(spec) is taken")
    } catch {
      #expect([.invalidOption, .levelOutOfRange].contains(error.code) && error.codec == "pgzip", "\(error)")
    }
    var named = Pgzip { $0.form = .bgzf }
    named.fileName = "x"
    #expect(throws: CodecError.self) { try named.makeCompressionEngine(.init()) }
  }

  @Test("a stream that is left or reset in the middle leaves nothing behind", arguments: specs)
  func abandoned(spec: String) throws {
    let codec = try Self.codec(spec, level: 1)
    let content = TestInputs.bytes(.text, 1 << 20)
    let expected = try codec.compress(content)
    for round in 0..<30 {
      let engine = try codec.makeCompressionEngine(.init { $0.threads = 4 })
      var driver = StreamDriver(pieces: .fixed(50_000 + round * 997), rooms: .fixed(1000))
      driver.probesEnd = false
      _ = driver.run(engine, content, ends: false)
      guard round % 3 == 0 else { continue }
      try engine.reset()
      #expect(TestInputs.same(Feeding.run(engine, content).bytes, expected))
    }
  }
}
