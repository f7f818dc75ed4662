// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("going on with an interrupted archive")
struct ResumeTests {
  let folder: TemporaryFolder
  private let now = Timestamp(seconds: WallClock.now.seconds + 60)

  init() throws { folder = try TemporaryFolder() }

  private func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SplitMix(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  private func makeTree() throws {
    for name in ["a", "b", "c"] {
      try folder.makeFolder(name)
      for number in 0..<5 { try folder.write("\(name)/\(number)", noise(20_000, seed: UInt64(number) + 7)) }
    }
    try folder.write("b/large", noise(5_000_000, seed: 99))
    try folder.write("b/pages.ibd", noise(100 * 16_384, seed: 98))
    try FileSystem.makeHardLink(folder.path("a/link"), to: folder.path("a/0"))
    try FileSystem.makeHardLink(folder.path("z"), to: folder.path("c/0"))
    try folder.makeLink("s", to: "nowhere")
  }

  private func options() -> ArchiveWriterOptions {
    var options = ArchiveWriterOptions { $0.codec = Store() }
    options.checkpointBytes = 1 << 20
    return options
  }

  private func write(
    after bytes: [UInt8]? = nil, _ options: ArchiveWriterOptions
  ) throws -> (bytes: [UInt8], report: TreeArchiverReport) {
    let output = MemoryArchiveOutput()
    let unfinished = try bytes.flatMap { try UnfinishedArchive(MemoryArchiveSource($0)) }
    let writer =
      if let unfinished {
        try ArchiveWriter(resuming: unfinished, to: output, options)
      } else {
        try ArchiveWriter(to: output, options)
      }
    let archiver = TreeArchiver(to: writer)
    let now = now
    archiver.clock = { now }
    let report = try archiver.archive(["."], from: folder.path)
    _ = try writer.finish()
    return (Array((bytes ?? []).prefix(Int(unfinished?.length ?? 0))) + output.bytes, report)
  }

  private func check(_ bytes: [UInt8]) throws {
    let source = MemoryArchiveSource(bytes)
    let archive = try ArchiveReader(source)
    let report = try ArchiveVerifier(archive, source, .deep).run()
    #expect(report.isSound, "\(report.problems)")
    var names = 0
    var cursor = archive.entries()
    var links = LinkAgreement()
    while let entry = try cursor.next() {
      names += 1
      try links.note(entry)
      guard entry.kind == .file else { continue }
      var content: [UInt8] = []
      try archive.read(entry) { (bytes: RawSpan) throws(ArchiveError) in
        unsafe bytes.withUnsafeBytes { unsafe content.append(contentsOf: $0) }
      }
      #expect(content == folder.contents(String(decoding: entry.path, as: UTF8.self)))
    }
    #expect(names == 24)
  }

  @Test("cut anywhere, the archive is completed, and what is in it is not read again")
  func everywhere() throws {
    try makeTree()
    let (whole, first) = try write(options())
    try check(whole)
    var least = first.bytes
    for cut in stride(from: 0, to: whole.count, by: whole.count / 17) {
      let (bytes, report) = try write(after: Array(whole.prefix(cut)), options())
      try check(bytes)
      #expect(report.bytes <= first.bytes)
      least = min(least, report.bytes)
      // No chunk is stored twice.
      #expect(
        try ArchiveReader(MemoryArchiveSource(bytes)).summary.footer.rawBytes
          == ArchiveReader(MemoryArchiveSource(whole)).summary.footer.rawBytes)
      // A reader that never sees the end first goes on as well.
      try StreamTrial.expectSame(bytes)
    }
    #expect(least < 200_000)
  }

  @Test("a large file goes on where the last checkpoint found it")
  func openFile() throws {
    try folder.write("large", noise(9_000_000, seed: 5))
    let (whole, _) = try write(options())
    let (bytes, report) = try write(after: Array(whole.prefix(whole.count * 3 / 4)), options())
    #expect(report.bytes < 4_000_000)
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    #expect(
      archive.summary.footer.contentRoot == (try ArchiveReader(MemoryArchiveSource(whole)).summary.footer.contentRoot))
  }

  @Test("what has changed meanwhile is read again")
  func changes() throws {
    try makeTree()
    let (whole, _) = try write(options())
    try folder.write("a/3", [1, 2, 3])
    try folder.write("b/pages.ibd", noise(100 * 16_384, seed: 97))
    try FileSystem.remove(folder.path("a/4"))
    try folder.write("a/new", [4])
    for cut in [whole.count / 3, whole.count * 2 / 3, whole.count - 5000] {
      let bytes = try write(after: Array(whole.prefix(cut)), options()).bytes
      try check(bytes)
      // From a pipe, what was written before cannot be taken back.
      #expect(try StreamTrial.stream(bytes).error?.code == .unsupportedFeature)
      // Packed again, it says the same of itself.
      let source = MemoryArchiveSource(bytes)
      let output = MemoryArchiveOutput()
      _ = try ArchiveRecompressor(try ArchiveReader(source), source, to: output, .init { $0.codec = Zstd.default })
        .run()
      try check(output.bytes)
      #expect(try StreamTrial.stream(output.bytes).error?.code == .unsupportedFeature)
    }
  }

  @Test("damage in what is left costs what lies behind it")
  func damage() throws {
    try makeTree()
    var whole = try write(options()).bytes
    whole[whole.count / 2] ^= 1
    try check(try write(after: Array(whole.dropLast(3000)), options()).bytes)
  }

  @Test("other options, and what is no beginning of an archive, are not gone on with")
  func refusals() throws {
    try makeTree()
    let whole = try write(options()).bytes
    let cut = Array(whole.prefix(whole.count / 2))
    var other = options()
    other.blockSize = 2 << 20
    #expect(throws: ArchiveError.self) { try write(after: cut, other) }
    other = options()
    other.fields = [.init(Superblock.Field.name, [65])]
    #expect(throws: ArchiveError.self) { try write(after: cut, other) }
    // A newer program is no other option.
    other = options()
    other.fields = [.init(Superblock.Field.program, [65])]
    try check(try write(after: cut, other).bytes)
    for bytes in [[], [1, 2, 3], [UInt8](repeating: 7, count: 10_000), Array(whole.prefix(5000))] {
      #expect(try UnfinishedArchive(MemoryArchiveSource(bytes)) == nil)
    }
  }
}
