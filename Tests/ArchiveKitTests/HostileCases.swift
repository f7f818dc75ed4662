// SPDX-License-Identifier: Apache-2.0

// What hostile archives do: paths, trees, contents, frames and heads.

import CodecKit
import SystemIO
import TestSupport

@testable import ArchiveKit

/// Archives that break one rule each.
enum HostileCases {
  private static func entry(_ path: String, _ kind: ArchiveEntry.Kind = .file) -> ArchiveEntry {
    ArchiveEntry(Array(path.utf8), kind)
  }

  private static func link(_ path: String, to target: [UInt8]) -> ArchiveEntry {
    var entry = entry(path, .symbolicLink)
    entry.target = target
    return entry
  }

  private static func named(_ path: String, _ group: UInt64, _ kind: ArchiveEntry.Kind = .file) -> ArchiveEntry {
    var entry = entry(path, kind)
    entry.linkGroup = .init(ordinal: 0, number: group)
    return entry
  }

  private static func run(_ first: UInt64, _ count: UInt64, _ length: UInt64, ordinal: UInt32 = 0) -> ContentRun {
    .chunks(ordinal: ordinal, first: first, count: count, length: length)
  }

  static let paths: [HostileCase] = {
    let deep = Array(repeating: "a", count: 4097).joined(separator: "/")
    let long = Array(repeating: String(repeating: "b", count: 249), count: 280).joined(separator: "/")
    let bad = [
      "..", "../x", "a/..", "a/../../x", ".", "./a", "a/.", "a//b", "/a", "/", "a/", "//x", "a\0b",
      String(repeating: "c", count: 256), "d/" + String(repeating: "c", count: 256), deep, long,
    ]
    let good = [
      "...", "..a", "a\n", "a\u{1B}[2J", String(repeating: "c", count: 255), "a\\..\\b",
      Array(repeating: "a", count: 100).joined(separator: "/"),
    ]
    return bad.map { path in .tree("path \(path.prefix(24).debugDescription)", .unsafeTree) { [entry(path)] } }
      + good.map { path in .tree("good path \(path.prefix(24).debugDescription)", nil) { [entry(path)] } }
  }()

  /// Several leaves.
  private static func leaves(
    _ name: String, _ code: ArchiveError.Code?, _ leaves: @escaping @Sendable () -> [(String, [ArchiveEntry])]
  ) -> HostileCase {
    HostileCase(name, code) {
      var forged = ForgedArchive()
      for (separator, entries) in leaves() { forged.addTree(entries, separator: separator) }
      return try forged.bytes()
    }
  }

