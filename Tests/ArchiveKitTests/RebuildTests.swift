// SPDX-License-Identifier: Apache-2.0

// A copy of a damaged archive is sound, and has all that was not hit.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Rebuilt archives")
struct RebuildTests {
  private func rebuild(_ bytes: [UInt8]) throws -> (bytes: [UInt8], report: RebuildReport) {
    let archive = try ArchiveReader(recovering: MemoryArchiveSource(bytes))
    let output = MemoryArchiveOutput()
    let report = try ArchiveRebuilder(archive).run(to: output)
    return (output.bytes, report)
  }

  @Test("a copy of a sound archive, or of one without its end, has the same root")
  func sameRoot() throws {
    let (bytes, _) = try DamageTests.archive()
    let original = try ArchiveReader(MemoryArchiveSource(bytes)).summary.footer
    let whole = try rebuild(bytes)
    #expect(whole.report.isIdentical && whole.report.lost.isEmpty)
    let cut = try rebuild(Array(bytes.dropLast(100)))
    #expect(cut.report.lost.isEmpty)
    for copy in [whole, cut] {
      #expect(copy.report.summary.footer.contentRoot == original.contentRoot)
      let source = MemoryArchiveSource(copy.bytes)
      #expect(try ArchiveVerifier(try ArchiveReader(source), source, .deep).run().isSound)
    }
  }

  @Test("a copy of a damaged archive has everything but what was hit, and names that")
  func damaged() throws {
    let (bytes, contents) = try DamageTests.archive()
    let victim = try ArchiveReader(MemoryArchiveSource(bytes)).blocks.record(3)
    var damaged = bytes
    let place = Int(victim.offset) + 5000
    damaged[place] ^= 1
    let copy = try rebuild(damaged)
    #expect(!copy.report.lost.isEmpty)
    let source = MemoryArchiveSource(copy.bytes)
    let archive = try ArchiveReader(source)
    #expect(try ArchiveVerifier(archive, source, .full).run().isSound)
    let lost = Set(copy.report.lost.map(\.path))
    for (path, content) in contents {
      let entry = try archive.entry(at: path)
      #expect((entry == nil) == lost.contains(path))
      if let entry { #expect(try archive.content(of: entry) == content) }
    }
  }
}
