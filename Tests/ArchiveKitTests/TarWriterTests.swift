// SPDX-License-Identifier: Apache-2.0

// An archive as tar: GNU tar makes the tree of it that went in.

import CodecKit
import Foundation
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// The entries of a tar archive whose names are short.
struct TarListing {
  private(set) var files: [(name: String, content: ArraySlice<UInt8>)] = []
  private(set) var kinds: [String] = []
  /// Whether the end is there.
  private(set) var isComplete = false

  init(_ bytes: [UInt8]) {
    var position = 0
    while position + 512 <= bytes.count {
      let header = bytes[position..<(position + 512)]
      if header.allSatisfy({ $0 == 0 }) {
        isComplete = bytes.count % 10240 == 0 && bytes[position...].allSatisfy { $0 == 0 }
        return
      }
      func text(_ start: Int, _ count: Int) -> String {
        String(decoding: header.dropFirst(start).prefix(count).prefix { $0 != 0 }, as: UTF8.self)
      }
      let size = Int(text(124, 12), radix: 8) ?? 0
      let start = position + 512
      position = start + (size + 511) / 512 * 512
      let kind = text(156, 1)
      if kind == "x" { continue }
      kinds.append(kind + " " + text(0, 100) + (text(157, 100).isEmpty ? "" : " > " + text(157, 100)))
      if kind == "0" { files.append((text(0, 100), bytes[start..<min(start + size, bytes.count)])) }
    }
  }
}

@Suite("Archives as tar")
struct TarWriterTests {
  private func tar(
    _ bytes: [UInt8], _ configure: (inout ExtractionOptions) -> Void = { _ in }
  ) throws -> (bytes: [UInt8], report: ExtractionReport) {
    let output = MemoryArchiveOutput()
    let report = try ArchiveReader(MemoryArchiveSource(bytes)).writeTar(to: output, .init(configure))
    return (output.bytes, report)
  }

  /// Makes everything that a file system can hold.
  private func makeTree(_ folder: TemporaryFolder) throws {
    func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    let isRoot = Machine.effectiveUser == 0
    try folder.makeFolder("many")
    for number in 0..<60 { try folder.write("many/\(number)", SampleTree.bytes(number * 97, UInt64(number))) }
    try folder.write("big", SampleTree.bytes(1_200_000, 4))
    let long = String(repeating: "d", count: 120) + "/" + String(repeating: "e", count: 200)
    try folder.makeFolder(long)
    try folder.write(long + "/" + String(repeating: "f", count: 180), [1])
    try folder.write("\u{e4}\u{df}", [2])
    let top = try DirectoryHandle(folder.path)
    try top.createFile([0xFF, 0x41]).close()
    try top.makeSymbolicLink(bytes("link"), to: Path([0xFE, 0x2F, 0x20]))
    try top.makeSymbolicLink(bytes("far"), to: Path(String(repeating: "x", count: 300)))
    try top.makeHardLink(bytes("big2"), to: bytes("big"), in: top)
    try top.makeHardLink(bytes("a-link"), to: bytes("link"), in: top)
    try top.makeFIFO(bytes("pipe"))
    try top.setTimes(access: nil, modification: Timestamp(seconds: 1 << 33, nanoseconds: 9), of: bytes("pipe"))
    let sparse = try top.createFile(bytes("sparse"))
    for offset in [1 << 20, 3 << 20] as [Int64] {
      try unsafe sparse.write(SampleTree.bytes(100_001, UInt64(offset)).span.bytes, at: offset)
    }
    try sparse.truncate(to: 5 << 20)
    try sparse.close()
    try top.setMode(FileMode(rawValue: 0o6751), of: bytes("big"))
    try? top.setExtendedAttribute(ExtendedAttribute(name: bytes("user.a=b%"), value: [0, 10, 255]), of: bytes("big"))
    try? top.setExtendedAttribute(ExtendedAttribute(name: bytes("user.d"), value: []), of: bytes("many"))
    if isRoot {
      try top.setOwner(uid: 3_000_000, gid: 4_000_000, of: bytes("far"))
      try top.makeDevice(bytes("null"), kind: .character, number: DeviceNumber(major: 1, minor: 3))
      try top.makeDevice(bytes("disk"), kind: .block, number: DeviceNumber(major: 259, minor: 70_000))
    }
    try top.setTimes(access: nil, modification: Timestamp(seconds: 12_345, nanoseconds: 600), of: bytes("many"))
  }

