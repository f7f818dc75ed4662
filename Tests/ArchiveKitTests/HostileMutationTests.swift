// SPDX-License-Identifier: Apache-2.0

// Archives with anything changed and all checksums made anew: what stands behind the checksums gets to see it.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Mutated archives")
struct HostileMutationTests {
  /// Twenty thousand with CODECKIT_LONG=1.
  private static let rounds = ProcessEnvironment.isSet("CODECKIT_LONG") ? 20_000 : 2000

  /// Every sort of entry and frame, in few bytes.
  private static func seed() throws -> ForgedArchive {
    var forged = ForgedArchive()
    let chunks = (1...4).map { ForgedArchive.content(40 * $0, UInt64($0)) }
    forged.addBlock(Array(chunks[..<2]))
    let packed = try Zstd.default.compress(chunks[2] + chunks[3])
    forged.addBlock(Array(chunks[2...]), codec: 1, payload: packed)
    let map = forged.addMap([.chunks(ordinal: 0, first: 1, count: 2, length: 200), .hole(length: 9)])
    var mapped = ForgedArchive.file("m", map.length)
    mapped.content = .maps([map])
    mapped.digest = .zero
    var link = ArchiveEntry(Array("d/l".utf8), .symbolicLink)
    link.target = Array("x".utf8)
    var first = ForgedArchive.file("d/a", 40, [.chunks(ordinal: 0, first: 0, count: 1, length: 40)])
    first.linkGroup = .init(ordinal: 0, number: 3)
    first.attributes = [ExtendedAttribute(name: Array("user.a".utf8), value: [1, 2])]
    first.birthTime = Timestamp(seconds: 5)
    first.extensions = [.init(type: 2, value: [3])]
    first.warnings = .changed
    var second = first
    second.path = Array("d/b".utf8)
    var device = ArchiveEntry(Array("v".utf8), .blockDevice)
    device.device = (1, 2)
    forged.addTree([ArchiveEntry([], .directory), ArchiveEntry(Array("d".utf8), .directory), first, second, link])
    forged.addIndex(.stamps, [UInt8](repeating: 1, count: 100), count: 5)
    let whole = ForgedArchive.file(
      "w", 400,
      [.chunks(ordinal: 0, first: 3, count: 1, length: 160), .chunks(ordinal: 0, first: 0, count: 3, length: 240)])
    forged.addTree([mapped, device, whole], separator: "m")
    forged.dataBytes = 40 + 40 + 200 + 400
    return forged
  }

