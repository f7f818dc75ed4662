// SPDX-License-Identifier: Apache-2.0

// Increments that come through a pipe, or without their end.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Chains in pipes and in pieces")
struct ChainStreamTests {
  /// A tree of many leaves, and increments with several checkpoints.
  static func chain() throws -> ArchiveChain {
    var chain = ArchiveChain {
      $0.blockSize = 64 << 10
      $0.cutSizes = CutSizes(minimum: 1 << 10, average: 4 << 10, maximum: 16 << 10) ?? .standard
      $0.checkpointBytes = 100_000
    }
    var image = SampleTree.bytes(1000 << 9, 9)
    for version in 0..<3 {
      var tree: [(entry: ArchiveEntry, content: [UInt8])] = [ArchiveChain.file("a", SampleTree.bytes(400_000, 5))]
      if version > 0 {
        for page in stride(from: version, to: 1000, by: 3) { image[page << 9] ^= UInt8(version) }
      }
      tree.append(ArchiveChain.file("b", image, .pages(size: 512)))
      // Long targets, so that there are many leaves.
      for number in 1000..<1400 {
        var link = ArchiveEntry(Array("d/\(number)".utf8), .symbolicLink)
        let isNew = version > 0 && (number == 1003 + version || number > 1390)
        link.target = TestInputs.bytes(.text, 3000).map { max($0, 1) } + Array("\(number) \(isNew ? version : 0)".utf8)
        tree.append((link, []))
      }
      tree.append(ArchiveChain.file("e", SampleTree.bytes(version == 0 ? 1000 : 500_000, UInt64(version))))
      tree.append(ArchiveChain.file("f", image.reversed(), .pages(size: 512)))
      try chain.add(tree)
    }
    return chain
  }

  private func stream(
    _ chain: ArchiveChain, _ bytes: [UInt8], into folder: TemporaryFolder, finder: MemoryAncestors? = nil,
    _ configure: (inout ExtractionOptions) -> Void = { _ in }
  ) throws -> ExtractionReport {
    try StreamExtractor(
      PieceStream(bytes), into: folder.path, .init(configure), ancestors: finder ?? chain.finder
    ).run()
  }

  @Test("an increment in a pipe comes out as from a file", arguments: [1, 3])
  func pipe(threads: Int) throws {
    for chain in [try Self.chain(), try ArchiveChain.sample()] {
      for number in chain.archives.indices {
        let folder = try TemporaryFolder()
        let report = try stream(chain, chain.archives[number].bytes, into: folder) { $0.threads = threads }
        #expect(report.problems.isEmpty)
        try chain.expect(folder, number)
        let other = try TemporaryFolder()
        let expected = try Extractor(try chain.reader(number), into: other.path, .init()).run()
        #expect(StreamTrial.summary(report) == StreamTrial.summary(expected))
        #expect(try TreeView(folder).difference(from: TreeView(other)) == [])
      }
    }
  }

  @Test("without the archives below it an increment in a pipe is refused")
  func missing() throws {
    let chain = try ArchiveChain.sample(versions: 2)
    let folder = try TemporaryFolder()
    do {
      _ = try stream(chain, chain.last, into: folder, finder: MemoryAncestors(archives: []))
      Issue.record("nothing was refused")
    } catch let error as ArchiveError {
      #expect(error.code == .missingParent)
    }
    #expect(throws: ArchiveError.self) { try stream(chain, chain.indexes[1], into: TemporaryFolder()) }
  }

  @Test("damage in a pipe, or in an ancestor, costs the files it hits")
  func damage() throws {
    var chain = try ArchiveChain.sample(versions: 3) { $0.codec = Store() }
    let full = try chain.reader(0)
    let entry = try #require(try full.entry(at: Array("a/fixed".utf8)))
    guard case .chunks(_, let first, _, _) = try full.runs(of: entry)[0] else { return }
    let record = try full.block(ofChunk: first + 8).record
    chain.archives[0].bytes[Int(record.offset) + 64 + Int(record.storedLength) - 10] ^= 1
    let folder = try TemporaryFolder()
    let report = try stream(chain, chain.last, into: folder) { $0.keepsGoing = true }
    let lost = Set(report.problems.map { String(decoding: $0.path, as: UTF8.self) })
    #expect(lost.contains("a/fixed") && lost.count < 10)
    try chain.expect(folder, without: lost)
  }

