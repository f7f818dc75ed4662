// SPDX-License-Identifier: Apache-2.0

// What damage may cost: no file but those that it hits, and never a wrong one.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// An archive of 617 files and about 10 MB.
private struct BarArchive {
  let bytes: [UInt8]
  let contents: [[UInt8]: [UInt8]]

  static let shared = Result { try BarArchive() }

  init() throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output, .init { $0.codec = Store.none })
    var contents: [[UInt8]: [UInt8]] = [:]
    for number in 0..<617 {
      if number % 100 == 0 { try writer.add(ArchiveEntry(Array("d\(number / 100)".utf8), .directory)) }
      var entry = ArchiveEntry(Array("d\(number / 100)/f\(1000 + number)".utf8), .file)
      entry.mode = 0o640
      entry.modificationTime = Timestamp(seconds: Int64(number) + 1_000_000_000)
      let content = SampleTree.bytes(number % 36 == 0 ? 170_000 : 12_000 + number, UInt64(number))
      contents[entry.path] = content
      try writer.add(entry, content, .contentDefined)
    }
    _ = try writer.finish()
    bytes = output.bytes
    self.contents = contents
  }

  /// The files that have a chunk in a block.
  func files(in block: BlockRecord, _ count: UInt64) throws -> Set<[UInt8]> {
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    var found: Set<[UInt8]> = []
    var cursor = archive.entries()
    while let entry = try cursor.next() {
      guard entry.kind == .file else { continue }
      for case .chunks(_, let first, let held, _) in try archive.runs(of: entry)
      where first < block.firstChunk + count && block.firstChunk < first + held {
        found.insert(entry.path)
      }
    }
    return found
  }
}

@Suite("What damage costs")
struct DamageBarTests {
  /// Extracts what can be had, and compares.
  ///
  /// - Returns: the files that are missing, and those that were named.
  private func extract(
    _ archive: ArchiveReader, _ bar: BarArchive
  ) throws -> (missing: Set<[UInt8]>, named: Set<[UInt8]>) {
    let folder = try TemporaryFolder()
    let report = try Extractor(archive, into: folder.path, .init { $0.keepsGoing = true }).run()
    var missing: Set<[UInt8]> = []
    for (path, content) in bar.contents {
      let name = String(decoding: path, as: UTF8.self)
      guard let found = folder.contents(name) else {
        missing.insert(path)
        continue
      }
      if path == archive.recovery?.unfinishedFile {
        #expect(TestInputs.startsWith(content, found))
        continue
      }
      #expect(found == content, "\(name) is wrong")
      let status = try FileSystem.status(of: folder.path(name))
      #expect(status.mode.rawValue == 0o640 && status.modificationTime.seconds >= 1_000_000_000)
    }
    return (missing, Set(report.problems.map(\.path)))
  }

  @Test(
    "a few bytes, or a few sectors, in the middle cost the files of one block, which are named", arguments: [3, 4096])
  func middle(count: Int) throws {
    let bar = try BarArchive.shared.get()
    let sound = try ArchiveReader(MemoryArchiveSource(bar.bytes))
    var bytes = bar.bytes
    // Well within the block that the middle is in.
    let (number, record) = try #require(try sound.blocks.last { $0.offset <= UInt64(bytes.count / 2) })
    let next = try sound.blocks.record(number + 1)
    let place = Int(record.offset) + Int(record.storedLength) / 2
    for index in place..<(place + count) { bytes[index] = count == 3 ? ~bytes[index] : 0 }
    let hit = try bar.files(in: record, next.firstChunk - record.firstChunk)
    #expect(hit.count > 10 && hit.count < 150)
    let source = MemoryArchiveSource(bytes)
    let archive = try ArchiveReader(source)
    #expect(throws: ArchiveError.self) {
      let folder = try TemporaryFolder()
      _ = try Extractor(archive, into: folder.path, .init()).run()
    }
    let (missing, named) = try extract(archive, bar)
    #expect(missing == hit && named == hit)
    let report = try ArchiveVerifier(archive, source, .full).run()
    #expect(Set(report.damagedFiles) == hit && !report.treeIsDamaged)
    let recovered = try extract(try ArchiveReader(recovering: source), bar)
    #expect(recovered.missing == hit)
  }

  @Test("the last hundred bytes cost nothing")
  func lastBytes() throws {
    let bar = try BarArchive.shared.get()
    let source = MemoryArchiveSource(Array(bar.bytes.dropLast(100)))
    #expect(throws: ArchiveError.self) { try ArchiveReader(source) }
    let (missing, named) = try extract(try ArchiveReader(recovering: source), bar)
    #expect(missing.isEmpty && named.isEmpty)
  }

  @Test("half of the archive gives back what is in it, with names and metadata")
  func half() throws {
    let bar = try BarArchive.shared.get()
    let length = bar.bytes.count / 2
    let archive = try ArchiveReader(recovering: MemoryArchiveSource(Array(bar.bytes[..<length])))
    let (missing, _) = try extract(archive, bar)
    // What came after the last checkpoint before the cut has no name.
    var expected = 0
    var size = 0
    for path in bar.contents.keys.sorted(by: { EntryPath.precedes($0, $1) }) {
      size += bar.contents[path]?.count ?? 0
      if size < length - (3 << 19) { expected += 1 }
    }
    #expect(bar.contents.count - missing.count >= expected && expected > 200)
    #expect(try #require(archive.recovery).namelessChunks < 150)
  }
}
