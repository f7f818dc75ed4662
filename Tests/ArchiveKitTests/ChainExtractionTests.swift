// SPDX-License-Identifier: Apache-2.0

// Increments come out as what went into them, at any depth, and only with the right archives below them.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Extraction of chains")
struct ChainExtractionTests {
  private func extract(
    _ archive: ArchiveReader, into folder: TemporaryFolder, _ configure: (inout ExtractionOptions) -> Void = { _ in }
  ) throws -> ExtractionReport {
    try Extractor(archive, into: folder.path, .init(configure)).run()
  }

  private func code(
    _ body: () throws -> Void
  ) -> ArchiveError.Code? {
    do {
      try body()
      return nil
    } catch let error as ArchiveError {
      return error.code
    } catch {
      return nil
    }
  }

  @Test("every member comes out as it went in", arguments: [1, 3])
  func members(threads: Int) throws {
    let chain = try ArchiveChain.sample()
    for number in chain.archives.indices {
      let folder = try TemporaryFolder()
      let report = try extract(try chain.reader(number), into: folder) { $0.threads = threads }
      #expect(report.problems.isEmpty)
      try chain.expect(folder, number)
    }
  }

  @Test("a block that many files need is read once")
  func readOnce() throws {
    let chain = try ArchiveChain.sample(versions: 3)
    let report = try extract(try chain.reader(), into: TemporaryFolder())
    var stored: UInt64 = 0
    for number in chain.archives.indices {
      let archive = try chain.reader(number)
      for block in 0..<archive.blocks.count { stored += UInt64(try archive.blocks.record(block).storedLength) + 64 }
    }
    #expect(report.bytesRead <= stored)
    #expect(report.bytesRead > 0)
  }

  @Test("a part of the tree needs only the archives it lies in")
  func part() throws {
    let chain = try ArchiveChain.sample(versions: 3)
    var partial = chain
    partial.archives.remove(at: 1)
    let archive = try ArchiveReader(MemoryArchiveSource(chain.last), ancestors: partial.finder)
    let folder = try TemporaryFolder()
    #expect(code { _ = try extract(archive, into: folder) } == .missingParent)
    #expect(folder.names.isEmpty)
    let report = try extract(archive, into: folder) { $0.paths = [Array("c/new2".utf8)] }
    #expect(report.files == 1)
  }

  @Test("a missing, wrong or damaged ancestor is named before anything is written")
  func refused() throws {
    let chain = try ArchiveChain.sample(versions: 3)
    var other = try ArchiveChain.sample(versions: 3) { $0.codec = Store() }
    try other.add(other.trees[0])
    var variants: [(ArchiveError.Code, String, [(name: String, bytes: [UInt8])])] = []
    variants.append((.missingParent, "0.cka", Array(chain.archives[1...])))
    var swapped = chain.archives
    (swapped[0].bytes, swapped[1].bytes) = (swapped[1].bytes, swapped[0].bytes)
    swapped[1].bytes = other.archives[3].bytes
    variants.append((.wrongParent, "1.cka", [swapped[1], ("x", chain.archives[0].bytes)]))
    var cut = chain.archives
    cut[0].bytes.removeLast(100)
    variants.append((.truncated, "0.cka", cut))
    var damaged = chain.archives
    let ids = Int(try chain.reader(0).summary.footer.ids.offset)
    damaged[0].bytes[ids + 100] ^= 1
    variants.append((.checksumMismatch, "0.cka", damaged))
    var detached = chain.archives
    detached[0] = ("0.ckx", chain.indexes[0])
    variants.append((.missingParent, "only the index", detached))
    for (expected, text, archives) in variants {
      let folder = try TemporaryFolder()
      let archive = try ArchiveReader(
        MemoryArchiveSource(chain.last), ancestors: MemoryAncestors(archives: archives))
      do {
        _ = try extract(archive, into: folder)
        Issue.record("nothing was refused")
      } catch let error as ArchiveError {
        #expect(error.code == expected)
        #expect(error.reason.contains(text), "\(error.reason)")
      }
      #expect(folder.names.isEmpty)
    }
  }

  @Test("a detached index is listed and not extracted")
  func index() throws {
    let chain = try ArchiveChain.sample(versions: 2)
    for number in 0..<2 {
      let archive = try ArchiveReader(
        MemoryArchiveSource(chain.indexes[number]),
        ancestors: MemoryAncestors(archives: [("0.ckx", chain.indexes[0])]))
      var paths: [[UInt8]] = []
      var cursor = archive.entries()
      while let entry = try cursor.next() { paths.append(entry.path) }
      #expect(paths == chain.trees[number].map { $0.entry.path })
      let folder = try TemporaryFolder()
      #expect(code { _ = try extract(archive, into: folder) } == .unsupportedFeature)
      #expect(folder.names.isEmpty)
    }
  }

