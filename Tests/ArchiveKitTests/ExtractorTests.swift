// SPDX-License-Identifier: Apache-2.0

// What is extracted is what was put in, and lies beneath the target.

import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Extraction")
struct ExtractorTests {
  private func extract(
    _ bytes: [UInt8], into folder: TemporaryFolder, _ configure: (inout ExtractionOptions) -> Void = { _ in }
  ) throws -> ExtractionReport {
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    return try Extractor(archive, into: folder.path, .init(configure)).run()
  }

  @Test("a tree comes back with all that is known of it", arguments: [1, 3])
  func tree(threads: Int) throws {
    let tree = SampleTree()
    let folder = try TemporaryFolder()
    let report = try extract(try tree.archive { _ in }, into: folder) {
      $0.threads = threads
      $0.usesNumericOwners = true
      $0.allowsSpecial = true
    }
    let isRoot = Machine.effectiveUser == 0
    #expect(report.problems.filter { $0.kind != .leftOut && $0.kind != .metadata }.isEmpty)
    for entry in tree.entries where !entry.path.isEmpty {
      let isDevice = entry.kind == .blockDevice || entry.kind == .characterDevice
      if isDevice && !isRoot { continue }
      let status = try FileSystem.linkStatus(of: folder.path.joining(entry.path))
      #expect(status.modificationTime == entry.modificationTime)
      if entry.kind != .symbolicLink { #expect(status.mode.rawValue == UInt32(entry.mode)) }
      if isRoot { #expect(status.uid == entry.owner.uid || entry.owner.gid == .max) }
      if let content = tree.contents[entry.path] {
        #expect(try FileSystem.contents(of: folder.path.joining(entry.path), limit: 1 << 26) == content)
      }
    }
    #expect(try FileSystem.symbolicLinkTarget(of: folder.path("a/link")) == Path(tree.entries[4].target))
    #expect(
      try FileSystem.status(of: folder.path("b/first")).isSameFile(as: FileSystem.status(of: folder.path("b/second"))))
  }

  @Test(
    "owners and set-ID bits are restored when that is asked for, and only then",
    .enabled(if: Machine.effectiveUser == 0), arguments: [true, false])
  func owners(_ restores: Bool) throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output)
    var entry = ArchiveEntry(Array("f".utf8), .file)
    entry.mode = 0o4755
    entry.owner = .init(uid: 12345, gid: 23456)
    try writer.add(entry, [1], .whole)
    _ = try writer.finish()
    let folder = try TemporaryFolder()
    _ = try extract(output.bytes, into: folder) { $0.restoresOwners = restores }
    let status = try FileSystem.linkStatus(of: folder.path("f"))
    #expect(status.uid == (restores ? 12345 : 0) && status.gid == (restores ? 23456 : 0))
    #expect(status.mode.rawValue == (restores ? 0o4755 : 0o755))
  }

  @Test("damage of one block costs the files in it and no other")
  func damage() throws {
    let tree = SampleTree()
    var bytes = try tree.archive { $0.codec = Store.none }
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    let victim = try archive.blocks.record(2)
    let place = Int(victim.offset) + 64 + Int(victim.storedLength) / 2
    bytes[place] ^= 0x10
    let folder = try TemporaryFolder()
    #expect(throws: ArchiveError.self) { try self.extract(bytes, into: folder) }
    let second = try TemporaryFolder()
    let report = try extract(bytes, into: second) { $0.keepsGoing = true }
    let damaged: Set<[UInt8]> = Set(report.problems.filter { $0.kind == .damaged }.map { $0.path })
    #expect(!damaged.isEmpty)
    for (path, content) in tree.contents {
      let place = second.path.joining(path)
      if damaged.contains(path) {
        #expect(try !FileSystem.exists(place))
      } else {
        #expect(try FileSystem.contents(of: place, limit: 1 << 26) == content)
      }
    }
  }
}