  /// Changes bytes of an array in one of a few ways.
  private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
    guard !bytes.isEmpty else { return }
    let place = Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
    case 2: bytes.remove(at: place)
    case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
    case 4: bytes.replaceSubrange(place..<place, with: [UInt8](repeating: 0xFF, count: 9) + [1])
    default:
      let other = Int.random(in: 0..<bytes.count, using: &random)
      bytes.swapAt(place, other)
    }
  }

  private static func number<Number: FixedWidthInteger>(
    _ old: Number, _ random: inout SeededRandom
  ) -> Number {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: old &+ 1
    case 1: old &- 1
    case 2: .max
    case 3: old ^ (1 << Number(Int.random(in: 0..<Number.bitWidth, using: &random)))
    default: Number(truncatingIfNeeded: random.next())
    }
  }

  /// Changes one thing.
  private static func mutate(_ forged: inout ForgedArchive, _ random: inout SeededRandom) {
    let item = Int.random(in: 0..<forged.items.count, using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    case 0...4:
      // What the directory says of a leaf, and an entry of a map, follows.
      let old = forged.items[item].digest
      mutate(&forged.items[item].body, &random)
      let body = forged.items[item].body
      if forged.items[item].codec == 0, forged.items[item].kind != 1 { forged.items[item].rawLength = body.count }
      forged.items[item].digest = SHA256.hash(body)
      for leaf in forged.leaves.indices where forged.leaves[leaf].digest == old {
        forged.leaves[leaf].digest = SHA256.hash(body)
      }
    case 5:
      let (frame, field) = (UInt64.random(in: 0..<12, using: &random), Int.random(in: 0..<8, using: &random))
      var source = random
      forged.editHeader = { header in
        guard header.number == frame else { return }
        switch field {
        case 0: header.kind = number(header.kind, &source)
        case 1: header.codec = number(header.codec, &source)
        case 2: header.flags = .init(rawValue: number(header.flags.rawValue, &source))
        case 3: header.storedLength = number(header.storedLength, &source)
        case 4: header.rawLength = number(header.rawLength, &source)
        case 5: header.count = number(header.count, &source)
        case 6: header.number = number(header.number, &source)
        default: header.first = number(header.first, &source)
        }
      }
    case 6:
      var source = random
      forged.editBlocks = { blocks in
        let index = Int.random(in: 0..<blocks.count, using: &source)
        switch Int.random(in: 0..<4, using: &source) {
        case 0: blocks[index].offset = number(blocks[index].offset, &source)
        case 1: blocks[index].firstChunk = number(blocks[index].firstChunk, &source)
        case 2: blocks[index].storedLength = number(blocks[index].storedLength, &source)
        default: blocks[index].rawLength = number(blocks[index].rawLength, &source)
        }
      }
    case 7:
      let leaf = Int.random(in: 0..<forged.leaves.count, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: forged.leaves[leaf].entries = number(forged.leaves[leaf].entries, &random)
      case 1: forged.leaves[leaf].block = number(forged.leaves[leaf].block, &random)
      default: mutate(&forged.leaves[leaf].separator, &random)
      }
    case 8:
      var source = random
      forged.editFooter = { footer in
        switch Int.random(in: 0..<8, using: &source) {
        case 0: footer.entries = number(footer.entries, &source)
        case 1: footer.chunks = number(footer.chunks, &source)
        case 2: footer.directory.offset = number(footer.directory.offset, &source)
        case 3: footer.directory.length = number(footer.directory.length, &source)
        case 4: footer.ids.length = number(footer.ids.length, &source)
        case 5: footer.blocks.offset = number(footer.blocks.offset, &source)
        case 6: footer.index.length = number(footer.index.length, &source)
        default: footer.dataBytes = number(footer.dataBytes, &source)
        }
      }
    default:
      let place = Int.random(in: 8..<180, using: &random)
      let byte = UInt8.random(in: 0...255, using: &random)
      forged.editSuperblock = { $0[place] = byte }
    }
    _ = random.next()
  }

  private static func readAll(_ archive: ArchiveReader) throws -> Int {
    var cursor = archive.entries()
    var entries = 0
    while let entry = try cursor.next() {
      entries += 1
      guard entry.kind == .file else { continue }
      var length: UInt64 = 0
      try archive.read(entry, range: 0..<(1 << 20)) { (bytes: RawSpan) throws(ArchiveError) in
        length += UInt64(bytes.byteCount)
      }
      #expect(length == min(entry.size, 1 << 20))
    }
    return entries
  }

  @Test("errors come of them, or what is right")
  func mutations() throws {
    let seed = try Self.seed()
    #expect(try Self.readAll(try ArchiveReader(MemoryArchiveSource(seed.bytes()))) == 8)
    var random = SeededRandom("mutated archives")
    var opened = 0
    for round in 0..<Self.rounds {
      var forged = seed
      for _ in 0..<Int.random(in: 1...2, using: &random) { Self.mutate(&forged, &random) }
      let bytes = try forged.bytes()
      let source = MemoryArchiveSource(bytes)
      if let archive = try? ArchiveReader(source) {
        opened += 1
        let entries = try? Self.readAll(archive)
        if round % 4 == 0, let report = try? ArchiveVerifier(archive, source, .deep).run(), report.isSound {
          #expect(entries == Int(report.entries))
        }
      }
      guard round % 2 == 0, let archive = try? ArchiveReader(recovering: source) else { continue }
      _ = try? Self.readAll(archive)
    }
    #expect(opened > Self.rounds / 3)
  }
}
