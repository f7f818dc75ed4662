// SPDX-License-Identifier: Apache-2.0

// Damage is found and named, and costs no more than it hits.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Damaged archives")
struct DamageTests {
  /// Small blocks and checkpoints, so that there are many.
  static func archive(_ files: Int = 40) throws -> (bytes: [UInt8], contents: [[UInt8]: [UInt8]]) {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: output,
      .init {
        $0.blockSize = 256 << 10
        $0.checkpointBytes = 1 << 20
        $0.isReproducible = true
      })
    var contents: [[UInt8]: [UInt8]] = [:]
    for number in 0..<files {
      let name = Array("dir\(number / 10)/file\(1000 + number)".utf8)
      if number % 10 == 0 { try writer.add(ArchiveEntry(Array("dir\(number / 10)".utf8), .directory)) }
      let content = SampleTree.bytes(number % 7 == 3 ? 700_000 : 20_000 + number, UInt64(number))
      contents[name] = content
      try writer.add(ArchiveEntry(name, .file), content, .contentDefined)
    }
    _ = try writer.finish()
    return (output.bytes, contents)
  }

  private func verify(_ bytes: [UInt8], _ level: VerificationLevel) throws -> VerificationReport {
    let source = MemoryArchiveSource(bytes)
    return try ArchiveVerifier(try ArchiveReader(source), source, level, threads: 2).run()
  }

  @Test("a sound archive is found sound", arguments: [VerificationLevel.quick, .full, .deep])
  func sound(level: VerificationLevel) throws {
    let report = try verify(try Self.archive().bytes, level)
    #expect(report.isSound && report.damagedFiles.isEmpty)
    #expect(report.frames > 20)
  }

  @Test("every flipped byte is found, and the files that are named are those that cannot be read")
  func flips() throws {
    let (bytes, contents) = try Self.archive()
    var random = SeededRandom("archive flips")
    for _ in 0..<30 {
      var damaged = bytes
      let place = Int.random(in: 0..<(bytes.count - 256), using: &random)
      damaged[place] ^= UInt8.random(in: 1...255, using: &random)
      let source = MemoryArchiveSource(damaged)
      guard let archive = try? ArchiveReader(source) else { continue }
      // The head of the archive has a copy that serves; what is padding there is covered by its checksum.
      let report = try ArchiveVerifier(archive, source, .full).run()
      #expect(!report.isSound || place < Superblock.size)
      let named = Set(report.damagedFiles)
      guard !report.treeIsDamaged else { continue }
      for (path, content) in contents {
        let entry = try #require(try archive.entry(at: path))
        if named.contains(path) {
          #expect(throws: ArchiveError.self) { try archive.content(of: entry) }
        } else {
          #expect(try archive.content(of: entry) == content)
        }
      }
    }
  }

  @Test("an archive cut anywhere gives back every file before its last checkpoint")
  func cuts() throws {
    let (bytes, contents) = try Self.archive()
    var random = SeededRandom("archive cuts")
    for _ in 0..<40 {
      let length = Int.random(in: Superblock.size..<bytes.count, using: &random)
      let cut = Array(bytes[..<length])
      let source = MemoryArchiveSource(cut)
      #expect(throws: ArchiveError.self) { try ArchiveReader(source) }
      guard let archive = try? ArchiveReader(recovering: source) else {
        // Not one frame is complete: the first has a block of 256 KiB.
        #expect(length < 280_000)
        continue
      }
      let findings = try #require(archive.recovery)
      #expect(!findings.hasFooter)
      var cursor = archive.entries()
      var whole = 0
      while let entry = try cursor.next() {
        guard entry.kind == .file else { continue }
        let content = try #require(contents[entry.path])
        if entry.path == findings.unfinishedFile {
          #expect(TestInputs.startsWith(content, try archive.content(of: entry)))
        } else {
          #expect(try archive.content(of: entry) == content)
          whole += 1
        }
      }
      // A checkpoint comes after each MiB; files have 120 KiB on average.
      #expect(whole >= contents.count * length / bytes.count - 14)
    }
  }

  @Test("an archive whose last bytes are gone has lost nothing")
  func footerOnly() throws {
    let (bytes, contents) = try Self.archive()
    let archive = try ArchiveReader(recovering: MemoryArchiveSource(Array(bytes.dropLast(100))))
    for (path, content) in contents {
      let entry = try #require(try archive.entry(at: path))
      #expect(try archive.content(of: entry) == content)
    }
  }

  @Test("bytes that are cut out of the middle cost the files they held")
  func excision() throws {
    let (bytes, contents) = try Self.archive()
    let sound = try ArchiveReader(MemoryArchiveSource(bytes))
    let victim = try sound.blocks.record(5)
    var damaged = bytes
    let place = Int(victim.offset)
    for index in place..<(place + 4096) { damaged[index] = 0 }
    let archive = try ArchiveReader(recovering: MemoryArchiveSource(damaged))
    var lost = 0
    for (path, content) in contents {
      let entry = try #require(try archive.entry(at: path))
      if let got = try? archive.content(of: entry) { #expect(got == content) } else { lost += 1 }
    }
    #expect(lost > 0 && lost < 8)
    #expect(try archive.recovery?.lostChunks == UInt64(sound.openBlock(victim).chunks.count))
  }
}
