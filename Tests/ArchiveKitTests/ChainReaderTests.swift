// SPDX-License-Identifier: Apache-2.0

// A reader that was written from the document alone reads chains.

import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Chains, by an independent reader")
struct ChainReaderTests {
  private static func expectSame(
    _ chain: ArchiveChain, _ archive: [UInt8], _ number: Int, below: [(name: String, bytes: [UInt8])]
  ) throws {
    let folder = try TemporaryFolder()
    for (name, bytes) in below { try folder.write(name, bytes) }
    let elsewhere = try TemporaryFolder()
    try elsewhere.write("archive.cka", archive)
    let out = try TemporaryFolder()
    let (status, text) = try ArchiveFixtureTests.python([
      ArchiveFixtureTests.reader.path, "extract", "-C", out.location(""), "--parents", folder.location(""),
      elsewhere.location("archive.cka"),
    ])
    #expect(status == 0, "\(text)")
    try chain.expect(out, number)
  }

  @Test("increments come out as they went in", .enabled(if: ArchiveFixtureTests.hasPython))
  func increments() throws {
    let chain = try ArchiveChain.sample()
    for number in chain.archives.indices {
      try Self.expectSame(chain, chain.archives[number].bytes, number, below: chain.archives)
    }
    // Leaves and maps in ancestors.
    let large = try ChainStreamTests.chain()
    try Self.expectSame(large, large.last, 2, below: large.archives)
  }

  @Test(
    "merged archives come out without any other, and serve their children", .enabled(if: ArchiveFixtureTests.hasPython))
  func merged() throws {
    let chain = try ArchiveChain.sample()
    let output = MemoryArchiveOutput()
    _ = try ArchiveMerger(try chain.reader(2), to: output).run()
    try Self.expectSame(chain, output.bytes, 2, below: [])
    try Self.expectSame(chain, chain.last, 3, below: [("merged.cka", output.bytes)])
  }

  @Test(
    "a detached index is listed, and its names are those of the archive", .enabled(if: ArchiveFixtureTests.hasPython))
  func index() throws {
    let chain = try ArchiveChain.sample(versions: 2)
    let folder = try TemporaryFolder()
    for number in 0..<2 { try folder.write("\(number).ckx", chain.indexes[number]) }
    let (status, text) = try ArchiveFixtureTests.python([
      ArchiveFixtureTests.reader.path, "list", "--parents", folder.location(""), folder.location("1.ckx"),
    ])
    #expect(status == 0, "\(text)")
    #expect(text.split(separator: "\n").count == chain.trees[1].count)
  }
}
