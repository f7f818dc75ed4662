// SPDX-License-Identifier: Apache-2.0

// Files below a directory: nothing that others do to the tree leads them elsewhere, and no failure leaves anything.

import SystemIO
import TestSupport
import Testing

@Suite("confined files")
struct ConfinedFileTests {
  private func path(_ folder: TemporaryFolder, _ name: String) -> Path { Path(Array(folder.location(name).utf8)) }

  private func names(_ path: Path) throws -> [String] {
    var walk = try DirectoryWalk(path)
    var names: [String] = []
    while let entry = try walk.next() {
      walk.skipDescendants()
      names.append(String(decoding: entry.path.lastComponent, as: UTF8.self))
    }
    return names
  }

  private func write(_ root: borrowing DirectoryHandle, _ names: [String], replacing: Bool = false) throws(IOError) {
    let components = names.map { Array($0.utf8) }
    let folder = try root.openDescendant(Array(components.dropLast()), making: true)
    var file = try ConfinedFile(in: folder, name: components.last ?? [])
    let bytes = Array("content".utf8)
    try unsafe file.write(bytes.span.bytes)
    try file.commit(replacing: replacing, sync: true)
  }

  @Test("directories are made on the way, and an existing file is replaced only when asked")
  func writing() throws {
    let folder = try TemporaryFolder()
    try FileSystem.makeDirectory(path(folder, "root"))
    let root = try DirectoryHandle(path(folder, "root"))
    try write(root, ["a", "b", "c"])
    #expect(try FileSystem.contents(of: path(folder, "root/a/b/c"), limit: 100) == Array("content".utf8))
    do {
      try write(root, ["a", "b", "c"])
      Issue.record("it was replaced")
    } catch {
      #expect(error.errno == .exists)
    }
    try write(root, ["a", "b", "c"], replacing: true)
    #expect(try names(path(folder, "root/a/b")) == ["c"])
    // The names that are none.
    for bad in ["", ".", "..", "x/y", "a\0"] {
      #expect(throws: IOError.self) { try write(root, [bad]) }
      #expect(throws: IOError.self) { try write(root, [bad, "x"]) }
    }
    #expect(throws: IOError.self) { try write(root, [String(repeating: "n", count: 300)]) }
    #expect(try names(path(folder, "root")) == ["a"])
  }

  @Test("a file that is given up leaves nothing")
  func abandoning() throws {
    let folder = try TemporaryFolder()
    do {
      let file = try ConfinedFile(in: try DirectoryHandle(path(folder, ".")), name: Array("x".utf8), sparse: true)
      #expect(try names(path(folder, ".")).count == 1)
      _ = consume file
    }
    #expect(try names(path(folder, ".")) == [])
  }

  @Test("each failing call leaves the old file or the new one", arguments: SyscallKind.allCases)
  func everyCall(kind: SyscallKind) throws {
    for (error, replacing) in [(Errno.noSpace, true), (.inputOutput, false), (.accessDenied, true)] {
      for call in 1...100 {
        let folder = try TemporaryFolder()
        if replacing { try folder.write("a", [1]) }
        let faults = SyscallFaults([.init(kind, call: call, .fail(error))])
        let failure = faults.run { () -> Errno? in
          do throws(IOError) {
            let root = try DirectoryHandle(folder.path)
            var file = try ConfinedFile(in: try root.openDescendant([]), name: Array("a".utf8), sparse: true)
            let bytes: [UInt8] = [2, 2]
            try unsafe file.write(bytes.span.bytes)
            try file.commit(replacing: replacing, sync: true)
            return nil
          } catch {
            return error.errno
          }
        }
        let isNew = folder.contents("a") == [2, 2]
        #expect(isNew || folder.contents("a") == (replacing ? [1] : nil), "\(kind) \(call)")
        #expect(isNew || failure != nil, "\(kind) \(call)")
        #expect(folder.names == (isNew || replacing ? ["a"] : []), "\(kind) \(call)")
        #expect(faults.leftOpen == 0, "\(kind) \(call)")
        if faults.fired == 0 {
          #expect(failure == nil)
          break
        }
      }
    }
  }

  @Test("links are not followed, and one that is in the file's place is replaced itself")
  func links() throws {
    let folder = try TemporaryFolder()
    for name in ["root", "elsewhere"] { try FileSystem.makeDirectory(path(folder, name)) }
    try FileSystem.makeSymbolicLink(path(folder, "root/d"), to: "../elsewhere")
    try FileSystem.makeSymbolicLink(path(folder, "root/f"), to: "../elsewhere/f")
    let root = try DirectoryHandle(path(folder, "root"))
    do {
      try write(root, ["d", "x"])
      Issue.record("the link was followed")
    } catch {
      #expect(error.errno == .notDirectory || error.errno == .symbolicLinkLoop)
      #expect(error.path == path(folder, "root/d"))
    }
    #expect(throws: IOError.self) { try write(root, ["f"]) }
    try write(root, ["f"], replacing: true)
    #expect(try FileSystem.linkStatus(of: path(folder, "root/f")).kind == .regular)
    #expect(try names(path(folder, "elsewhere")) == [])
  }

  @Test("a folder that is swapped for a link all the time leads nothing out")
  func race() throws {
    let folder = try TemporaryFolder()
    for name in ["root", "root/d", "elsewhere"] { try FileSystem.makeDirectory(path(folder, name)) }
    let (inside, away, link) = (path(folder, "root/d"), path(folder, "root/away"), path(folder, "root/link"))
    try FileSystem.makeSymbolicLink(link, to: "../elsewhere")
    let state = Monitor((isStopping: false, isStopped: false, swaps: 0))
    _ = try BackgroundThread(name: "attacker") {
      while !state.withLock({ $0.isStopping }) {
        try? FileSystem.rename(inside, to: away)
        try? FileSystem.rename(link, to: inside)
        try? FileSystem.rename(inside, to: link)
        try? FileSystem.rename(away, to: inside)
        state.withLock { $0.swaps += 1 }
      }
      state.withLock { $0.isStopped = true }
    }
    let root = try DirectoryHandle(path(folder, "root"))
    var written = 0
    for number in 0..<10_000 {
      do {
        let inner = try root.openDescendant([Array("d".utf8)])
        var file = try ConfinedFile(in: inner, name: Array("\(number % 10)".utf8))
        try unsafe file.write([1, 2, 3].span.bytes)
        try file.commit(replacing: true, sync: false)
        written += 1
      } catch {
        #expect([.noSuchFile, .notDirectory, .symbolicLinkLoop].contains(error.errno), "\(error)")
      }
    }
    state.withLock { $0.isStopping = true }
    state.wait { $0.isStopped }
    #expect(state.withLock { $0.swaps } > 0 && written > 0)
    #expect(try names(path(folder, "elsewhere")) == [])
  }
}
