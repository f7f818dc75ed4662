// SPDX-License-Identifier: Apache-2.0

// Trees that no honest writer makes, and targets that others change meanwhile.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Hostile streams")
struct HostileStreamTests {
  /// An archive of entries that nobody has checked, with right checksums and roots.
  private func archive(_ leaves: [[ArchiveEntry]], change: (inout Footer) -> Void = { _ in }) throws -> [UInt8] {
    let output = MemoryArchiveOutput()
    var superblock = Superblock()
    superblock.tag = 0x1122_3344_5566_7788
    let frames = FrameWriter(output, tag: superblock.tag)
    try frames.write(bare: try superblock.encoded())
    var footer = Footer()
    footer.tag = superblock.tag
    var (records, index): ([LeafRecord], [IndexRecord]) = ([], [])
    for (number, leaf) in leaves.enumerated() {
      var encoder = TreeBlockEncoder()
      for entry in leaf { encoder.add(entry) }
      let raw = encoder.bytes
      let header = try frames.write(
        FrameDescription(kind: .tree, rawLength: raw.count, count: leaf.count, first: UInt64(number)), body: raw)
      let digest = SHA256.hash(raw)
      index.append(
        IndexRecord(
          offset: header.offset, storedLength: header.storedLength, rawLength: header.rawLength, digest: digest))
      records.append(
        LeafRecord(
          separator: number == 0 ? [] : leaf[0].path, entries: UInt64(leaf.count), ordinal: 0, block: UInt64(number),
          digest: digest))
      footer.entries += UInt64(leaf.count)
    }
    change(&footer)
    try ArchiveTail(frames: frames, superblock: superblock).write(
      &footer, leaves: records, ids: [], blocks: [], index: index
    ) { (kind: FrameKind, bytes: [UInt8], count: Int, first: UInt64) throws(ArchiveError) in
      (FrameDescription(kind: kind, rawLength: bytes.count, count: count, first: first), bytes)
    }
    return output.bytes
  }

  private func entry(_ path: String, _ kind: ArchiveEntry.Kind = .file) -> ArchiveEntry {
    var entry = ArchiveEntry(Array(path.utf8), kind)
    if kind == .symbolicLink { entry.target = Array("/tmp".utf8) }
    entry.mode = 0o644
    return entry
  }

  @Test("a sound tree that was made by hand is taken")
  func sound() throws {
    let bytes = try archive([[entry("a"), entry("b")], [entry("c"), entry("d", .symbolicLink)]])
    try StreamTrial.expectSame(bytes)
  }

  @Test("a tree that breaks the rules ends the work, with and without damage being passed over")
  func unsafeTrees() throws {
    let trees = [
      [[entry("a")], [entry("../x")]], [[entry("a")], [entry("/x")]], [[entry("a")], [entry("b//c")]],
      [[entry("a")], [entry("a")]], [[entry("b")], [entry("a")]], [[entry("a"), entry("b"), entry("b/c")]],
      [[entry("a", .symbolicLink)], [entry("a/b")]], [[entry("", .symbolicLink)]],
    ]
    for tree in trees {
      for keepsGoing in [false, true] {
        let folder = try TemporaryFolder()
        try folder.makeFolder("target")
        let extractor = try StreamExtractor(
          PieceStream(try archive(tree)), into: folder.path("target"), .init { $0.keepsGoing = keepsGoing })
        let error = #expect(throws: ArchiveError.self) { try extractor.run() }
        #expect(error?.code == .unsafeTree)
        #expect(folder.names == ["target"])
        #expect(try FileSystem.exists(folder.path("target/\(Extractor.markerName)")))
      }
    }
  }

  @Test("an end that does not say what came is damage")
  func lyingFooter() throws {
    let tree = [[entry("a"), entry("b")]]
    let lies: [(inout Footer) -> Void] = [
      { $0.entries += 1 }, { $0.chunks = 1 }, { $0.dataBytes = 5 }, { $0.storedBytes = 5 }, { $0.rawBytes = 5 },
      { $0.depth = 1 }, { $0.uuid = ArchiveUUID([1]) },
    ]
    for lie in lies {
      let bytes = try archive(tree, change: lie)
      #expect(try StreamTrial.stream(bytes).error?.isDamage == true)
      let got = try StreamTrial.stream(bytes) { $0.keepsGoing = true }
      #expect(got.error == nil && got.report.hasDamage && got.report.files == 2)
    }
  }

  @Test("every place and root in the end is compared with what came")
  func lyingRoots() throws {
    let bytes = try HardTree.archive()
    let place = bytes.count - Footer.size
    let lies: [(inout Footer) -> Void] = [
      { $0.layoutRoot = .zero }, { $0.contentRoot = .zero }, { $0.superblockCopy += 1 }, { $0.directory.offset += 1 },
      { $0.ids.length += 1 }, { $0.blocks.offset -= 1 }, { $0.index.length = 0 }, { $0.frames += 1 },
    ]
    for lie in lies {
      var footer = try #require(Footer(decoding: Array(bytes[place...]), at: UInt64(place)))
      lie(&footer)
      let got = try StreamTrial.stream(bytes[..<place] + footer.encoded()) { $0.paths = [Array("a".utf8)] }
      #expect(got.error?.isDamage == true)
    }
  }

  @Test("tables that do not say what came are damage")
  func lyingTables() throws {
    let bytes = try HardTree.archive()
    var scanner = FrameScanner(MemoryArchiveSource(bytes), tag: try Superblock(decoding: Array(bytes[..<4096])).tag)
    var seen = 0
    while case .frame(let frame)? = try scanner.next() {
      guard [.ids, .blocks, .index, .superblockCopy].contains(frame.kind) else { continue }
      seen += 1
      var body = frame.body
      body[body.count / 2] ^= 1
      var header = frame.header
      header.bodyChecksum = XXH3.of(body)
      let start = Int(header.offset)
      let lying = bytes[..<start] + header.bytes + body + bytes[Int(header.end)...]
      #expect(try StreamTrial.stream(Array(lying)) { $0.paths = [Array("a".utf8)] }.error?.code == .corrupt)
    }
    #expect(seen == 4)
  }

  @Test("a file that somebody changes before its chunks are needed again is noticed")
  func changedMeanwhile() throws {
    let bytes = try HardTree.archive()
    let folder = try TemporaryFolder()
    let stream = PieceStream(bytes)
    var isDone = false
    stream.willRead = { position in
      guard !isDone, position > bytes.count / 3, folder.contents("a/first") != nil else { return }
      isDone = true
      try? folder.write("a/first", SampleTree.bytes(900_000, 77))
    }
    let report = try StreamExtractor(stream, into: folder.path, .init { $0.keepsGoing = true }).run()
    #expect(isDone)
    let damaged = report.problems.filter { $0.kind == .damaged }.map { String(decoding: $0.path, as: UTF8.self) }
    #expect(Set(damaged) == ["b", "i"])
    #expect(folder.contents("i") == nil && folder.contents("c") != nil)
  }
}
