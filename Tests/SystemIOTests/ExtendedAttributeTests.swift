// SPDX-License-Identifier: Apache-2.0

import SystemIO
import TestSupport
import Testing

@Suite("extended attributes")
final class ExtendedAttributeTests {
  let folder: TemporaryFolder
  let root: DirectoryHandle
  /// Whether the file system of the folder has attributes at all.
  let isSupported: Bool

  init() throws {
    folder = try TemporaryFolder()
    try folder.makeFolder("d")
    try folder.write("d/a", [1])
    root = try DirectoryHandle(folder.path("d"))
    let probe = try DirectoryHandle(folder.path)
    isSupported =
      errno { () throws(IOError) in
        try probe.setExtendedAttribute(ExtendedAttribute(name: Array("user.probe".utf8), value: []))
      } != .notSupported
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func attribute(_ name: String, _ value: [UInt8]) -> ExtendedAttribute {
    ExtendedAttribute(name: bytes(name), value: value)
  }

  /// Those of the namespace that everybody may use: a file system may add others of its own.
  private func user(_ attributes: [ExtendedAttribute]) -> [ExtendedAttribute] {
    attributes.filter { $0.name.starts(with: bytes("user.")) }
  }

  @Test("a file, a directory and a name hold attributes of any bytes")
  func roundTrip() throws {
    guard isSupported else { return }
    let expected = [
      attribute("user.a", []), attribute("user.b", [0, 255, 10]),
      attribute("user.\u{e9}", Array(repeating: 7, count: 2000)),
    ]
    let file = try root.openFile(bytes("a"))
    for attribute in expected.reversed() {
      try file.setExtendedAttribute(attribute)
      try root.setExtendedAttribute(attribute)
    }
    #expect(try user(file.extendedAttributes()) == expected)
    #expect(try user(root.extendedAttributes()) == expected)
    #expect(try user(root.extendedAttributes(of: bytes("a"))) == expected)
    #expect(try file.extendedAttributeNames().contains(bytes("user.b")))
    #expect(try root.extendedAttributeNames() == root.extendedAttributes().map(\.name))

    try root.setExtendedAttribute(attribute("user.b", [9]), of: bytes("a"))
    #expect(try file.extendedAttribute(bytes("user.b")) == [9])
    #expect(try root.extendedAttribute(bytes("user.b"), of: bytes("a")) == [9])
    #expect(try root.extendedAttribute(bytes("user.b")) == [0, 255, 10])
    try file.removeExtendedAttribute(bytes("user.b"))
    try root.removeExtendedAttribute(bytes("user.a"), of: bytes("a"))
    try root.removeExtendedAttribute(bytes("user.a"))
    #expect(try user(root.extendedAttributes(of: bytes("a"))) == [expected[2]])
    #expect(try root.extendedAttributeNames(of: bytes("a")).contains(expected[2].name))
    #expect(try file.extendedAttribute(bytes("user.b")) == nil)
    #expect(errno { () throws(IOError) in try file.removeExtendedAttribute(bytes("user.b")) } == .noData)
    // What has no such namespace has no such attribute.
    #expect(try file.extendedAttribute(bytes("nothing")) == nil)
    #expect(errno { () throws(IOError) in try file.setExtendedAttribute(attribute("nothing", [])) } == .notSupported)
  }

  @Test("a value of 64 KiB and many names are read whole")
  func large() throws {
    guard (try? FileSystem.exists("/dev/shm")) == true, let file = try? FileHandle.temporary(in: "/dev/shm") else {
      return
    }
    let large = attribute(
      "user.large", (0..<ExtendedAttribute.maximumValueSize).map { UInt8(truncatingIfNeeded: $0 / 7) })
    // Older kernels have none on this file system.
    if let error = errno(of: { () throws(IOError) in try file.setExtendedAttribute(large) }) {
      #expect([.notSupported, .noSpace].contains(error))
      return
    }
    #expect(try file.extendedAttribute(large.name) == large.value)
    var tooLarge = large
    tooLarge.value.append(0)
    #expect(errno { () throws(IOError) in try file.setExtendedAttribute(tooLarge) } == .argumentTooLarge)
    let names = (0..<40).map { attribute("user.many-\($0 + 10)", []) }
    for name in names { try file.setExtendedAttribute(name) }
    #expect(try user(file.extendedAttributes()) == [large] + names)
  }

  @Test("a link is not followed")
  func links() throws {
    guard isSupported else { return }
    try root.setExtendedAttribute(attribute("user.a", [1]), of: bytes("a"))
    try root.makeSymbolicLink(bytes("l"), to: "a")
    #expect(try user(root.extendedAttributes(of: bytes("l"))).isEmpty)
    #expect(try root.extendedAttribute(bytes("user.a"), of: bytes("l")) == nil)
    #expect(
      errno { () throws(IOError) in try root.setExtendedAttribute(attribute("user.b", [1]), of: bytes("l")) }
        == .notPermitted)
    #expect(errno { () throws(IOError) in try root.removeExtendedAttribute(bytes("user.a"), of: bytes("l")) } != nil)
    #expect(try user(root.extendedAttributes(of: bytes("a"))) == [attribute("user.a", [1])])
    try root.makeFIFO(bytes("f"))
    #expect(try user(root.extendedAttributes(of: bytes("f"))).isEmpty)
  }