  static let trees: [HostileCase] = [
    .tree("doubled entries", .unsafeTree) { [entry("a"), entry("a")] },
    .tree("a file that becomes a directory", .unsafeTree) { [entry("a"), entry("a", .directory)] },
    .tree("a directory that becomes a link", .unsafeTree) { [entry("a", .directory), link("a", to: [47])] },
    .tree("unsorted entries", .unsafeTree) { [entry("b"), entry("a")] },
    .tree("a child behind what follows its directory", .unsafeTree) {
      [entry("a", .directory), entry("a!"), entry("a/b")]
    },
    .tree("an entry below a file", .unsafeTree) { [entry("a"), entry("a/b")] },
    .tree("an entry far below a file", .unsafeTree) { [entry("a"), entry("a/b/c/d")] },
    .tree("an entry below a link", .unsafeTree) { [link("a", to: Array("/etc".utf8)), entry("a/b")] },
    .tree("an entry below a pipe", .unsafeTree) { [entry("a", .fifo), entry("a/b")] },
    .tree("the top as a file", .unsafeTree) { [entry("")] },
    .tree("the top as a link", .unsafeTree) { [link("", to: [47])] },
    .tree("the top twice", .unsafeTree) { [entry("", .directory), entry("", .directory)] },
    .tree("a link to nothing", .unsafeTree) { [link("a", to: [])] },
    .tree("a link to a zero byte", .unsafeTree) { [link("a", to: [65, 0, 65])] },
    .tree("directories as one", .corrupt) { [named("a", 1, .directory), named("b", 1, .directory)] },
    .tree("names of one file that disagree", .unsafeTree) {
      var second = named("b", 1)
      second.size = 5
      second.content = .runs([.hole(length: 5)])
      return [named("a", 1), second]
    },
    .tree("a file and a link as one", .unsafeTree) {
      var second = link("b", to: [65])
      second.linkGroup = .init(ordinal: 0, number: 1)
      return [named("a", 1), second]
    },
    .tree("names of one file that agree", nil) { [named("a", 1), named("b", 1)] },
    leaves("doubled across leaves", .unsafeTree) { [("", [entry("a")]), ("a", [entry("a")])] },
    leaves("unsorted across leaves", .unsafeTree) { [("", [entry("a"), entry("c")]), ("b", [entry("b")])] },
    leaves("below a file across leaves", .unsafeTree) { [("", [entry("a")]), ("a/", [entry("a/b")])] },
    leaves("a leaf that begins before its place", .unsafeTree) { [("", [entry("a")]), ("c", [entry("b")])] },
    leaves("leaves that change places", .unsafeTree) { [("b", [entry("b")]), ("", [entry("a")])] },
    leaves("leaves in order", nil) { [("", [entry("a", .directory)]), ("a/", [entry("a/b")])] },
    .sample("a leaf twice", .unsafeTree) { forged in
      var again = forged.leaves[0]
      again.separator = Array("e".utf8)
      forged.leaves.append(again)
    },
    .sample("a directory of wrong counts", .corrupt) { $0.leaves[0].entries += 1 },
    .sample("a directory of no entries", .corrupt) { $0.leaves[0].entries = 0 },
    .sample("a leaf that is not there", .corrupt) { $0.leaves[0].block = 7 },
    .sample("a leaf of another archive", .corrupt) { $0.leaves[0].ordinal = 1 },
    .sample("a leaf with another digest", .checksumMismatch) { $0.leaves[0].digest = .zero },
    .sample("a leaf that is a map", .corrupt) { forged in
      let map = forged.addMap([.hole(length: 5)])
      forged.leaves[0] = LeafRecord(separator: [], entries: 1, ordinal: 0, block: map.block, digest: map.digest)
    },
    raw("an unknown kind", .unsupportedFeature) { $0[3] = 9 },
    raw("an unknown flag", .unsupportedFeature) { $0.replaceSubrange(4...4, with: [0x81, 0x02]) },
    raw("impossible permissions", .corrupt) { $0.replaceSubrange(5...5, with: [0x80, 0x20]) },
    raw("a path that shares more than there is", .corrupt) { $0[0] = 1 },
    raw("a path longer than the block", .corrupt) { $0[1] = 0x7F },
    raw("a path of 2^63 bytes", .corrupt) {
      $0.replaceSubrange(1...1, with: [UInt8](repeating: 0x80, count: 9) + [1])
    },
    raw("bytes behind the last entry", .corrupt) { $0.append(0) },
    raw("impossible nanoseconds", .corrupt) { $0[14] = 0xFF },
    .tree("an extension that must be understood", .unsupportedFeature) {
      var file = entry("a")
      file.extensions = [.init(type: 3, value: [1])]
      return [file]
    },
    .tree("an extension that need not be understood", nil) {
      var file = entry("a")
      file.extensions = [.init(type: 1000, value: [1])]
      return [file]
    },
  ]

  /// The bytes of an entry `a`: shared 0, length 1, "a", kind, flags, mode, uid, gid, user, group, seconds,
  /// nanoseconds, size, cut.
  private static func raw(
    _ name: String, _ code: ArchiveError.Code?, _ change: @escaping @Sendable (inout [UInt8]) -> Void
  ) -> HostileCase {
    HostileCase(name, code) {
      var bytes = ForgedArchive.encoded([entry("a")])
      change(&bytes)
      var forged = ForgedArchive()
      forged.addTree(raw: bytes, count: 1)
      return try forged.bytes()
    }
  }

  /// A file with these runs over chunks of 100, 200 and 300 bytes.
  private static func runs(
    _ name: String, _ code: ArchiveError.Code?, size: UInt64, dataBytes: UInt64? = nil, isLate: Bool = false,
    _ runs: [ContentRun]
  ) -> HostileCase {
    HostileCase(name, code, isLate: isLate) {
      try ForgedArchive.tree([ForgedArchive.file("a", size, runs)], dataBytes: dataBytes ?? size).bytes()
    }
  }

