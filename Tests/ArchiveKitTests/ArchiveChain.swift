// SPDX-License-Identifier: Apache-2.0

// A full archive and increments upon it, in memory.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// Archives of which each is made upon the one before.
struct ArchiveChain {
  /// The full archive first.
  var archives: [(name: String, bytes: [UInt8])] = []
  /// What a detached index of each would be.
  var indexes: [[UInt8]] = []
  /// The trees that went into them.
  var trees: [[(entry: ArchiveEntry, content: [UInt8])]] = []
  var configure: (inout ArchiveWriterOptions) -> Void

  init(_ configure: @escaping (inout ArchiveWriterOptions) -> Void = { _ in }) { self.configure = configure }

  var finder: MemoryAncestors { MemoryAncestors(archives: archives) }
  var last: [UInt8] { archives[archives.count - 1].bytes }

  /// Adds a version of a tree.
  mutating func add(_ tree: [(entry: ArchiveEntry, content: [UInt8])]) throws {
    let output = MemoryArchiveOutput()
    let index = MemoryArchiveOutput()
    var options = ArchiveWriterOptions(configure)
    options.isReproducible = true
    options.created = Int64(archives.count) * 1_000_000_000
    if !archives.isEmpty {
      options.parent = try reader(archives.count - 1)
      options.parentName = archives[archives.count - 1].name
    }
    let writer = try ArchiveWriter(to: output, index: index, options)
    var groups: Set<ArchiveEntry.LinkGroup> = []
    for (entry, content) in tree {
      let isNew = entry.linkGroup.map { groups.insert($0).inserted } ?? true
      if entry.kind == .file, isNew {
        try writer.add(entry, content, entry.cut)
      } else {
        try writer.add(entry)
      }
    }
    _ = try writer.finish()
    archives.append(("\(archives.count).cka", output.bytes))
    indexes.append(index.bytes)
    trees.append(tree)
  }

  /// Opens one of the archives.
  func reader(_ number: Int? = nil) throws -> ArchiveReader {
    try ArchiveReader(
      MemoryArchiveSource(archives[number ?? archives.count - 1].bytes), ancestors: finder)
  }

  /// Expects a folder to hold a version of the tree.
  func expect(
    _ folder: TemporaryFolder, _ number: Int? = nil, without missing: Set<String> = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for (entry, content) in trees[number ?? trees.count - 1] where entry.kind == .file {
      let place = folder.path.joining(entry.path)
      if missing.contains(String(decoding: entry.path, as: UTF8.self)) {
        #expect(try !FileSystem.exists(place), sourceLocation: sourceLocation)
      } else {
        let found = try? FileSystem.contents(of: place, limit: 1 << 28)
        let isSame = found == content
        #expect(isSame, "\(String(decoding: entry.path, as: UTF8.self))", sourceLocation: sourceLocation)
      }
    }
  }

  static func file(_ path: String, _ content: [UInt8], _ cut: CutRule = .contentDefined) -> (
    entry: ArchiveEntry, content: [UInt8]
  ) {
    var entry = ArchiveEntry(Array(path.utf8), .file)
    entry.mode = 0o644
    entry.cut = cut
    return (entry, content)
  }

  /// Versions of a tree with files that change, move, come and go; one with pages all over its ancestors.
  static func sample(
    versions: Int = 4, pages: Int = 300, _ configure: @escaping (inout ArchiveWriterOptions) -> Void = { _ in }
  ) throws -> ArchiveChain {
    var chain = ArchiveChain {
      $0.blockSize = 64 << 10
      $0.cutSizes = CutSizes(minimum: 1 << 10, average: 4 << 10, maximum: 16 << 10) ?? .standard
      $0.checkpointBytes = 200_000
      configure(&$0)
    }
    var random = SeededRandom(seed: 42)
    var image = SampleTree.bytes(pages << 10, 1)
    var text = TestInputs.bytes(.text, 300_000)
    let fixed = SampleTree.bytes(150_000, 3)
    for version in 0..<versions {
      if version > 0 {
        for _ in 0..<max(1, pages / 10) {
          let page = Int(random.next() % UInt64(pages))
          image.replaceSubrange(page << 10..<(page + 1) << 10, with: SampleTree.bytes(1 << 10, random.next()))
        }
        text.insert(contentsOf: SampleTree.bytes(100, random.next()), at: Int(random.next() % UInt64(text.count)))
      }
      var tree = [file("a/fixed", fixed), file("a/image", image, .pages(size: 1 << 10)), file("a/text", text)]
      for number in 100..<160 {
        // A tenth of them is new in each version.
        let seed = UInt64(number % 10 == version % 10 ? 1000 * version + number : number)
        tree.append(file("b/\(number)", SampleTree.bytes(500 + number, seed), .whole))
      }
      tree.append(file("c/new\(version)", SampleTree.bytes(3000, UInt64(version) + 77), .whole))
      tree.append(file(version % 2 == 0 ? "d/moved" : "e/moved", SampleTree.bytes(60_000, 5)))
      try chain.add(tree)
    }
    return chain
  }
}
