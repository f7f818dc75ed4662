// SPDX-License-Identifier: Apache-2.0

// What a check of an increment says, with and without the archives below it.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Verification of chains")
struct ChainVerificationTests {
  private func check(
    _ bytes: [UInt8], _ archives: [(name: String, bytes: [UInt8])], _ level: VerificationLevel = .full,
    chain: Bool = false
  ) throws -> VerificationReport {
    let source = MemoryArchiveSource(bytes)
    let archive = try ArchiveReader(source, ancestors: MemoryAncestors(archives: archives))
    return try ArchiveVerifier(archive, source, level, chain: chain, threads: 2).run()
  }

  @Test("every member of a sound chain is sound", arguments: [VerificationLevel.quick, .full, .deep])
  func sound(level: VerificationLevel) throws {
    let chain = try ArchiveChain.sample()
    for (number, archive) in chain.archives.enumerated() {
      let alone = try check(archive.bytes, chain.archives, level)
      #expect(alone.problems == [] && alone.unchecked == [])
      #expect(alone.members.count == 1)
      #expect(level != .full || number == 0 ? alone.uncheckedFiles == 0 : alone.uncheckedFiles > 0)
      let whole = try check(archive.bytes, chain.archives, level, chain: true)
      #expect(whole.problems == [] && whole.uncheckedFiles == 0)
      #expect(whole.members.map { $0.depth } == (0...UInt32(number)).reversed())
      #expect(whole.bytes > alone.bytes || number == 0)
      let index = try check(chain.indexes[number], chain.archives, level)
      #expect(index.problems == [])
    }
  }

  @Test("of archives that are not there it is said that they were not checked")
  func missing() throws {
    let chain = try ArchiveChain.sample(versions: 3)
    let alone = try check(chain.last, [])
    #expect(alone.problems == [])
    #expect(alone.unchecked.allSatisfy { $0.code == .missingParent } && !alone.unchecked.isEmpty)
    #expect(alone.uncheckedFiles > 0)
    let whole = try check(chain.last, [], chain: true)
    #expect(whole.problems.map(\.code) == [.missingParent, .missingParent])
    let half = try check(chain.last, [chain.archives[1], ("0.ckx", chain.indexes[0])], chain: true)
    #expect(half.problems.map(\.code) == [.missingParent])
    #expect(half.problems[0].reason.contains("0.ckx"))
  }

  @Test("damage in an ancestor names it and the files of the increment that are hit")
  func damage() throws {
    var chain = try ArchiveChain.sample(versions: 3)
    let full = try chain.reader(0)
    let entry = try #require(try full.entry(at: Array("a/fixed".utf8)))
    guard case .chunks(_, let first, _, _) = try full.runs(of: entry)[0] else { return }
    let record = try full.block(ofChunk: first + 8).record
    chain.archives[0].bytes[Int(record.offset) + 64 + Int(record.storedLength) - 10] ^= 1
    #expect(try check(chain.last, chain.archives).problems == [])
    for level in [VerificationLevel.quick, .full, .deep] {
      let report = try check(chain.last, chain.archives, level, chain: true)
      #expect(report.problems.count == 1)
      #expect(report.problems[0].reason.contains("0.cka"))
      #expect(report.members.map(\.problems) == [0, 0, 1])
      let lost = Set(report.damagedFiles.map { String(decoding: $0, as: UTF8.self) })
      #expect(lost.contains("a/fixed") && lost.count < 10)
    }
    let deep = try check(chain.last, chain.archives, .deep)
    #expect(deep.damagedFiles.contains(Array("a/fixed".utf8)))
  }

  @Test("damage anywhere in an increment is found")
  func anywhere() throws {
    let chain = try ArchiveChain.sample(versions: 2, pages: 40)
    var place = 5000
    while place < chain.last.count - 256 {
      var bytes = chain.last
      bytes[place] ^= 4
      if let report = try? check(bytes, chain.archives) { #expect(!report.isSound, "at \(place)") }
      place += 997
    }
  }
}
