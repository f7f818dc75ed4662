// SPDX-License-Identifier: Apache-2.0

import SystemIO
import TestSupport
import Testing

/// What else an archiver of trees asks for: account names, free space, files without a name, advice.
@Suite("accounts, space, temporary files and advice")
struct TreeSupportTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("root is number 0, and what is not there is nil")
  func accounts() {
    let names = AccountNames()
    for _ in 0..<2 {
      #expect(names.userName(0) == bytes("root"))
      #expect(names.groupName(0) == bytes("root"))
      #expect(names.user(named: bytes("root")) == 0)
      #expect(names.group(named: bytes("root")) == 0)
      #expect(names.userName(4_000_000_123) == nil)
      #expect(names.groupName(4_000_000_123) == nil)
    }
    for name in ["", "no such account", "root\0x", String(repeating: "x", count: 5000)] {
      #expect(names.user(named: bytes(name)) == nil)
      #expect(names.group(named: bytes(name)) == nil)
    }
  }

  @Test("answers are remembered, failures are not, and buffers grow")
  func remembers() {
    let names = AccountNames()
    let faults = SyscallFaults([
      .init(.account, call: 1, .fail(.inputOutput)), .init(.account, call: 2, .fail(.outOfRange)),
      .init(.account, call: 4, .fail(.tooManyOpenFiles)), .init(.account, call: 5, .fail(.outOfRange)),
    ])
    faults.run {
      #expect(names.userName(0) == nil)
      for _ in 0..<3 { #expect(names.userName(0) == bytes("root")) }
      #expect(names.group(named: bytes("root")) == nil)
      for _ in 0..<3 { #expect(names.group(named: bytes("root")) == 0) }
      for _ in 0..<3 { #expect(names.user(named: bytes("no such account")) == nil) }
    }
    #expect(faults.count(of: .account) == 7)
    #expect(faults.fired == 4)
    #expect(faults.trace[2].size > faults.trace[1].size)
    let endless = SyscallFaults([.init(.account, repeats: true, .fail(.outOfRange))])
    endless.run {
      #expect(AccountNames().groupName(0) == nil)
      #expect(AccountNames().user(named: bytes("root")) == nil)
    }
  }

  @Test("free space is told by path, file and directory")
  func freeSpace() throws {
    let file = try FileHandle.temporary(in: folder.path)
    // Other tests write meanwhile, so only the order of magnitude is the same.
    #expect(try FileSystem.freeSpace(at: folder.path) > 0)
    #expect(try file.freeSpace() > 0)
    #expect(try DirectoryHandle(folder.path).freeSpace() > 0)
    #expect(try FileSystem.freeSpace(at: "/proc") == 0)
    #expect(errno { () throws(IOError) in _ = try FileSystem.freeSpace(at: folder.path("none")) } == .noSuchFile)
    let failing = SyscallFaults([.init(.statvfs, repeats: true, .fail(.inputOutput))])
    failing.run {
      #expect(errno { () throws(IOError) in _ = try file.freeSpace() } == .inputOutput)
    }
  }

  @Test("a temporary file has no name", arguments: [nil, .notSupported, .isDirectory] as [Errno?])
  func temporary(refusal: Errno?) throws {
    let faults = SyscallFaults(refusal.map { [.init(.open, .fail($0))] } ?? [])
    let file = try faults.run { () throws(IOError) in try FileHandle.temporary(in: folder.path) }
    #expect(folder.names == [])
    let status = try file.status()
    #expect(status.links == 0)
    #expect(status.mode == .ownerOnly)
    #expect(status.kind == .regular)
    try file.write([1, 2, 3])
    try file.seek(to: 0)
    #expect(try collect(9) { (o: inout OutputRawSpan) throws(IOError) in try file.read(into: &o) } == [1, 2, 3])
    try file.close()
  }

  @Test("each failing call of a temporary file leaves nothing open, and no name but one that cannot be removed")
  func temporaryFaults() throws {
    let none = errno { () throws(IOError) in _ = try FileHandle.temporary(in: folder.path("none")) }
    #expect(none == .noSuchFile)
    for rules: [SyscallFaults.Rule] in [
      [.init(.open, .fail(.noSpace))],
      [.init(.open, .fail(.notSupported)), .init(.open, call: 2, .fail(.noSpace))],
      [.init(.open, .fail(.notSupported)), .init(.unlink, .fail(.noSpace))],
    ] {
      let faults = SyscallFaults(rules)
      faults.run {
        #expect(errno { () throws(IOError) in _ = try FileHandle.temporary(in: folder.path) } == .noSpace)
      }
      #expect(faults.leftOpen == 0)
      #expect(folder.names.count == (faults.count(of: .unlink) > 0 ? 1 : 0))
    }
    #expect(folder.names.allSatisfy { TemporaryName.matches(bytes($0)) })
  }

  @Test("advice is given for the range and its failure is not told")
  func advice() throws {
    let file = try FileHandle.create(folder.path("a"))
    let faults = SyscallFaults([.init(.advise, call: 3, .fail(.inputOutput))])
    faults.run {
      file.adviseSequential()
      file.adviseWillNeed(4096..<8192)
      file.adviseDontNeed(0..<4096)
      file.adviseWillNeed(5..<5)
      file.adviseDontNeed(Int64.min..<Int64.max)
    }
    #expect(faults.trace.map(\.offset) == [0, 4096, 0, Int64.min])
    #expect(faults.trace.map(\.size) == [0, 4096, 4096, 0])
    #expect(faults.trace.prefix(2).allSatisfy { $0.result == 0 })
    let pipe = try Pipe()
    pipe.reader.adviseWillNeed(0..<1)
  }

  @Test("the time of the last read stays as it is for the owner, and others open the file nevertheless")
  func accessTime() throws {
    try folder.write("a", [1])
    let root = try DirectoryHandle(folder.path)
    let old = Timestamp(seconds: 1)
    try root.setTimes(access: old, modification: Timestamp(seconds: 2), of: bytes("a"))
    for way in 0..<3 {
      let file =
        switch way {
        case 0: try FileHandle.open(folder.path("a"), .noAccessTime)
        case 1: try root.openFile(bytes("a"), .noAccessTime)
        default: try root.openFile(beneath: "a", .noAccessTime)
        }
      #expect(try collect(9) { (o: inout OutputRawSpan) throws(IOError) in try file.read(into: &o) } == [1])
      #expect(try file.status().accessTime == old)
    }
    // A directory's reader does as its handle does.
    try folder.makeFolder("d")
    let inner = try root.openDirectory(bytes("d"), .noAccessTime)
    try root.setTimes(access: old, modification: Timestamp(seconds: 2), of: bytes("d"))
    #expect(try inner.entries().isEmpty)
    #expect(try inner.status().accessTime == old)
    let refused = SyscallFaults([.init(.open, .fail(.notPermitted)), .init(.openat, .fail(.notPermitted))])
    try refused.run { () throws(IOError) in
      _ = try FileHandle.open(folder.path("a"), .noAccessTime)
      _ = try root.openFile(bytes("a"), .noAccessTime)
    }
    #expect(refused.fired == 2)
    let final = SyscallFaults([.init(.open, .fail(.notPermitted))])
    final.run {
      #expect(errno { () throws(IOError) in _ = try FileHandle.open(folder.path("a")) } == .notPermitted)
    }
    // A file of somebody else; as root it is one's own.
    _ = try FileHandle.open("/etc/passwd", .noAccessTime)
    let etc = try DirectoryHandle("/etc", .noAccessTime)
    _ = try etc.openFile(beneath: "passwd", .noAccessTime)
  }
}
