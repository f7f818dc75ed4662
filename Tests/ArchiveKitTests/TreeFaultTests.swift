// SPDX-License-Identifier: Apache-2.0

import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("trees that cannot be read in peace")
struct TreeFaultTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func fill() throws {
    try folder.makeFolder("d/e")
    for name in ["a", "d/b", "d/e/c"] { try folder.write(name, Array(name.utf8)) }
    try folder.write("big", [UInt8](repeating: 7, count: 200_000))
    try folder.makeLink("l", to: "a")
  }

  @Test("what cannot be opened is kept, empty and marked")
  func unreadable() throws {
    try fill()
    // In the order of the tree: the folder and a reader of it, a, big, d and its reader, b, e.
    let opens = ["a": 2, "big": 3, "d": 4, "d/b": 6, "d/e": 7]
    for (name, call) in opens {
      let faults = SyscallFaults([.init(.openat, call: call, .fail(.accessDenied))])
      let tree = try faults.run { try WrittenTree(["."], from: folder.path) }
      #expect(tree.warnings == ["unreadable \(name)"], "\(name)")
      #expect(tree[name]?.warnings == .unreadable, "\(name)")
      #expect(tree[name]?.size == 0 && tree.report.isPartial)
    }
  }

  @Test("a file on which somebody has a lease is waited for")
  func lease() throws {
    try folder.write("a", [1])
    try folder.write("b", [2])
    let faults = SyscallFaults([.init(.openat, call: 2, .fail(.wouldBlock))])
    let tree = try faults.run { try WrittenTree(["."], from: folder.path) }
    #expect(tree.warnings == [] && tree.content("a") == [1] && tree.content("b") == [2])
  }

  @Test("what has gone when it is its turn is no entry")
  func vanished() throws {
    try fill()
    let faults = SyscallFaults([.init(.openat, call: 2, .fail(.noSuchFile)), .init(.stat, call: 1, .fail(.noSuchFile))])
    let tree = try faults.run { try WrittenTree(["."], from: folder.path) }
    #expect(tree.warnings == ["vanished a", "vanished l"])
    #expect(tree.paths == ["", "big", "d", "d/b", "d/e", "d/e/c"])
  }

  @Test("a file that fails in the middle ends there, and is marked")
  func readError() throws {
    try fill()
    let faults = SyscallFaults([.init(.pread, call: 3, .fail(.inputOutput))])
    let tree = try faults.run { try WrittenTree(["."], from: folder.path) }
    #expect(tree.warnings == ["unreadable big"])
    #expect(tree["big"]?.size == UInt64(CutRuleChooser.beginningSize))
    #expect(tree["big"]?.warnings == .unreadable)
    #expect(tree["d/b"]?.warnings == [] && tree.content("d/b") == Array("d/b".utf8))
  }

  @Test("a directory whose names end in an error keeps those before it")
  func listing() throws {
    try fill()
    let faults = SyscallFaults([.init(.getdents, call: 2, .fail(.inputOutput))])
    let tree = try faults.run { try WrittenTree(["."], from: folder.path) }
    #expect(tree.warnings == ["unreadable "] && tree[""]?.warnings == .unreadable)
    #expect(tree.paths.count == 8)
  }

  @Test("a file that changes while it is read is read again, and marked only when it never rests")
  func changing() throws {
    try folder.write("f", [UInt8](repeating: 1, count: 100_000))
    for times in [1, 3, 100] {
      var changes = 0
      let path = folder.path("f")
      let tree = try WrittenTree(["f"], from: folder.path) {
        $0.progress = { progress in
          guard progress.bytes > 0, changes < times else { return }
          changes += 1
          guard let file = try? FileHandle.open(path, .writable) else { return }
          _ = try? unsafe file.write([UInt8(changes)].span.bytes, at: Int64(changes))
          try? file.setTimes(access: nil, modification: Timestamp(seconds: Int64(changes)))
        }
      }
      if times == 100 {
        #expect(tree.warnings == ["changed f"] && tree["f"]?.warnings == .changed)
        #expect(tree["f"]?.size == 100_000)
      } else {
        #expect(tree.warnings == [] && tree.content("f") == folder.contents("f"))
        #expect(tree["f"]?.modificationTime.seconds == Int64(times))
      }
    }
  }

  @Test("attributes that change while a file is read are those that it has in the end")
  func changingAttributes() throws {
    try folder.write("f", [UInt8](repeating: 1, count: 100_000))
    let (path, name) = (folder.path("f"), Array("user.a".utf8))
    try FileHandle.open(path).setExtendedAttribute(ExtendedAttribute(name: name, value: [1]))
    var isChanged = false
    let tree = try WrittenTree(["f"], from: folder.path) {
      $0.progress = { progress in
        guard progress.bytes > 0, !isChanged else { return }
        isChanged = true
        try? FileHandle.open(path).setExtendedAttribute(ExtendedAttribute(name: name, value: [2]))
      }
    }
    #expect(tree["f"]?.attributes == [ExtendedAttribute(name: name, value: [2])] && tree.warnings == [])
  }

  @Test("a file that shrinks while it is read has the size it has then")
  func shrinking() throws {
    try folder.write("f", [UInt8](repeating: 1, count: 3_000_000))
    var isDone = false
    let path = folder.path("f")
    let tree = try WrittenTree(["f"], from: folder.path) {
      $0.progress = { progress in
        guard progress.bytes > 0, !isDone else { return }
        isDone = true
        try? FileHandle.open(path, .writable).truncate(to: 70_000)
      }
    }
    #expect(tree["f"]?.size == 70_000 && tree.warnings == [] && tree.content("f").count == 70_000)
  }

  @Test("a directory that becomes a link on the way is not followed")
  func exchanged() throws {
    try folder.makeFolder("a")
    try folder.makeFolder("b")
    try folder.makeFolder("out")
    try folder.write("out/secret", [1])
    let directory = try DirectoryHandle(folder.path)
    let tree = try WrittenTree(["."], from: folder.path) {
      $0.progress = { progress in
        guard progress.path == Array("a".utf8) else { return }
        try? directory.removeDirectory(Array("b".utf8))
        try? directory.makeSymbolicLink(Array("b".utf8), to: "out")
      }
    }
    #expect(tree.paths == ["", "a", "b", "out", "out/secret"])
    #expect(tree["b"]?.kind == .symbolicLink && tree["b"]?.target == Array("out".utf8))
  }

  @Test(
    "no failure of any call passes in silence",
    arguments: [
      SyscallKind.open, .openat, .stat, .fstat, .getdents, .read, .pread, .readlink, .listxattr, .statusFlags,
    ])
  func everyFault(_ kind: SyscallKind) throws {
    try fill()
    let whole = try WrittenTree(["."], from: folder.path)
    for error in [Errno.inputOutput, .tooManyOpenFiles, .accessDenied] {
      for call in 1... {
        let faults = SyscallFaults([.init(kind, call: call, .fail(error))])
        var tree: WrittenTree?
        do {
          tree = try faults.run { try WrittenTree(["."], from: folder.path) }
        } catch is ArchiveError {
          // Said clearly.
        }
        if faults.fired == 0 {
          #expect(call > 1 || kind == .read)
          #expect(tree?.entries == whole.entries)
          break
        }
        #expect(faults.trace.reduce(0) { $0 + $1.opened } == 0, "\(kind) \(call)")
        // Where a second way leads to the same result, there is nothing to say.
        if let tree, !tree.report.isPartial {
          #expect(kind == .statusFlags || (kind == .openat && error == .accessDenied), "\(kind) \(call) \(error)")
          #expect(tree.entries == whole.entries)
        }
      }
    }
  }

  @Test("where holes cannot be asked for, everything is data")
  func noHoles() throws {
    let file = try FileHandle.create(folder.path("f"))
    try file.truncate(to: 300_000)
    try unsafe file.write([UInt8](repeating: 1, count: 100).span.bytes, at: 200_000)
    for call in 1...3 {
      let faults = SyscallFaults([.init(.lseek, call: call, repeats: true, .fail(.invalidArgument))])
      let tree = try faults.run { try WrittenTree(["f"], from: folder.path) }
      #expect(tree.content("f") == folder.contents("f") && tree.warnings == [])
    }
  }
}
