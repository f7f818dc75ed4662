// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("metadata of trees")
final class TreeMetadataTests {
  let folder: TemporaryFolder
  let directory: DirectoryHandle

  init() throws {
    folder = try TemporaryFolder()
    directory = try DirectoryHandle(folder.path)
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("mode, owner and time are those of the file")
  func status() throws {
    try folder.write("f", [1])
    try directory.setMode(FileMode(rawValue: 0o6751), of: bytes("f"))
    try directory.setTimes(
      access: nil, modification: Timestamp(seconds: -5, nanoseconds: 123_456_789), of: bytes("f"))
    let status = try directory.status(of: bytes("f"))
    let entry = try #require(try WrittenTree(["f"], from: folder.path)["f"])
    #expect(entry.mode == 0o6751)
    #expect(entry.modificationTime == Timestamp(seconds: -5, nanoseconds: 123_456_789))
    #expect(entry.owner.uid == status.uid && entry.owner.gid == status.gid)
    #expect(entry.owner.user == AccountNames().userName(status.uid) ?? [])
    let plain = try WrittenTree(["f"], from: folder.path) { $0.usesNumericOwners = true }
    #expect(plain["f"]?.owner == ArchiveEntry.Owner(uid: status.uid, gid: status.gid))
    let nobody = try WrittenTree(["f"], from: folder.path) { $0.overridesOwner = true }
    #expect(nobody["f"]?.owner == ArchiveEntry.Owner(uid: 0, gid: 0))
  }

  @Test("links, pipes and devices keep what they are; sockets are left out")
  func specials() throws {
    try directory.makeSymbolicLink(bytes("l"), to: Path([0xFF, 0x2F, 0x20]))
    try directory.makeFIFO(bytes("p"))
    let isRoot = Machine.effectiveUser == 0
    if isRoot {
      try directory.makeDevice(bytes("c"), kind: .character, number: DeviceNumber(major: 1, minor: 3))
      try directory.makeDevice(bytes("b"), kind: .block, number: DeviceNumber(major: 7, minor: 70_000))
    }
    let tree = try WrittenTree(["."], from: folder.path)
    #expect(tree["l"]?.target == [0xFF, 0x2F, 0x20])
    #expect(tree["p"]?.kind == .fifo)
    if isRoot {
      #expect(tree["c"]?.kind == .characterDevice && tree["c"]?.device ?? (0, 0) == (1, 3))
      #expect(tree["b"]?.kind == .blockDevice && tree["b"]?.device ?? (0, 0) == (7, 70_000))
    }
    #expect(tree.report.specialFiles == (isRoot ? 3 : 1) && tree.report.symbolicLinks == 1)
  }

  @Test("extended attributes come along, unless they are not wanted")
  func attributes() throws {
    try folder.write("f", [1])
    try folder.makeFolder("d")
    let attribute = ExtendedAttribute(name: bytes("user.x"), value: [0, 255, 10])
    do {
      try directory.setExtendedAttribute(attribute, of: bytes("f"))
      try directory.setExtendedAttribute(attribute, of: bytes("d"))
    } catch {
      return  // A file system without attributes.
    }
    let tree = try WrittenTree(["."], from: folder.path)
    #expect(tree["f"]?.attributes.contains(attribute) == true)
    #expect(tree["d"]?.attributes.contains(attribute) == true)
    let bare = try WrittenTree(["."], from: folder.path) { $0.storesAttributes = false }
    #expect(bare["f"]?.attributes == [] && bare["d"]?.attributes == [])
  }

  @Test("attributes that cannot be read are named, and the rest is taken")
  func refusedAttributes() throws {
    try folder.write("f", [1])
    for name in ["user.a", "user.b"] {
      do {
        try directory.setExtendedAttribute(ExtendedAttribute(name: bytes(name), value: [1]), of: bytes("f"))
      } catch {
        return
      }
    }
    let faults = SyscallFaults([.init(.getxattr, call: 1, .fail(.accessDenied))])
    let tree = try faults.run { try WrittenTree(["f"], from: folder.path) }
    #expect(tree.warnings == ["attributes f"] && tree.content("f") == [1])
    #expect(tree["f"]?.attributes.contains { $0.name == bytes("user.b") } == true)
  }

  @Test("further names of a file are links, whatever kind it has")
  func hardLinks() throws {
    try folder.makeFolder("d")
    try folder.write("a", [1, 2, 3])
    try folder.write("e", [])
    try directory.makeFIFO(bytes("p"))
    try directory.makeSymbolicLink(bytes("s"), to: "x")
    let inner = try directory.openDirectory(bytes("d"))
    for name in ["a", "e", "p", "s"] { try inner.makeHardLink(bytes(name), to: bytes(name), in: directory) }
    try directory.makeHardLink(bytes("z"), to: bytes("a"), in: directory)
    let tree = try WrittenTree(["."], from: folder.path)
    for name in ["a", "e", "p", "s"] {
      let first = try #require(tree[name])
      var second = try #require(tree["d/" + name])
      second.path = first.path
      #expect(first.linkGroup != nil && first == second)
    }
    #expect(tree["z"]?.linkGroup == tree["a"]?.linkGroup)
    #expect(Set(["a", "e", "p", "s"].map { tree[$0]?.linkGroup }).count == 4)
    #expect(tree.content("z") == [1, 2, 3] && tree.content("d/a") == [1, 2, 3])
    #expect(tree.report.hardLinks == 5 && tree.report.files == 2 && tree.report.bytes == 3)
  }

  @Test("a stamp is given only to what has been at rest for two seconds")
  func stamps() throws {
    try folder.write("f", [1])
    let status = try directory.status(of: bytes("f"))
    let changed = status.changeTime
    let expected = Stamp(inode: status.inode, seconds: changed.seconds, nanoseconds: changed.nanoseconds)
    var later = changed
    later.seconds += 3
    #expect(try WrittenTree(["f"], from: folder.path, clock: later).stamps == [expected])
    later.seconds -= 1
    #expect(try WrittenTree(["f"], from: folder.path, clock: later).stamps == [])
    later.seconds -= 100
    #expect(try WrittenTree(["f"], from: folder.path, clock: later).stamps == [])
  }

  @Test("a stream becomes a file of the size it turns out to have")
  func stream() throws {
    for size in [0, 10, 65_536, 3_000_000] {
      var generator = SplitMix(seed: 7)
      let content = (0..<size).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      let output = MemoryArchiveOutput()
      let writer = try ArchiveWriter(to: output, .init { $0.codec = Store() })
      let archiver = TreeArchiver(to: writer)
      let report = try archiver.archiveStream(
        bytes("dump/all.sql"), modified: Timestamp(seconds: 9), PieceStream(content, [7777]))
      _ = try writer.finish()
      let tree = try WrittenTree(output.bytes, report)
      #expect(tree.content("dump/all.sql") == content)
      #expect(tree["dump/all.sql"]?.mode == 0o644 && tree["dump/all.sql"]?.modificationTime.seconds == 9)
      #expect(tree["dump/all.sql"]?.cut == (size < 65_536 ? .whole : .contentDefined))
      #expect(report.bytes == UInt64(size) && report.files == 1)
    }
    let archiver = TreeArchiver(to: nil)
    #expect(throws: ArchiveError.self) {
      try archiver.archiveStream(bytes("../x"), modified: Timestamp(seconds: 9), PieceStream([]))
    }
  }
}