  @Test("damage in an ancestor costs the files that use it, and names the ancestor")
  func damage() throws {
    var chain = try ArchiveChain.sample(versions: 3) { $0.codec = Store() }
    let full = try chain.reader(0)
    let entry = try #require(try full.entry(at: Array("a/fixed".utf8)))
    guard case .chunks(_, let first, _, _) = try full.runs(of: entry)[0] else { return }
    let record = try full.block(ofChunk: first + 8).record
    chain.archives[0].bytes[Int(record.offset) + 64 + Int(record.storedLength) - 10] ^= 1
    let folder = try TemporaryFolder()
    #expect(code { _ = try extract(try chain.reader(), into: folder) } == .checksumMismatch)
    let second = try TemporaryFolder()
    let report = try extract(try chain.reader(), into: second) { $0.keepsGoing = true }
    let lost = Set(report.problems.map { String(decoding: $0.path, as: UTF8.self) })
    #expect(lost.contains("a/fixed") && lost.count < 10)
    #expect(report.problems.allSatisfy { $0.kind == .damaged && $0.error.reason.contains("0.cka") })
    try chain.expect(second, without: lost)
    let third = try TemporaryFolder()
    let kept = try extract(try chain.reader(), into: third) {
      $0.keepsGoing = true
      $0.keepsDamaged = true
    }
    for problem in kept.problems {
      let name = String(decoding: problem.path, as: UTF8.self)
      let content = try #require(chain.trees[2].first { $0.entry.path == problem.path }).content
      var expected = content
      for range in problem.lostRanges {
        expected.replaceSubrange(
          Int(range.lowerBound)..<Int(range.upperBound), with: repeatElement(0, count: range.count))
      }
      #expect(try FileSystem.contents(of: third.path(name + ".damaged"), limit: 1 << 24) == expected)
    }
  }

  @Test("with a damaged table of an ancestor, the files that do not need it come out")
  func damagedTable() throws {
    var chain = try ArchiveChain.sample(versions: 3)
    let ids = Int(try chain.reader(0).summary.footer.ids.offset)
    chain.archives[0].bytes[ids + 100] ^= 1
    let folder = try TemporaryFolder()
    let report = try extract(try chain.reader(), into: folder) { $0.keepsGoing = true }
    let lost = Set(report.problems.map { String(decoding: $0.path, as: UTF8.self) })
    #expect(!lost.contains("c/new2") && lost.contains("a/fixed"))
    try chain.expect(folder, without: lost)
  }

  @Test("a file in very many pieces is written part by part")
  func manyPieces() throws {
    var chain = ArchiveChain { $0.blockSize = 256 << 10 }
    let even = SampleTree.bytes(9000 * 512, 7)
    try chain.add([ArchiveChain.file("image", even, .pages(size: 512))])
    var odd = even
    for page in stride(from: 1, to: 9000, by: 2) { odd[page << 9] ^= 1 }
    try chain.add([ArchiveChain.file("image", odd, .pages(size: 512))])
    let folder = try TemporaryFolder()
    let extractor = try Extractor(try chain.reader(), into: folder.path, .init())
    extractor.window.pieces = 500
    #expect(try extractor.run().problems.isEmpty)
    try chain.expect(folder)
  }

  @Test("a chain of two hundred is read less than three times as much as a fresh archive")
  func amplification() throws {
    var chain = ArchiveChain {
      $0.blockSize = 64 << 10
      $0.cutSizes = CutSizes(minimum: 256, average: 1 << 10, maximum: 4 << 10) ?? .standard
    }
    var random = SeededRandom(seed: 7)
    let pages = 600
    var image = SampleTree.bytes(pages << 9, 1)
    for version in 0...200 {
      if version > 0 {
        for _ in 0..<(pages / 200) {
          let page = Int(random.next() % UInt64(pages))
          image.replaceSubrange(page << 9..<(page + 1) << 9, with: SampleTree.bytes(512, random.next()))
        }
      }
      try chain.add([ArchiveChain.file("image", image, .pages(size: 512))])
    }
    let folder = try TemporaryFolder()
    let report = try extract(try chain.reader(), into: folder)
    try chain.expect(folder)
    var fresh = ArchiveChain(chain.configure)
    try fresh.add(chain.trees[200])
    let once = try fresh.reader().summary.footer.storedBytes
    #expect(report.bytesRead < 3 * once, "\(report.bytesRead) of \(once)")
  }

  @Test("a tar archive of an increment is that of the same tree")
  func tar() throws {
    let chain = try ArchiveChain.sample(versions: 3)
    for threads in [1, 3] {
      let output = MemoryArchiveOutput()
      _ = try chain.reader().writeTar(to: output, .init { $0.threads = threads })
      var fresh = ArchiveChain(chain.configure)
      try fresh.add(chain.trees[2])
      let expected = MemoryArchiveOutput()
      _ = try fresh.reader().writeTar(to: expected, .init())
      #expect(output.bytes == expected.bytes)
    }
  }

  @Test("a file is read from all archives it lies in")
  func readFile() throws {
    let chain = try ArchiveChain.sample()
    let archive = try chain.reader()
    for (entry, content) in chain.trees[3] {
      let found = try #require(try archive.entry(at: entry.path))
      #expect(try archive.content(of: found) == content)
      if content.count > 1000 {
        var part: [UInt8] = []
        try archive.read(found, range: 300..<900) { (bytes: RawSpan) throws(ArchiveError) in
          for index in 0..<bytes.byteCount {
            part.append(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
          }
        }
        #expect(part == Array(content[300..<900]))
      }
    }
  }
}
