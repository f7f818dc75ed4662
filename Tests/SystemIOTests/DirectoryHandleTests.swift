// SPDX-License-Identifier: Apache-2.0

import SystemIO
import TestSupport
import Testing

@Suite("open directories")
struct DirectoryHandleTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("everything in a directory is made, read and removed by name")
  func operations() throws {
    let root = try DirectoryHandle(folder.path)
    try root.makeDirectory(bytes("d"))
    let inner = try root.openDirectory(bytes("d"))
    let file = try inner.createFile(bytes("a"))
    try file.write([1, 2])
    try file.close()
    let reopened = try inner.openFile(bytes("a"))
    #expect(try collect(9) { (o: inout OutputRawSpan) throws(IOError) in try reopened.read(into: &o) } == [1, 2])
    #expect(reopened.path == folder.path("d/a"))
    try root.makeHardLink(bytes("b"), to: bytes("a"), in: inner)
    try root.makeSymbolicLink(bytes("l"), to: "d/a")
    try root.makeFIFO(bytes("f"))
    #expect(try root.status(of: bytes("b")).links == 2)
    #expect(try root.status(of: bytes("l")).kind == .symbolicLink)
    #expect(try root.status(of: bytes("f")).kind == .fifo)
    try root.setTimes(access: nil, modification: Timestamp(seconds: 3), of: bytes("l"))
    try root.setOwner(uid: nil, gid: nil, of: bytes("l"))
    #expect(try root.status(of: bytes("l")).modificationTime == Timestamp(seconds: 3))
    try root.rename(bytes("b"), to: bytes("c"))
    try inner.apply(.init { $0.mode = FileMode(rawValue: 0o750) })
    #expect(try inner.status().mode.description == "0750")
    try inner.sync()
    try inner.remove(bytes("a"))
    try inner.close()
    try root.removeDirectory(bytes("d"))
    for name in ["f", "l"] { try root.remove(bytes(name)) }
    #expect(folder.names == ["c"])
    #expect(folder.contents("c") == [1, 2])
  }

  @Test(
    "a name that is not one component is EINVAL and no call is made", arguments: ["", ".", "..", "a/b", "/", "a\0b"])
  func confinement(name: String) throws {
    let root = try DirectoryHandle(folder.path)
    let name = bytes(name)
    let faults = SyscallFaults()
    faults.run {
      let errors: [Errno?] = [
        errno { () throws(IOError) in _ = try root.openDirectory(name) },
        errno { () throws(IOError) in _ = try root.openFile(name) },
        errno { () throws(IOError) in _ = try root.createFile(name) },
        errno { () throws(IOError) in _ = try root.status(of: name) },
        errno { () throws(IOError) in try root.makeDirectory(name) },
        errno { () throws(IOError) in try root.makeFIFO(name) },
        errno { () throws(IOError) in try root.makeSymbolicLink(name, to: "x") },
        errno { () throws(IOError) in try root.makeHardLink(name, to: [65], in: root) },
        errno { () throws(IOError) in try root.makeHardLink([65], to: name, in: root) },
        errno { () throws(IOError) in try root.rename(name, to: [65]) },
        errno { () throws(IOError) in try root.rename([65], to: name) },
        errno { () throws(IOError) in try root.remove(name) },
        errno { () throws(IOError) in try root.removeDirectory(name) },
        errno { () throws(IOError) in try root.setOwner(uid: nil, gid: nil, of: name) },
        errno { () throws(IOError) in try root.setTimes(access: nil, modification: nil, of: name) },
      ]
      #expect(errors.allSatisfy { $0 == .invalidArgument })
    }
    #expect(faults.trace.isEmpty)
  }

  @Test("a link is never followed")
  func links() throws {
    try folder.makeFolder("d")
    try folder.write("a", [1])
    try folder.makeLink("ld", to: "d")
    try folder.makeLink("la", to: "a")
    let root = try DirectoryHandle(folder.path)
    let directory = errno { () throws(IOError) in _ = try root.openDirectory(bytes("ld")) }
    #expect(directory == .notDirectory || directory == .symbolicLinkLoop)
    #expect(errno { () throws(IOError) in _ = try root.openFile(bytes("la")) } == .symbolicLinkLoop)
    #expect(errno { () throws(IOError) in _ = try root.createFile(bytes("la")) } == .exists)
    let dangling = SyscallFaults([.init(.fsync, .fail(.notSupported)), .init(.fsync, call: 2, .fail(.inputOutput))])
    dangling.run {
      #expect(errno { () throws(IOError) in try root.sync() } == nil)
      #expect(errno { () throws(IOError) in try root.sync() } == .inputOutput)
    }
  }
}
