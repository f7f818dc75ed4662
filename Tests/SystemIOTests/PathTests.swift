// SPDX-License-Identifier: Apache-2.0

import SystemIO
import TestSupport
import Testing

@Suite("paths and errors")
struct PathTests {
  @Test(
    "last component and parent follow the slashes alone",
    arguments: [
      ("/a/b", "b", "/a"), ("b", "b", "."), ("/b", "b", "/"), ("/", "", "/"), ("", "", "."), ("a/b/", "b", "a"),
      ("a//b", "b", "a"), ("//a", "a", "/"), ("a/..", "..", "a"),
    ])
  func components(path: String, last: String, parent: String) {
    #expect(Path(path).lastComponent == Array(last.utf8))
    #expect(Path(path).parent == Path(parent))
  }

  @Test("joining puts exactly one slash between")
  func joining() {
    #expect(Path("a").joining("b") == "a/b")
    #expect(Path("a/").joining("b") == "a/b")
    #expect(Path("a/").joining("/b") == "a/b")
    #expect(Path("a").joining("/b") == "a/b")
    #expect(Path("/").joining("b") == "/b")
    #expect(Path("").joining("b") == "b")
  }

  @Test("suffixes are added and taken away at the last byte")
  func suffixes() {
    #expect(Path("a.tar").appending(suffix: ".zst") == "a.tar.zst")
    #expect(Path("d/a.tar.zst").removing(suffix: ".zst") == "d/a.tar")
    #expect(Path("d/.zst").removing(suffix: ".zst") == nil)
    #expect(Path("a.tar").hasSuffix(".tar"))
    #expect(!Path("a.tar").hasSuffix(".zst"))
  }

  @Test("bytes that are not UTF-8 are kept")
  func bytes() {
    let raw: [UInt8] = [0xFF, 0x61, 0x80]
    #expect(Path(raw).bytes == raw)
    #expect(Path(raw).count == 3)
    #expect(Path(raw) != Path([0xFE, 0x61, 0x80]))
    #expect(Path("/x").isAbsolute)
    #expect(!Path("x").isAbsolute)
    #expect(Path("").isEmpty)
  }

  @Test("a NUL inside is EINVAL in every operation and never another file")
  func nul() throws {
    let folder = try TemporaryFolder()
    try folder.write("a", [1])
    let path = folder.path.joining(Array("a\0b".utf8))
    #expect(path.containsNUL)
    #expect(errno { () throws(IOError) in _ = try FileHandle.open(path) } == .invalidArgument)
    #expect(errno { () throws(IOError) in _ = try FileHandle.create(path) } == .invalidArgument)
    #expect(errno { () throws(IOError) in _ = try FileSystem.status(of: path) } == .invalidArgument)
    #expect(errno { () throws(IOError) in try FileSystem.remove(path) } == .invalidArgument)
    #expect(errno { () throws(IOError) in try FileSystem.rename(folder.path("a"), to: path) } == .invalidArgument)
    #expect(errno { () throws(IOError) in try FileSystem.rename(path, to: folder.path("c")) } == .invalidArgument)
    #expect(errno { () throws(IOError) in _ = try AtomicFile(path) } == .invalidArgument)
    #expect(errno { () throws(IOError) in _ = try FileSystem.resolve(path) } == .invalidArgument)
    #expect(folder.names == ["a"])
  }

  @Test("an error says what was tried, why, and the name of the number")
  func description() {
    let error = IOError("write", path: "x", errno: .noSpace)
    #expect(error.description == "cannot write: No space left on device (ENOSPC)")
    #expect(error.path == "x")
    #expect(Errno(rawValue: 99999).name == "errno 99999")
    #expect(Errno(rawValue: 99999).message == "Unknown error")
  }

  @Test("the names of the numbers are those of the system")
  func names() {
    let table: [(Errno, String)] = [
      (.notPermitted, "EPERM"), (.noSuchFile, "ENOENT"), (.interrupted, "EINTR"), (.inputOutput, "EIO"),
      (.badDescriptor, "EBADF"), (.wouldBlock, "EAGAIN"), (.outOfMemory, "ENOMEM"), (.accessDenied, "EACCES"),
      (.exists, "EEXIST"), (.crossDevice, "EXDEV"), (.notDirectory, "ENOTDIR"), (.isDirectory, "EISDIR"),
      (.invalidArgument, "EINVAL"), (.tooManyOpenFiles, "EMFILE"), (.fileTooLarge, "EFBIG"), (.noSpace, "ENOSPC"),
      (.illegalSeek, "ESPIPE"), (.readOnlyFileSystem, "EROFS"), (.brokenPipe, "EPIPE"),
      (.nameTooLong, "ENAMETOOLONG"), (.notImplemented, "ENOSYS"), (.directoryNotEmpty, "ENOTEMPTY"),
      (.symbolicLinkLoop, "ELOOP"), (.noSuchAddress, "ENXIO"), (.noData, "ENODATA"), (.quotaExceeded, "EDQUOT"),
      (.notSupported, "EOPNOTSUPP"),
    ]
    for (errno, name) in table where name != "EOPNOTSUPP" { #expect(errno.name == name) }
    // Linux gives ENOTSUP and EOPNOTSUPP one number.
    #expect(["EOPNOTSUPP", "ENOTSUP"].contains(Errno.notSupported.name))
  }
}
