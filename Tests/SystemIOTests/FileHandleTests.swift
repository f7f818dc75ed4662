// SPDX-License-Identifier: Apache-2.0

import SystemIO
import TestSupport
import Testing

@Suite("open files")
struct FileHandleTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test("what is written is read, in order and by position")
  func roundTrip() throws {
    let file = try FileHandle.create(folder.path("a"))
    try file.write([1, 2, 3, 4, 5])
    try file.write([9], at: 1)
    #expect(try file.seek(to: 0, from: .current) == 5)
    #expect(try file.seek(to: -2, from: .end) == 3)
    try file.seek(to: 0)
    #expect(try collect(2) { (o: inout OutputRawSpan) throws(IOError) in try file.read(into: &o) } == [1, 9])
    #expect(try collect(9) { (o: inout OutputRawSpan) throws(IOError) in try file.readFully(into: &o) } == [3, 4, 5])
    #expect(try collect(9) { (o: inout OutputRawSpan) throws(IOError) in try file.read(into: &o) } == [])
    #expect(try collect(9) { (o: inout OutputRawSpan) throws(IOError) in try file.read(into: &o, at: 3) } == [4, 5])
    #expect(
      try collect(9) { (o: inout OutputRawSpan) throws(IOError) in try file.readFully(into: &o, at: 1) } == [
        9, 3, 4, 5,
      ])
    try file.write([UInt8]())
    try file.close()
    #expect(folder.contents("a") == [1, 9, 3, 4, 5])
  }

  @Test("reading into a full buffer delivers nothing and makes no call")
  func fullBuffer() throws {
    let file = try FileHandle.create(folder.path("a"))
    let faults = SyscallFaults()
    let none = try faults.run {
      try collect(0) { (o: inout OutputRawSpan) throws(IOError) in try file.read(into: &o) }
    }
    #expect(none == [])
    #expect(faults.trace.isEmpty)
  }

  @Test("short reads and writes lose and double nothing", arguments: [1, 2, 3, 7, 4096])
  func shortTransfers(limit: Int) throws {
    var random = SeededRandom("short transfers")
    let bytes = random.bytes(10_000)
    let faults = SyscallFaults([
      .init(.write, repeats: true, .shorten(limit)), .init(.read, repeats: true, .shorten(limit)),
      .init(.pwrite, repeats: true, .shorten(limit)), .init(.pread, repeats: true, .shorten(limit)),
    ])
    let path = folder.path("a")
    try faults.run {
      let file = try FileHandle.create(path)
      try file.write(bytes)
      try file.write(bytes, at: 10_000)
      try file.seek(to: 0)
      let all = try collect(20_001) { (o: inout OutputRawSpan) throws(IOError) in try file.readFully(into: &o) }
      #expect(all == bytes + bytes)
      let again = try collect(10_000) { (o: inout OutputRawSpan) throws(IOError) in
        try file.readFully(into: &o, at: 10_000)
      }
      #expect(again == bytes)
      try file.close()
    }
    #expect(faults.count(of: .write) == (10_000 + limit - 1) / limit)
  }

  @Test("interrupted and not-ready calls are made again", arguments: [Errno.interrupted, .wouldBlock])
  func retries(error: Errno) throws {
    let faults = SyscallFaults([.init(.write, .fail(error)), .init(.read, .fail(error))])
    let path = folder.path("a")
    try faults.run {
      let file = try FileHandle.create(path)
      try file.write([1, 2])
      try file.seek(to: 0)
      #expect(try collect(2) { (o: inout OutputRawSpan) throws(IOError) in try file.readFully(into: &o) } == [1, 2])
      try file.close()
    }
    #expect(faults.fired == 2)
    #expect(faults.count(of: .write) == 2)
    #expect(faults.count(of: .poll) == (error == .wouldBlock ? 2 : 0))
  }

  @Test("every kind of call but close is made again after an interruption")
  func interruptions() throws {
    for kind in SyscallKind.allCases where kind != .close {
      let faults = SyscallFaults([.init(kind, .fail(.interrupted))])
      try faults.run { try replaceFile(folder.path("a"), with: [1]) }
      #expect(folder.contents("a") == [1])
    }
  }

  @Test("a failed close is reported once and the descriptor is gone")
  func failedClose() throws {
    let faults = SyscallFaults([.init(.close, .fail(.interrupted))])
    let path = folder.path("a")
    let error = try faults.run { () throws(IOError) -> Errno? in
      let file = try FileHandle.create(path)
      return errno { () throws(IOError) in try FileHandle(owning: file.descriptor).close() }
    }
    #expect(error == .interrupted)
    // The second close is that of the handle the first was taken from; the kernel refuses it.
    #expect(faults.trace.filter { $0.kind == .close }.count == 2)
  }

  @Test("a full device is ENOSPC")
  func fullDevice() throws {
    let file = try FileHandle.open("/dev/full", .writable)
    #expect(errno { () throws(IOError) in try file.write([1]) } == .noSpace)
    #expect(errno { () throws(IOError) in try file.write([1], at: 5) } == .noSpace)
  }

  @Test("a write that writes nothing is an error and not a loop")
  func emptyWrite() throws {
    let file = try FileHandle.create(folder.path("a"))
    let faults = SyscallFaults([.init(.write, .fail(Errno(rawValue: 0)))])
    #expect(faults.run { errno { () throws(IOError) in try file.write([1]) } } == .inputOutput)
  }

  @Test("creation rules decide about an existing file")
  func creation() throws {
    try folder.write("a", [1, 2, 3])
    let path = folder.path("a")
    #expect(errno { () throws(IOError) in _ = try FileHandle.create(path) } == .exists)
    let appended = try FileHandle.create(path, ifExists: .append)
    #expect(try appended.isAppending())
    try appended.write([4])
    try appended.close()
    #expect(folder.contents("a") == [1, 2, 3, 4])
    let emptied = try FileHandle.create(path, ifExists: .truncate)
    #expect(try !emptied.isAppending())
    try emptied.close()
    #expect(folder.contents("a") == [])
  }

  @Test("links are refused where that is asked, and followed where not")
  func links() throws {
    try folder.write("a", [1])
    try folder.makeLink("l", to: "a")
    try folder.makeLink("dangling", to: "nowhere")
    let link = folder.path("l")
    #expect(errno { () throws(IOError) in _ = try FileHandle.open(link) } == nil)
    #expect(errno { () throws(IOError) in _ = try FileHandle.open(link, .noFollow) } == .symbolicLinkLoop)
    #expect(
      errno { () throws(IOError) in _ = try FileHandle.create(link, ifExists: .truncate, noFollow: true) }
        == .symbolicLinkLoop)
    #expect(errno { () throws(IOError) in _ = try FileHandle.create(folder.path("dangling")) } == .exists)
    #expect(errno { () throws(IOError) in _ = try FileHandle.open(folder.path("a"), .directory) } == .notDirectory)
    #expect(folder.contents("a") == [1])
  }

  @Test("a FIFO nobody writes to can be opened without waiting")
  func fifo() throws {
    try FileSystem.makeFIFO(folder.path("f"))
    let file = try FileHandle.open(folder.path("f"), .nonBlocking)
    #expect(try file.status().kind == .fifo)
    try file.setNonBlocking(false)
    #expect(try collect(1) { (o: inout OutputRawSpan) throws(IOError) in try file.read(into: &o) } == [])
    #expect(errno { () throws(IOError) in try file.seek(to: 0) } == .illegalSeek)
  }

  @Test("status, mode, owner and times are what was set")
  func attributes() throws {
    let file = try FileHandle.create(folder.path("a"), mode: .ownerOnly)
    #expect(try file.status().mode == .ownerOnly)
    try file.setMode(FileMode(rawValue: 0o640))
    let before = try file.status()
    try file.setOwner(uid: nil, gid: nil)
    try file.setTimes(access: nil, modification: Timestamp(seconds: -5, nanoseconds: 7))
    try file.write([1, 2, 3])
    try file.setTimes(access: Timestamp(seconds: 10, nanoseconds: 999_999_999), modification: nil)
    try file.setTimes(access: nil, modification: Timestamp(seconds: -5, nanoseconds: 7))
    let status = try file.status()
    #expect(status.mode.description == "0640")
    #expect(status.kind == .regular)
    #expect(status.size == 3)
    #expect(status.links == 1)
    #expect(status.uid == before.uid && status.gid == before.gid)
    #expect(status.accessTime == Timestamp(seconds: 10, nanoseconds: 999_999_999))
    #expect(status.modificationTime == Timestamp(seconds: -5, nanoseconds: 7))
    #expect(status.isSameFile(as: try FileSystem.status(of: folder.path("a"))))
    #expect(try FileSystem.status(of: folder.path("a")) == status)
  }

  @Test("an owner that may not be given away narrows the mode")
  func ownerFallback() throws {
    let file = try FileHandle.create(folder.path("a"))
    var attributes = FileAttributes {
      $0.mode = FileMode(rawValue: 0o4775)
      $0.owner = .init(uid: 12345, gid: 12345)
    }
    let both = SyscallFaults([.init(.fchown, repeats: true, .fail(.notPermitted))])
    try both.run { () throws(IOError) in try file.apply(attributes) }
    #expect(try file.status().mode.rawValue == 0o755)
    let userOnly = SyscallFaults([.init(.fchown, .fail(.notPermitted)), .init(.fchown, call: 2, .fail(.interrupted))])
    try userOnly.run { () throws(IOError) in try file.apply(attributes) }
    #expect(try file.status().mode.rawValue == 0o775)
    attributes.requiresOwner = true
    let required = SyscallFaults([.init(.fchown, .fail(.notPermitted))])
    #expect(required.run { errno { () throws(IOError) in try file.apply(attributes) } } == .notPermitted)
    let other = SyscallFaults([.init(.fchown, .fail(.inputOutput))])
    attributes.requiresOwner = false
    #expect(other.run { errno { () throws(IOError) in try file.apply(attributes) } } == .inputOutput)
  }

  @Test("holes are found, and ranges are copied in the kernel")
  func extents() throws {
    let file = try FileHandle.create(folder.path("a"))
    try file.truncate(to: 1 << 20)
    try file.write([1], at: 1 << 19)
    #expect(try file.status().size == 1 << 20)
    #expect(try file.seekData(from: 0) == 1 << 19)
    #expect(try file.seekHole(from: 0) == 0)
    #expect(try file.seekData(from: (1 << 19) + 65536) == nil)
    #expect(try file.seekHole(from: 1 << 20) == nil)
    let pipe = try Pipe()
    #expect(errno { () throws(IOError) in _ = try pipe.reader.seekData(from: 0) } == .illegalSeek)
    let copy = try FileHandle.create(folder.path("b"))
    let count = try copy.copy(from: file, at: 1 << 19, to: 0, count: 1 << 20)
    #expect(count == 1 << 19)
    #expect(folder.contents("b")?.first == 1)
  }

  @Test("sync, data sync and advice are calls that succeed on a file")
  func sync() throws {
    let file = try FileHandle.create(folder.path("a"))
    file.adviseSequential()
    let faults = SyscallFaults()
    try faults.run { () throws(IOError) in
      try file.sync()
      try file.syncData()
    }
    #expect(faults.trace.map(\.kind) == [.fsync, .fdatasync])
    let failing = SyscallFaults([.init(.fsync, .fail(.inputOutput)), .init(.fdatasync, .fail(.inputOutput))])
    failing.run {
      #expect(errno { () throws(IOError) in try file.sync() } == .inputOutput)
      #expect(errno { () throws(IOError) in try file.syncData() } == .inputOutput)
    }
    // A failed sync is never tried again.
    #expect(failing.count(of: .fsync) == 1 && failing.count(of: .fdatasync) == 1)
  }

  @Test("a pipe carries bytes, and a borrowed handle never closes")
  func pipe() throws {
    let pipe = try Pipe()
    try pipe.writer.write([5, 6])
    do {
      let borrowed = FileHandle(borrowing: pipe.reader.descriptor)
      try borrowed.close()
    }
    #expect(
      try collect(8) { (o: inout OutputRawSpan) throws(IOError) in try pipe.reader.read(into: &o) } == [5, 6])
    #expect(FileHandle.standardInput.descriptor == 0)
    #expect(FileHandle.standardOutput.descriptor == 1)
    #expect(FileHandle.standardError.descriptor == 2)
  }

  @Test("names that are not UTF-8 work everywhere")
  func rawNames() throws {
    let name: [UInt8] = [0xFF, 0x0A, 0x1B, 0x80]
    let path = folder.path.joining(name)
    try replaceFile(path, with: [7])
    #expect(try FileSystem.contents(of: path, limit: 10) == [7])
    #expect(try DirectoryReader.entries(of: folder.path).map(\.name) == [name])
    try FileSystem.makeSymbolicLink(folder.path("l"), to: Path(name))
    #expect(try FileSystem.symbolicLinkTarget(of: folder.path("l")).bytes == name)
    #expect(try FileSystem.resolve(folder.path("l")).lastComponent == name)
  }

  @Test("writes above one gibibyte are made in slices")
  func largeWrite() throws {
    // Never touched, so that it takes no memory; the null device does not look at it.
    let size = (5 << 29) + 3
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
    defer { unsafe buffer.deallocate() }
    let file = try FileHandle.open("/dev/null", .writable)
    let faults = SyscallFaults()
    try faults.run { () throws(IOError) in
      try unsafe file.write(buffer.bytes)
      try unsafe file.write(buffer.bytes, at: 0)
    }
    #expect(faults.trace.map(\.size) == [1 << 30, 1 << 30, (1 << 29) + 3, 1 << 30, 1 << 30, (1 << 29) + 3])
    #expect(faults.trace.map(\.offset) == [0, 0, 0, 0, 1 << 30, 1 << 31])
  }
}