  private func archive(_ folder: TemporaryFolder) throws -> [UInt8] {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output)
    let report = try TreeArchiver(to: writer).archive(["."], from: folder.path)
    #expect(!report.isPartial)
    _ = try writer.finish()
    return output.bytes
  }

  @Test("GNU tar restores the tree", .enabled(if: ToolRunner.find("tar") != nil), arguments: ["C", "C.UTF-8"])
  func restored(locale: String) throws {
    let (source, target, place) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
    try makeTree(source)
    let old = try archive(source)
    let (bytes, report) = try tar(old) { $0.threads = 2 }
    #expect(report.problems.isEmpty)
    try place.write("t.tar", bytes)
    let arguments = [
      "-xpf", place.location("t.tar"), "-C", target.location(""), "--xattrs", "--xattrs-include=*",
      "--warning=no-timestamp",
    ]
    let run = try ToolRunner.run("tar", arguments, environment: ["LC_ALL": locale])
    #expect(run.status == 0 && run.errorText.isEmpty, "\(run.errorText)")
    let readers = (
      try ArchiveReader(MemoryArchiveSource(old)), try ArchiveReader(MemoryArchiveSource(try archive(target)))
    )
    var cursors = (readers.0.entries(), readers.1.entries())
    while var entry = try cursors.0.next() {
      var other = try #require(try cursors.1.next())
      #expect((entry.linkGroup == nil) == (other.linkGroup == nil))
      if entry.kind == .file {
        #expect(try readers.0.content(of: entry) == readers.1.content(of: other))
        #expect(holes(try readers.0.runs(of: entry)) == holes(try readers.1.runs(of: other)))
      }
      // Where content lies and when it was made is not what tar tells.
      (entry.birthTime, entry.content, entry.cut, entry.digest) = (nil, .runs([]), .whole, nil)
      (other.birthTime, other.content, other.cut, other.digest) = (nil, .runs([]), .whole, nil)
      #expect(entry == other)
    }
    #expect(try cursors.1.next() == nil)
  }

  private func holes(_ runs: [ContentRun]) -> [UInt64] {
    runs.compactMap { if case .hole(let length) = $0 { length } else { nil } }
  }

  @Test("links lead to the first name that is selected, and names can be shortened")
  func selection() throws {
    let bytes = try SampleTree().archive { _ in }
    #expect(TarListing(try tar(bytes).bytes).kinds.contains("1 b/second > b/first"))
    let (second, report) = try tar(bytes) {
      $0.paths = [Array("b".utf8)]
      $0.excluded = [Glob("first")].compactMap { $0 }
      $0.stripComponents = 1
    }
    #expect(TarListing(second).kinds == ["0 second", "0 text", "0 twice"])
    #expect(report.files == 3 && report.directories == 0)
    #expect(throws: ArchiveError.self) { try tar(bytes) { $0.paths = [Array("missing".utf8)] } }
    #expect(throws: ArchiveError.self) { try tar(bytes) { $0.maximumBytes = 1000 } }
  }

  @Test("the bytes do not depend on the number of threads")
  func threads() throws {
    let bytes = try DamageTests.archive().bytes
    let one = try tar(bytes).bytes
    for threads in [2, 3, 8] { #expect(try tar(bytes) { $0.threads = threads }.bytes == one) }
    #expect(TarListing(one).isComplete)
  }

  /// Twenty small files around one that is too large to be held.
  private func mixed() throws -> (bytes: [UInt8], contents: [String: [UInt8]]) {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: output,
      .init {
        $0.blockSize = 256 << 10
        $0.codec = Store()
      })
    var contents: [String: [UInt8]] = [:]
    for number in 10..<30 {
      let content = SampleTree.bytes(number == 20 ? 1_500_000 : 30_000, UInt64(number))
      contents["file\(number)"] = content
      try writer.add(ArchiveEntry(Array("file\(number)".utf8), .file), content, .contentDefined)
    }
    _ = try writer.finish()
    return (output.bytes, contents)
  }

  @Test("damaged files are left out, and everything else is there", arguments: [1, 2])
  func damage(threads: Int) throws {
    let (bytes, contents) = try mixed()
    let blocks = try ArchiveReader(MemoryArchiveSource(bytes)).blocks
    // Small files, the large one in the middle, and the last.
    for number in [0, 4, blocks.count - 1] {
      let record = try blocks.record(number)
      var damaged = bytes
      damaged[Int(record.offset) + 64 + Int(record.storedLength) / 2] ^= 4
      #expect(throws: ArchiveError.self) { try tar(damaged) { $0.threads = threads } }
      let (tarred, report) = try tar(damaged) {
        $0.keepsGoing = true
        $0.threads = threads
      }
      let listing = TarListing(tarred)
      #expect(listing.isComplete)
      for file in listing.files { #expect(Array(file.content) == contents[file.name]) }
      let lost = report.problems.map { String(decoding: $0.path, as: UTF8.self) }
      #expect(!lost.isEmpty && report.hasDamage)
      #expect(Set(lost).union(listing.files.map(\.name)) == Set(contents.keys))
      #expect(lost.count + listing.files.count == contents.count)
    }
  }

  @Test("damage that shows only when a large file is decoded leaves no archive that looks complete")
  func lateDamage() throws {
    var (bytes, contents) = try mixed()
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    let entry = try #require(try archive.entry(at: Array("file20".utf8)))
    guard case .chunks(_, let first, _, _) = try archive.runs(of: entry)[0] else { return }
    let record = try archive.block(ofChunk: first + 12).record
    // Frame and header have right checksums; the bytes are not those of the digest.
    let start = Int(record.offset)
    var header = try FrameHeader(Array(bytes[start..<(start + 64)]), at: record.offset, tag: nil)
    bytes[Int(header.end) - 1] ^= 1
    header.bodyChecksum = XXH3.of(Array(bytes[(start + 64)..<Int(header.end)]))
    bytes.replaceSubrange(start..<(start + 64), with: header.bytes)
    let output = MemoryArchiveOutput()
    #expect(throws: ArchiveError.self) {
      try ArchiveReader(MemoryArchiveSource(bytes)).writeTar(to: output, .init { $0.keepsGoing = true })
    }
    let listing = TarListing(output.bytes)
    #expect(!listing.isComplete)
    for file in listing.files {
      let content = try #require(contents[file.name])
      #expect(content.starts(with: file.content))
    }
  }

  @Test("a path that no honest writer makes is refused before the first byte")
  func hostile() throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output)
    try writer.add(ArchiveEntry(Array("a/../../b".utf8), .directory))
    _ = try writer.finish()
    let tarred = MemoryArchiveOutput()
    #expect(throws: ArchiveError.self) {
      try ArchiveReader(MemoryArchiveSource(output.bytes)).writeTar(to: tarred, .init { $0.keepsGoing = true })
    }
    #expect(tarred.bytes.isEmpty)
  }
}
