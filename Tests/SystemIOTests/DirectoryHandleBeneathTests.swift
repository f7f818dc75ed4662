// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import SystemIO

/// How a path of several components is opened.
enum BeneathWay: CaseIterable, Sendable {
  /// As the kernel can.
  case kernel
  /// One component after the other.
  case walk
  /// The kernel has no such call and says so.
  case missing
  /// A filter of system calls does not let it through.
  case filtered

  var support: BeneathSupport { BeneathSupport(isMissing: self == .walk) }

  var faults: SyscallFaults {
    switch self {
    case .kernel, .walk: SyscallFaults()
    case .missing: SyscallFaults([.init(.openat2, repeats: true, .fail(.notImplemented))])
    case .filtered: SyscallFaults([.init(.openat2, repeats: true, .fail(.notPermitted))])
    }
  }
}

@Suite("opening beneath a directory")
final class DirectoryHandleBeneathTests {
  let folder: TemporaryFolder
  let root: DirectoryHandle

  init() throws {
    folder = try TemporaryFolder()
    try folder.makeFolder("root/d/e")
    try folder.makeFolder("outside")
    try folder.write("root/d/e/a", [1])
    try folder.write("outside/a", [2])
    try folder.makeLink("root/out", to: "../outside")
    try folder.makeLink("root/absolute", to: folder.location("outside"))
    try folder.makeLink("root/d/inner", to: "e")
    try folder.makeLink("root/d/e/l", to: "a")
    root = try DirectoryHandle(folder.path("root"))
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func content(_ file: borrowing FileHandle) throws(IOError) -> [UInt8] {
    try collect(9) { (o: inout OutputRawSpan) throws(IOError) in try file.read(into: &o) }
  }

  @Test("files and directories are opened, and nothing stays open", arguments: BeneathWay.allCases)
  func opens(way: BeneathWay) throws {
    let (support, faults) = (way.support, way.faults)
    try faults.run { () throws(IOError) in
      let file = try root.open(beneath: "d/e/a", .writable, support)
      #expect(try content(file) == [1])
      #expect(file.path == folder.path("root/d/e/a"))
      try file.write([7], at: 0)
      let directory = DirectoryHandle(try root.open(beneath: "d/e", .directory, support))
      #expect(try directory.entries().map(\.name) == ["a", "l"].map(bytes))
      let single = DirectoryHandle(try root.open(beneath: "d", .directory, support))
      #expect(try content(single.open(beneath: "e/a", [], support)) == [7])
    }
    #expect(faults.leftOpen == 0)
    // The kernel of the machine may be one without the call.
    if way != .kernel { #expect(support.isMissing) }
    // The first refusal is remembered.
    #expect(faults.count(of: .openat2) == (way == .walk ? 0 : support.isMissing ? 1 : 4))
  }

  @Test("both ways give the same error for the same path", arguments: BeneathWay.allCases)
  func refusals(way: BeneathWay) throws {
    let (support, faults) = (way.support, way.faults)
    let cases: [(Path, FileHandle.OpenOptions, Errno)] = [
      ("out/a", [], .symbolicLinkLoop), ("absolute/a", [], .symbolicLinkLoop), ("d/inner/a", [], .symbolicLinkLoop),
      ("d/e/l", [], .symbolicLinkLoop), ("out", .directory, .symbolicLinkLoop),
      ("d/inner", .directory, .symbolicLinkLoop), ("d/e/a/b", [], .notDirectory), ("d/e/a", .directory, .notDirectory),
      ("d/none/a", [], .noSuchFile), ("d/e/none", [], .noSuchFile), ("d/e", .writable, .isDirectory),
      (Path("d/" + String(repeating: "n", count: 256)), [], .nameTooLong),
    ]
    for (path, options, expected) in cases {
      faults.run {
        let error = errno { () throws(IOError) in _ = try root.open(beneath: path, options, support) }
        #expect(error == expected, "\(path.lossyString)")
      }
    }
    #expect(faults.leftOpen == 0)
  }

  @Test(
    "a path that is not names with single slashes is EINVAL and no call is made",
    arguments: ["", "/", "/d", "d/", "d//e", "./d", "d/.", "d/..", "../outside/a", "d/../../outside/a", "d/a\0b"])
  func names(path: String) throws {
    let faults = SyscallFaults()
    faults.run {
      #expect(errno { () throws(IOError) in _ = try root.openFile(beneath: Path(path)) } == .invalidArgument)
      #expect(errno { () throws(IOError) in _ = try root.openDirectory(beneath: Path(path)) } == .invalidArgument)
    }
    #expect(faults.trace.isEmpty)
  }

  @Test("a file that may not be opened is no reason to give up the call of the kernel")
  func keepsKernelCall() throws {
    let support = BeneathSupport()
    let faults = SyscallFaults([
      .init(.openat2, .fail(.notPermitted)), .init(.openat, call: 3, .fail(.notPermitted)),
      .init(.openat2, call: 2, .fail(.wouldBlock)),
    ])
    try faults.run { () throws(IOError) in
      #expect(errno { () throws(IOError) in _ = try root.open(beneath: "d/e/a", [], support) } == .notPermitted)
      #expect(!support.isMissing)
      #expect(try content(root.open(beneath: "d/e/a", [], support)) == [1])
      #expect(!support.isMissing)
    }
    #expect(faults.fired == 3)
    #expect(faults.leftOpen == 0)
  }

  @Test("a path longer than one call takes is walked")
  func longPath() throws {
    let name = String(repeating: "n", count: 250)
    var directory = try root.duplicate()
    for _ in 0..<20 {
      try directory.makeDirectory(bytes(name))
      directory = try directory.openDirectory(bytes(name))
    }
    try directory.createFile(bytes("a")).close()
    let path = Path(Array(repeating: name, count: 20).joined(separator: "/") + "/a")
    #expect(path.count > 5000)
    #expect(try root.openFile(beneath: path).status().kind == .regular)
    // The folder is removed by paths, which could not reach the bottom.
    try directory.remove(bytes("a"))
    for depth in (0..<20).reversed() {
      var parent = try root.duplicate()
      for _ in 0..<depth { parent = try parent.openDirectory(bytes(name)) }
      try parent.removeDirectory(bytes(name))
    }
  }

  @Test("directories on the way need to be searched, not read", .enabled(if: Machine.effectiveUser != 0))
  func unreadable() throws {
    try root.setMode(FileMode(rawValue: 0o100), of: bytes("d"))
    for way in [BeneathWay.kernel, .walk] {
      #expect(try content(root.open(beneath: "d/e/a", [], way.support)) == [1])
    }
    try root.setMode(FileMode(rawValue: 0o400), of: bytes("d"))
    for way in [BeneathWay.kernel, .walk] {
      #expect(errno { () throws(IOError) in _ = try root.open(beneath: "d/e/a", [], way.support) } == .accessDenied)
    }
    let unsearchable = try root.openDirectory(bytes("d"))
    for _ in 0..<2 { #expect(try unsearchable.entries().map(\.name) == ["e", "inner"].map(bytes)) }
    try root.setMode(.privateDirectory, of: bytes("d"))
  }
}
