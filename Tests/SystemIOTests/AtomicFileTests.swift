// SPDX-License-Identifier: Apache-2.0

import SystemIO
import TestSupport
import Testing

@Suite("files that appear when complete")
struct AtomicFileTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test("the target changes at the commit and not before")
  func commit() throws {
    try folder.write("a", [1])
    var file = try AtomicFile(folder.path("a"))
    try file.write([2, 0, 4])
    try file.overwrite([3], at: 1)
    #expect(try file.position() == 3)
    let read = try collect(9) { (o: inout OutputRawSpan) throws(IOError) in try file.read(into: &o, at: 0) }
    #expect(read == [2, 3, 4])
    #expect(folder.contents("a") == [1])
    let temporary = file.temporary
    #expect(temporary.parent == folder.path)
    #expect(TemporaryName.matches(temporary.lastComponent))
    #expect(try FileSystem.linkStatus(of: temporary).mode == .ownerOnly)
    let receipt = try file.commit(replacing: true, sync: false)
    #expect(folder.names == ["a"])
    #expect(folder.contents("a") == [2, 3, 4])
    let status = try FileSystem.status(of: folder.path("a"))
    #expect(receipt.size == 3 && receipt.inode == status.inode && receipt.device == status.device)
    #expect(!receipt.isDurable)
    #expect(status.mode == FileMode.allReadWrite.removing(FileMode.creationMask))
  }

  @Test("a value that goes away, or is discarded, leaves nothing")
  func abandoned() throws {
    try folder.write("a", [1])
    do {
      var file = try AtomicFile(folder.path("a"))
      try file.write([2])
      #expect(folder.names.count == 2)
    }
    #expect(folder.names == ["a"])
    let file = try AtomicFile(folder.path("b"))
    try FileSystem.remove(file.temporary)
    try file.discard()
    #expect(folder.names == ["a"])
    #expect(folder.contents("a") == [1])
  }

  @Test("mode, owner and times are those asked for")
  func attributes() throws {
    let wanted = FileAttributes {
      $0.mode = FileMode(rawValue: 0o751)
      $0.modificationTime = Timestamp(seconds: 1_000_000_000, nanoseconds: 123_456_789)
      $0.accessTime = Timestamp(seconds: 1)
    }
    try replaceFile(folder.path("a"), with: [1], attributes: wanted)
    let status = try FileSystem.status(of: folder.path("a"))
    #expect(status.mode.rawValue == 0o751)
    #expect(status.modificationTime == wanted.modificationTime)
    #expect(status.accessTime == wanted.accessTime)
    try replaceFile(folder.path("b"), with: [1], attributes: FileAttributes(copying: status))
    let copied = try FileSystem.status(of: folder.path("b"))
    #expect(copied.mode == status.mode && copied.modificationTime == status.modificationTime)
  }

  @Test("without replacing, a file that is there or appears meanwhile is EEXIST and untouched")
  func noReplace() throws {
    let late = errno { () throws(IOError) in
      var file = try AtomicFile(folder.path("a"))
      try file.write([2])
      try FileHandle.create(folder.path("a")).write([1])
      try file.commit(replacing: false, sync: true)
    }
    #expect(late == .exists)
    #expect(folder.names == ["a"])
    #expect(folder.contents("a") == [1])
    try folder.makeLink("dangling", to: "nowhere")
    #expect(
      errno { () throws(IOError) in try replaceFile(folder.path("dangling"), with: [3], replacing: false) } == .exists)
    #expect(folder.names == ["a", "dangling"])
  }

  @Test(
    "where the exclusive rename is missing, a link does the same", arguments: [Errno.invalidArgument, .notImplemented])
  func linkFallback(error: Errno) throws {
    let faults = SyscallFaults([.init(.renameExclusive, repeats: true, .fail(error))])
    try faults.run { try replaceFile(folder.path("a"), with: [1], replacing: false) }
    #expect(folder.names == ["a"])
    #expect(folder.contents("a") == [1])
    #expect(try FileSystem.status(of: folder.path("a")).links == 1)
    let again = faults.run {
      errno { () throws(IOError) in try replaceFile(folder.path("a"), with: [2], replacing: false) }
    }
    #expect(again == .exists)
    #expect(folder.names == ["a"])
    #expect(folder.contents("a") == [1])
  }

  @Test("a second name that could not be removed is removed at the end")
  func linkFallbackLeftover() throws {
    let faults = SyscallFaults([.init(.renameExclusive, .fail(.notImplemented)), .init(.unlink, .fail(.inputOutput))])
    try faults.run { try replaceFile(folder.path("a"), with: [1], replacing: false) }
    #expect(folder.names == ["a"])
    #expect(folder.contents("a") == [1])
  }

  @Test("replacing a symbolic link replaces the link and not what it leads to")
  func link() throws {
    try folder.write("real", [1])
    try folder.makeLink("l", to: "real")
    try replaceFile(folder.path("l"), with: [2])
    #expect(folder.contents("real") == [1])
    #expect(try FileSystem.linkStatus(of: folder.path("l")).kind == .regular)
    try folder.makeLink("m", to: "real")
    try replaceFile(try FileSystem.resolve(folder.path("m")), with: [3])
    #expect(folder.contents("real") == [3])
    #expect(try FileSystem.linkStatus(of: folder.path("m")).kind == .symbolicLink)
  }

  @Test("a directory is never replaced")
  func directory() throws {
    try folder.makeFolder("d")
    #expect(errno { () throws(IOError) in try replaceFile(folder.path("d"), with: [1]) } == .isDirectory)
    for name in ["", "/", "d/", "d/.", "d/.."] {
      let target = name.isEmpty ? Path("") : folder.path(name)
      #expect(errno { () throws(IOError) in _ = try AtomicFile(target) } == (name.isEmpty ? .noSuchFile : .isDirectory))
    }
    #expect(errno { () throws(IOError) in _ = try AtomicFile(folder.path("none/a")) } == .noSuchFile)
    #expect(folder.names == ["d"])
  }

  @Test("names of temporary files are recognised and no others")
  func names() throws {
    #expect(!TemporaryName.matches(Array(".codeckit-short.partial".utf8)))
    #expect(!TemporaryName.matches(Array(".codeckit-aaaaaaaaaaaaaaaaaaaA.partial".utf8)))
    #expect(TemporaryName.matches(Array(".codeckit-aaaaaaaaaaaaaaaaaaa2.partial".utf8)))
    #expect(!TemporaryName.matches(Array("a".utf8)))
    let first = try AtomicFile(folder.path("a"))
    let second = try AtomicFile(folder.path("a"))
    #expect(first.temporary != second.temporary)
  }

  @Test("a source is removed only after a durable copy, and never is the copy")
  func removeSource() throws {
    try folder.write("source", [1])
    let late = try replaceFile(folder.path("a"), with: [1], sync: false)
    #expect(
      errno { () throws(IOError) in try FileSystem.removeSource(folder.path("source"), copiedTo: late) }
        == .invalidArgument)
    #expect(folder.names == ["a", "source"])
    let durable = try replaceFile(folder.path("a"), with: [1], sync: true)
    #expect(
      errno { () throws(IOError) in try FileSystem.removeSource(folder.path("a"), copiedTo: durable) }
        == .invalidArgument)
    let faults = SyscallFaults()
    try faults.run { () throws(IOError) in
      try FileSystem.removeSource(folder.path("source"), copiedTo: durable, syncingDirectory: true)
    }
    #expect(folder.names == ["a"])
    #expect(faults.trace.map(\.kind) == [.stat, .unlink, .open, .fsync, .close])
  }
}