  @Test("a damaged head of an increment is made up for by its first frame")
  func damagedHead() throws {
    let chain = try ArchiveChain.sample(versions: 3)
    var bytes = chain.last
    bytes[300] ^= 1
    let folder = try TemporaryFolder()
    let report = try stream(chain, bytes, into: folder) { $0.keepsGoing = true }
    #expect(report.problems.allSatisfy { $0.path.isEmpty }, "\(report.problems)")
    #expect(report.files == chain.trees[2].count)
    try chain.expect(folder)
    let recovered = try ArchiveReader(
      recovering: MemoryArchiveSource(Array(bytes.dropLast(300))), ancestors: chain.finder)
    let second = try TemporaryFolder()
    let rest = try Extractor(recovered, into: second.path, .init { $0.keepsGoing = true }).run()
    #expect(rest.problems.isEmpty, "\(rest.problems)")
    #expect(rest.files == chain.trees[2].count)
    try chain.expect(second)
  }

  @Test("a cut increment gives back what stands before its last checkpoint, shared leaves among it")
  func cut() throws {
    let chain = try Self.chain()
    let bytes = chain.last
    // Cut before the end: everything is there.
    let whole = try ArchiveReader(
      recovering: MemoryArchiveSource(Array(bytes.dropLast(100))), ancestors: chain.finder)
    #expect(whole.recovery?.isComplete == true)
    let folder = try TemporaryFolder()
    #expect(try Extractor(whole, into: folder.path, .init()).run().problems.isEmpty)
    try chain.expect(folder)
    var counts: [Int] = []
    for part in 1..<6 {
      let cut = Array(bytes[..<(bytes.count * part / 6)])
      guard
        let archive = try? ArchiveReader(recovering: MemoryArchiveSource(cut), ancestors: chain.finder)
      else {
        counts.append(0)
        continue
      }
      let folder = try TemporaryFolder()
      let report = try Extractor(archive, into: folder.path, .init { $0.keepsGoing = true }).run()
      let files = chain.trees[2].filter { $0.entry.kind == .file }.map {
        String(decoding: $0.entry.path, as: UTF8.self)
      }
      let missing = Set(files).filter { (try? FileSystem.exists(folder.path($0))) != true }
      var unfinished = missing
      if let path = archive.recovery?.unfinishedFile { unfinished.insert(String(decoding: path, as: UTF8.self)) }
      for (entry, content) in chain.trees[2]
      where entry.kind == .file && !unfinished.contains(String(decoding: entry.path, as: UTF8.self)) {
        #expect(try FileSystem.contents(of: folder.path.joining(entry.path), limit: 1 << 26) == content)
      }
      counts.append(Int(report.others))
    }
    #expect(counts == counts.sorted() && (counts.last ?? 0) > 300, "\(counts)")
  }

  @Test("the repaired copy of an increment is made upon the same parent")
  func rebuilt() throws {
    var chain = try ArchiveChain.sample(versions: 3)
    let archive = try ArchiveReader(
      recovering: MemoryArchiveSource(Array(chain.last.dropLast(200))), ancestors: chain.finder)
    let output = MemoryArchiveOutput()
    let report = try ArchiveRebuilder(archive).run(to: output)
    #expect(report.lost.isEmpty && report.summary.superblock.depth == 2)
    let size = chain.last.count
    chain.archives[2].bytes = output.bytes
    #expect(output.bytes.count < size * 2)
    let folder = try TemporaryFolder()
    #expect(try Extractor(try chain.reader(), into: folder.path, .init()).run().problems.isEmpty)
    try chain.expect(folder)
    // Without the parent nothing can be made upon it.
    let alone = try ArchiveReader(
      recovering: MemoryArchiveSource(Array(chain.last.dropLast(200))),
      ancestors: MemoryAncestors(archives: [chain.archives[0]]))
    let full = MemoryArchiveOutput()
    let rest = try ArchiveRebuilder(alone).run(to: full)
    #expect(rest.summary.superblock.depth == 0 && rest.summary.superblock.uuid != archive.summary.superblock.uuid)
    #expect(!rest.lost.isEmpty && rest.lost.allSatisfy { $0.error.code == .missingParent })
    let source = MemoryArchiveSource(full.bytes)
    #expect(try ArchiveVerifier(try ArchiveReader(source), source, .deep).run().isSound)
  }
}