  @Test("root gives attributes to a link itself", .enabled(if: Machine.effectiveUser == 0))
  func linkItself() throws {
    try root.makeSymbolicLink(bytes("l"), to: "a")
    let trusted = attribute("trusted.codeckit", [1, 2])
    // A container may have no such right.
    let refused = errno { () throws(IOError) in try root.setExtendedAttribute(trusted, of: bytes("l")) }
    guard refused == nil else { return }
    #expect(try root.extendedAttributes(of: bytes("l")).contains(trusted))
    #expect(try !root.extendedAttributes(of: bytes("a")).contains(trusted))
  }

  @Test("a file system without attributes has none, and a value that grows meanwhile is read again")
  func answers() throws {
    guard isSupported else { return }
    let file = try root.openFile(bytes("a"))
    try file.setExtendedAttribute(attribute("user.a", [5]))
    let none = SyscallFaults([.init(.listxattr, repeats: true, .fail(.notSupported))])
    try none.run { () throws(IOError) in
      #expect(try file.extendedAttributes().isEmpty)
      #expect(try root.extendedAttributeNames().isEmpty)
      #expect(try root.extendedAttributes(of: bytes("a")).isEmpty)
    }
    let grown = SyscallFaults([
      .init(.listxattr, .fail(.outOfRange)), .init(.getxattr, .shorten(1)), .init(.getxattr, .fail(.outOfRange)),
    ])
    try grown.run { () throws(IOError) in #expect(try file.extendedAttribute(bytes("user.a")) == [5]) }
    try grown.run { () throws(IOError) in #expect(try user(file.extendedAttributes()) == [attribute("user.a", [5])]) }
    #expect(grown.fired == 2)
    // One that goes away between list and value is left out; other errors are told.
    let gone = SyscallFaults([.init(.getxattr, repeats: true, .fail(.noData))])
    try gone.run { () throws(IOError) in #expect(try root.extendedAttributes(of: bytes("a")).isEmpty) }
    for kind in [SyscallKind.listxattr, .getxattr] {
      let failing = SyscallFaults([.init(kind, repeats: true, .fail(.outOfRange))])
      failing.run {
        #expect(errno { () throws(IOError) in _ = try root.extendedAttributes(of: bytes("a")) } == .outOfRange)
      }
      #expect(failing.fired == 2)
    }
    for name in ["", "user.\0a"].map(bytes) {
      let faults = SyscallFaults()
      faults.run {
        #expect(errno { () throws(IOError) in _ = try file.extendedAttribute(name) } == .invalidArgument)
        #expect(
          errno { () throws(IOError) in try file.setExtendedAttribute(ExtendedAttribute(name: name, value: [])) }
            == .invalidArgument)
        #expect(errno { () throws(IOError) in try root.removeExtendedAttribute(name) } == .invalidArgument)
      }
      #expect(faults.trace.isEmpty)
    }
  }

  @Test("errors name the file and not the way to it")
  func errorPath() throws {
    do {
      _ = try root.extendedAttributes(of: bytes("missing"))
      Issue.record("a file that is not there has attributes")
    } catch {
      #expect(error.errno == .noSuchFile)
      #expect(error.path == folder.path("d/missing"))
    }
  }
}
