// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import SystemIO

@Suite("names, directories and walks")
struct FileSystemTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test("status follows links and link status does not")
  func status() throws {
    try folder.write("a", [1, 2])
    try folder.makeLink("l", to: "a")
    try folder.makeLink("dangling", to: "nowhere")
    #expect(try FileSystem.status(of: folder.path("l")).size == 2)
    #expect(try FileSystem.linkStatus(of: folder.path("l")).kind == .symbolicLink)
    #expect(try FileSystem.status(of: "/dev/null").kind == .characterDevice)
    #expect(try FileSystem.exists(folder.path("dangling")))
    #expect(try !FileSystem.exists(folder.path("none")))
    #expect(try !FileSystem.exists(folder.path("a/none")))
    #expect(errno { () throws(IOError) in _ = try FileSystem.status(of: folder.path("dangling")) } == .noSuchFile)
    #expect(
      errno { () throws(IOError) in _ = try FileSystem.exists(folder.path(String(repeating: "x", count: 300))) }
        == .nameTooLong)
  }

  @Test("making, linking, renaming and removing")
  func names() throws {
    try FileSystem.makeDirectory(folder.path("d"), mode: .privateDirectory)
    #expect(try FileSystem.status(of: folder.path("d")).mode == .privateDirectory)
    try folder.write("a", [1])
    try FileSystem.makeHardLink(folder.path("b"), to: folder.path("a"))
    #expect(try FileSystem.status(of: folder.path("b")).links == 2)
    try FileSystem.makeSymbolicLink(folder.path("l"), to: "a")
    #expect(try FileSystem.symbolicLinkTarget(of: folder.path("l")) == "a")
    let long = String(repeating: "x/", count: 700)
    try FileSystem.makeSymbolicLink(folder.path("long"), to: Path(long))
    #expect(try FileSystem.symbolicLinkTarget(of: folder.path("long")) == Path(long))
    #expect(
      errno { () throws(IOError) in _ = try FileSystem.symbolicLinkTarget(of: folder.path("a")) } == .invalidArgument)
    try FileSystem.rename(folder.path("b"), to: folder.path("d/c"))
    #expect(errno { () throws(IOError) in try FileSystem.removeDirectory(folder.path("d")) } == .directoryNotEmpty)
    #expect(
      errno { () throws(IOError) in try FileSystem.renameExclusively(folder.path("a"), to: folder.path("l")) }
        == .exists)
    try FileSystem.renameExclusively(folder.path("a"), to: folder.path("e"))
    let fallback = SyscallFaults([.init(.renameExclusive, .fail(.notImplemented))])
    try fallback.run { () throws(IOError) in
      try FileSystem.renameExclusively(folder.path("e"), to: folder.path("f"))
    }
    try FileSystem.remove(folder.path("d/c"), syncingDirectory: true)
    try FileSystem.removeDirectory(folder.path("d"))
    #expect(folder.names == ["f", "l", "long"])
    #expect(errno { () throws(IOError) in try FileSystem.remove(folder.path("a")) } == .noSuchFile)
  }

  @Test("attributes by name stay off what a link leads to")
  func attributes() throws {
    try folder.write("a", [1])
    try folder.makeLink("l", to: "a")
    let before = try FileSystem.status(of: folder.path("a"))
    try FileSystem.setTimes(access: nil, modification: Timestamp(seconds: 77), of: folder.path("l"))
    try FileSystem.setOwner(uid: nil, gid: nil, of: folder.path("l"))
    #expect(try FileSystem.linkStatus(of: folder.path("l")).modificationTime == Timestamp(seconds: 77))
    #expect(try FileSystem.status(of: folder.path("a")).modificationTime == before.modificationTime)
    try FileSystem.setMode(FileMode(rawValue: 0o604), of: folder.path("a"))
    #expect(try FileSystem.status(of: folder.path("a")).mode.description == "0604")
  }

  @Test("small files are read whole and larger ones refused")
  func contents() throws {
    try folder.write("a", [1, 2, 3])
    #expect(try FileSystem.contents(of: folder.path("a"), limit: 3) == [1, 2, 3])
    #expect(try FileSystem.contents(of: folder.path("a"), limit: Int.max) == [1, 2, 3])
    #expect(
      errno { () throws(IOError) in _ = try FileSystem.contents(of: folder.path("a"), limit: 2) } == .fileTooLarge)
    #expect(
      errno { () throws(IOError) in _ = try FileSystem.contents(of: folder.path("a"), limit: -1) } == .fileTooLarge)
    var random = SeededRandom("contents")
    let large = random.bytes(200_000)
    try folder.write("b", large)
    #expect(try FileSystem.contents(of: folder.path("b"), limit: 200_000) == large)
  }

  @Test("all names of a large directory are delivered once, sorted by bytes")
  func directory() throws {
    for index in 0..<2500 { try folder.write("file-\(index)", []) }
    try folder.makeFolder("sub")
    let entries = try DirectoryReader.entries(of: folder.path)
    #expect(entries.count == 2501)
    #expect(Set(entries.map(\.name)).count == 2501)
    #expect(entries.map(\.name) == entries.map(\.name).sorted { $0.lexicographicallyPrecedes($1) })
    #expect(entries.last?.kind == .directory && entries.first?.kind == .regular)
    let faults = SyscallFaults([.init(.getdents, call: 2, .fail(.inputOutput))])
    #expect(
      faults.run { errno { () throws(IOError) in _ = try DirectoryReader.entries(of: folder.path) } } == .inputOutput)
    #expect(faults.leftOpen == 0)
    try folder.makeLink("l", to: "sub")
    #expect(try DirectoryReader.entries(of: folder.path("l")).isEmpty)
    #expect(
      errno { () throws(IOError) in _ = try DirectoryReader.entries(of: folder.path("l"), noFollow: true) } != nil)
    #expect(errno { () throws(IOError) in _ = try DirectoryReader.entries(of: folder.path("file-0")) } == .notDirectory)
  }

  private func walked(_ walk: consuming DirectoryWalk) -> (names: [String], errors: [Errno]) {
    var names: [String] = []
    var errors: [Errno] = []
    while true {
      do throws(IOError) {
        guard let entry = try walk.next() else { return (names, errors) }
        names.append("\(entry.depth) \(String(decoding: entry.path.lastComponent, as: UTF8.self))")
      } catch {
        errors.append(error.errno)
      }
    }
  }

  @Test("a walk goes parent first, in order, and through no link")
  func walk() throws {
    try folder.makeFolder("b/c/d")
    try folder.write("b/x", [])
    try folder.write("a", [])
    try folder.makeLink("b/c/up", to: "../..")
    try folder.makeLink("z", to: "b")
    let all = walked(try DirectoryWalk(folder.path))
    #expect(all.names == ["1 a", "1 b", "2 c", "3 d", "3 up", "2 x", "1 z"])
    #expect(all.errors == [])
    let shallow = walked(try DirectoryWalk(folder.path, maximumDepth: 2))
    #expect(shallow.names == ["1 a", "1 b", "2 c", "2 x", "1 z"])
    #expect(shallow.errors == [.symbolicLinkLoop])
    var skipping = try DirectoryWalk(folder.path)
    _ = try skipping.next()
    _ = try skipping.next()
    skipping.skipDescendants()
    #expect(try skipping.next()?.path == folder.path("z"))
    #expect(try skipping.next() == nil)
    #expect(errno { () throws(IOError) in _ = try DirectoryWalk(folder.path("none")) } == .noSuchFile)
  }

  @Test("an unreadable directory is one error and the walk goes on")
  func walkErrors() throws {
    try folder.makeFolder("a/b")
    try folder.makeFolder("c/d")
    let faults = SyscallFaults([.init(.open, call: 2, .fail(.accessDenied))])
    let result = faults.run { () -> ([String], [Errno]) in
      guard let walk = try? DirectoryWalk(folder.path) else { return ([], []) }
      return walked(walk)
    }
    #expect(result.0 == ["1 a", "1 c", "2 d"])
    #expect(result.1 == [.accessDenied])
    #expect(faults.leftOpen == 0)
  }
}