  static let contents: [HostileCase] = [
    runs("content that is right", nil, size: 600, [run(0, 3, 600)]),
    runs("content backwards", nil, size: 600, [run(2, 1, 300), run(1, 1, 200), run(0, 1, 100)]),
    runs("content shorter than the file", .corrupt, size: 700, [run(0, 1, 100), .hole(length: 500)]),
    runs("content longer than the file", .corrupt, size: 50, [run(0, 1, 100), .hole(length: 500)]),
    runs("no content", .corrupt, size: 5, []),
    runs("a run longer than its chunks", .corrupt, size: 700, isLate: true, [run(0, 3, 700)]),
    runs("a run shorter than its chunks", .corrupt, size: 500, isLate: true, [run(0, 3, 500)]),
    runs("a run of an ancestor", .corrupt, size: 100, [run(0, 1, 100, ordinal: 1)]),
    runs("a chunk that is not there", .corrupt, size: 100, [run(3, 1, 100)]),
    runs("a chunk far away", .corrupt, size: 100, [run(1 << 55, 1, 100)]),
    runs("a chunk at the end of the numbers", .corrupt, size: 100, [run(.max, 1, 100)]),
    runs("2^40 chunks", .corrupt, size: 1 << 40, [run(0, 1 << 40, 1 << 40)]),
    runs("2^62 chunks", .corrupt, size: 1 << 62, [run(0, 1 << 62, 1 << 62)]),
    runs("a run without a length in the middle", .corrupt, size: 100, [run(0, 1, 0), run(0, 1, 100)]),
    runs("a run of nothing", .corrupt, size: 100, [run(0, 0, 100)]),
    runs("a hole of nothing", .corrupt, size: 100, [.hole(length: 0), run(0, 1, 100)]),
    runs(
      "holes that overflow", .corrupt, size: 100, [.hole(length: .max), .hole(length: 101), run(0, 1, 100)]),
    runs("a size beyond 2^63", .corrupt, size: 1 << 63, [.hole(length: 1 << 63)]),
    runs("other data than the end says", .corrupt, size: 600, dataBytes: 599, [run(0, 3, 600)]),
    HostileCase("a digest of other content", nil, check: .checksumMismatch) {
      var file = ForgedArchive.file("a", 600, [run(0, 3, 600)])
      file.digest = .zero
      return try ForgedArchive.tree([file], dataBytes: 600).bytes()
    },
    map("a map that is right", nil) { $0.addMap([run(0, 3, 600)]) },
    map("a map that covers less", .corrupt) { $0.addMap([run(0, 2, 300)], length: 600) },
    map("a map that covers more", .corrupt) { $0.addMap([run(0, 3, 600), .hole(length: 5)], length: 600) },
    map("a map that is a tree block", .corrupt) { forged in
      let raw = ForgedArchive.encoded([entry("a")])
      let block = forged.addIndex(.tree, raw, count: 1)
      return MapReference(ordinal: 0, block: block, length: 600, digest: SHA256.hash(raw))
    },
    map("a map that is not there", .corrupt) { forged in
      var map = forged.addMap([run(0, 3, 600)])
      map.block = 40
      return map
    },
    map("a map of an ancestor", .corrupt) { forged in
      var map = forged.addMap([run(0, 3, 600)])
      map.ordinal = 1
      return map
    },
    map("a map with another digest", .checksumMismatch) { forged in
      var map = forged.addMap([run(0, 3, 600)])
      map.digest = .zero
      return map
    },
    map("a map of a million holes", .corrupt) { forged in
      forged.addMap([ContentRun](repeating: .hole(length: 1), count: 100_000))
    },
  ]

  /// A file of 600 bytes whose content is in a map.
  private static func map(
    _ name: String, _ code: ArchiveError.Code?,
    _ make: @escaping @Sendable (inout ForgedArchive) -> MapReference
  ) -> HostileCase {
    HostileCase(name, code) {
      var forged = ForgedArchive()
      forged.addBlock([
        ForgedArchive.content(100, 1), ForgedArchive.content(200, 2), ForgedArchive.content(300, 3),
      ])
      let map = make(&forged)
      var file = ForgedArchive.file("a", map.length)
      file.content = .maps([map])
      forged.addTree([file])
      forged.dataBytes = 600
      return try forged.bytes()
    }
  }
}
