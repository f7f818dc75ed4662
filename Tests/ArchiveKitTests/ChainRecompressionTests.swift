// SPDX-License-Identifier: Apache-2.0

// Members of a chain that are packed again stay what their children were made upon.

import CodecKit
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Recompression of chains")
struct ChainRecompressionTests {
  @Test("children stay valid, whichever member is packed again")
  func children() throws {
    let chain = try ArchiveChain.sample()
    for number in chain.archives.indices {
      var packed = chain
      let source = MemoryArchiveSource(chain.archives[number].bytes)
      let output = MemoryArchiveOutput()
      let old = try chain.reader(number)
      let summary = try ArchiveRecompressor(old, source, to: output, .init { $0.codec = LZ4() }).run()
      #expect(summary.footer.contentRoot == old.summary.footer.contentRoot)
      #expect(summary.footer.uuid == old.summary.footer.uuid)
      packed.archives[number].bytes = output.bytes
      let last = MemoryArchiveSource(packed.last)
      let archive = try ArchiveReader(last, ancestors: packed.finder)
      let report = try ArchiveVerifier(archive, last, .deep, chain: true).run()
      #expect(report.problems == [] && report.members.count == 4)
    }
    let index = MemoryArchiveSource(chain.indexes[1])
    #expect(throws: ArchiveError.self) {
      try ArchiveRecompressor(
        try ArchiveReader(index, ancestors: chain.finder), index, to: MemoryArchiveOutput(), .init())
    }
  }
}
