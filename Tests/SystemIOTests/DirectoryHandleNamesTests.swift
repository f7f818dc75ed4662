// SPDX-License-Identifier: Apache-2.0

import SystemIO
import TestSupport
import Testing

@Suite("open directories of a tree")
final class DirectoryHandleNamesTests {
  let folder: TemporaryFolder
  let root: DirectoryHandle

  init() throws {
    folder = try TemporaryFolder()
    root = try DirectoryHandle(folder.path)
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("the names of the open directory are listed each time from the first, also after it was renamed")
  func entries() throws {
    try folder.makeFolder("d")
    let inner = try root.openDirectory(bytes("d"), .noAccessTime)
    for name in ["c", "a", "b"] { try inner.createFile(bytes(name)).close() }
    try inner.makeDirectory(bytes("e"))
    try root.rename(bytes("d"), to: bytes("moved"))
    let faults = SyscallFaults()
    try faults.run { () throws(IOError) in
      for _ in 0..<2 {
        let entries = try inner.entries()
        #expect(entries.map(\.name) == ["a", "b", "c", "e"].map(bytes))
        #expect(entries.last?.kind == .directory || entries.last?.kind == .unknown)
        #expect(try Set(inner.entries(sorted: false)) == Set(entries))
      }
      // Two at once do not disturb each other.
      var first = try inner.reader()
      var second = try inner.reader()
      for _ in 0..<4 { #expect(try first.next() == second.next()) }
      #expect(try first.next() == nil)
    }
    #expect(faults.leftOpen == 0)
  }

  @Test("a directory that may be read and not searched is listed through a duplicate")
  func unsearchable() throws {
    try folder.write("a", [])
    try folder.write("b", [])
    let faults = SyscallFaults([.init(.openat, repeats: true, .fail(.accessDenied))])
    try faults.run { () throws(IOError) in
      for _ in 0..<2 { #expect(try root.entries().map(\.name) == ["a", "b"].map(bytes)) }
    }
    #expect(faults.count(of: .duplicate) == 2)
    #expect(faults.trace.filter { $0.kind == .close }.count == 2)
    let other = SyscallFaults([.init(.openat, .fail(.tooManyOpenFiles))])
    other.run { #expect(errno { () throws(IOError) in _ = try root.entries() } == .tooManyOpenFiles) }
  }

  @Test("a duplicate lives longer than its original")
  func duplicate() throws {
    let first = try DirectoryHandle(folder.path)
    let second = try first.duplicate()
    #expect(second.path == first.path)
    try first.close()
    try second.makeDirectory(bytes("d"))
    try second.close()
    #expect(folder.names == ["d"])
  }

  @Test("what a link holds is read whole", arguments: [1, 255, 256, 257, 1023, 1024, 4000])
  func readLink(length: Int) throws {
    let text = String(repeating: "x", count: length)
    try root.makeSymbolicLink(bytes("l"), to: Path(text))
    #expect(try root.readLink(bytes("l")) == bytes(text))
    try root.makeDirectory(bytes("d"))
    #expect(errno { () throws(IOError) in _ = try root.readLink(bytes("d")) } == .invalidArgument)
    #expect(errno { () throws(IOError) in _ = try root.readLink(bytes("none")) } == .noSuchFile)
  }

  @Test("the mode is set without opening, and never through a link")
  func mode() throws {
    try folder.write("a", [])
    try root.makeFIFO(bytes("f"))
    try root.makeSymbolicLink(bytes("l"), to: "a")
    for (name, mode) in [("a", 0o4751), ("f", 0o622)] as [(String, UInt32)] {
      try root.setMode(FileMode(rawValue: mode), of: bytes(name))
      #expect(try root.status(of: bytes(name)).mode == FileMode(rawValue: mode))
    }
    try root.setMode(FileMode(rawValue: 0), of: bytes("a"))
    #expect(errno { () throws(IOError) in try root.setMode(.all, of: bytes("l")) } == .notSupported)
    #expect(try root.status(of: bytes("a")).mode == FileMode(rawValue: 0))
  }

  @Test("devices are for root alone")
  func devices() throws {
    let null = DeviceNumber(major: 1, minor: 3)
    let error = errno { () throws(IOError) in
      try root.makeDevice(bytes("null"), kind: .character, number: null, mode: FileMode(rawValue: 0o600))
      try root.makeDevice(bytes("loop"), kind: .block, number: DeviceNumber(major: 7, minor: 70000))
    }
    // A container's root may not make any.
    guard Machine.effectiveUser == 0, error == nil else {
      #expect(error == .notPermitted)
      return
    }
    let character = try root.status(of: bytes("null"))
    #expect(character.kind == .characterDevice)
    #expect(character.representedDeviceNumber == null)
    #expect(character.mode == .ownerOnly)
    let block = try root.status(of: bytes("loop"))
    #expect(block.kind == .blockDevice)
    #expect(block.representedDeviceNumber == DeviceNumber(major: 7, minor: 70000))
  }

  @Test("a device number is taken apart and put together")
  func deviceNumbers() throws {
    #expect(try FileSystem.status(of: "/dev/null").representedDeviceNumber == DeviceNumber(major: 1, minor: 3))
    #expect(DeviceNumber(major: 1, minor: 3).rawValue == 0x103)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<1000 {
      let raw = generator.next()
      #expect(DeviceNumber(rawValue: raw).rawValue == raw)
    }
    let all = DeviceNumber(major: .max, minor: .max)
    #expect(all.rawValue == .max)
    #expect(DeviceNumber(major: 0x8000_0800, minor: 0).rawValue == 0x8000_0000_0008_0000)
    #expect(DeviceNumber(major: 0, minor: 0x8000_0180).rawValue == 0x0000_0800_0010_0080)
  }

  @Test("renaming into another directory replaces, exclusively it does not")
  func rename() throws {
    try folder.makeFolder("d")
    for name in ["a", "b", "d/a"] { try folder.write(name, bytes(name)) }
    let inner = try root.openDirectory(bytes("d"))
    #expect(
      errno { () throws(IOError) in try root.renameExclusively(bytes("a"), to: bytes("a"), in: inner) } == .exists)
    #expect(errno { () throws(IOError) in try root.renameExclusively(bytes("a"), to: bytes("b")) } == .exists)
    try root.rename(bytes("a"), to: bytes("a"), in: inner)
    #expect(folder.contents("d/a") == bytes("a"))
    try root.renameExclusively(bytes("b"), to: bytes("b"), in: inner)
    try inner.renameExclusively(bytes("b"), to: bytes("c"))
    let faults = SyscallFaults([.init(.renameExclusive, repeats: true, .fail(.invalidArgument))])
    try faults.run { () throws(IOError) in
      #expect(
        errno { () throws(IOError) in try inner.renameExclusively(bytes("c"), to: bytes("a"), in: inner) } == .exists)
      try inner.renameExclusively(bytes("c"), to: bytes("e"), in: root)
    }
    #expect(folder.names == ["d", "e"])
    #expect(folder.contents("e") == bytes("b"))
    #expect(faults.trace.first?.newPath == folder.path("d/a"))
  }

  @Test("an existing file is opened for writing, and a link is not")
  func writing() throws {
    try folder.write("a", [1, 2, 3])
    try folder.makeLink("l", to: "a")
    let file = try root.openFile(bytes("a"), .writable)
    try file.write([9], at: 1)
    try file.close()
    #expect(folder.contents("a") == [1, 9, 3])
    #expect(errno { () throws(IOError) in _ = try root.openFile(bytes("l"), .writable) } == .symbolicLinkLoop)
  }

  @Test(
    "a name that is not one component is EINVAL and no call is made", arguments: ["", ".", "..", "a/b", "/", "a\0b"])
  func confinement(name: String) throws {
    let name = bytes(name)
    let faults = SyscallFaults()
    let attribute = ExtendedAttribute(name: [65], value: [])
    let number = DeviceNumber(major: 1, minor: 3)
    faults.run {
      let errors: [Errno?] = [
        errno { () throws(IOError) in _ = try root.readLink(name) },
        errno { () throws(IOError) in try root.setMode(.all, of: name) },
        errno { () throws(IOError) in try root.makeDevice(name, kind: .block, number: number) },
        errno { () throws(IOError) in _ = try root.birthTime(of: name) },
        errno { () throws(IOError) in try root.rename(name, to: [65], in: root) },
        errno { () throws(IOError) in try root.rename([65], to: name, in: root) },
        errno { () throws(IOError) in try root.renameExclusively(name, to: [65]) },
        errno { () throws(IOError) in try root.renameExclusively([65], to: name, in: root) },
        errno { () throws(IOError) in _ = try root.extendedAttributeNames(of: name) },
        errno { () throws(IOError) in _ = try root.extendedAttributes(of: name) },
        errno { () throws(IOError) in _ = try root.extendedAttribute([65], of: name) },
        errno { () throws(IOError) in try root.setExtendedAttribute(attribute, of: name) },
        errno { () throws(IOError) in try root.removeExtendedAttribute([65], of: name) },
      ]
      #expect(errors.allSatisfy { $0 == .invalidArgument })
    }
    #expect(faults.trace.isEmpty)
  }

  @Test("the time of birth is that of the thing itself and does not move")
  func birthTime() throws {
    let before = try FileHandle.temporary(in: folder.path).birthTime()
    let file = try root.createFile(bytes("a"))
    try root.makeSymbolicLink(bytes("l"), to: "a")
    let birth = try file.birthTime()
    try file.setTimes(access: Timestamp(seconds: 1), modification: Timestamp(seconds: 1))
    #expect(try file.birthTime() == birth)
    #expect(try root.birthTime(of: bytes("a")) == birth)
    if let birth, let before, let link = try root.birthTime(of: bytes("l")), let own = try root.birthTime() {
      #expect(before <= birth && birth <= link && own <= before)
    }
    #expect(errno { () throws(IOError) in _ = try root.birthTime(of: bytes("none")) } == .noSuchFile)
    let failing = SyscallFaults([.init(.statx, repeats: true, .fail(.inputOutput))])
    failing.run {
      #expect(errno { () throws(IOError) in _ = try file.birthTime() } == .inputOutput)
      #expect(errno { () throws(IOError) in _ = try root.birthTime() } == .inputOutput)
    }
  }
}
