// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import SystemIO
import TestSupport
import Testing

@Suite("reading trees")
struct TreeArchiverTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SplitMix(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  @Test("a tree comes depth first, siblings by bytes, with all contents")
  func order() throws {
    for name in ["a/x", "a/b/c", "empty"] { try folder.makeFolder(name) }
    let contents: [String: [UInt8]] = [
      "a!": [1], "a/x/f": [], "a/b/c/g": noise(65_535), "a/b/h": noise(65_536, seed: 2), "z": noise(2_500_000, seed: 3),
    ]
    for (name, content) in contents { try folder.write(name, content) }
    let tree = try WrittenTree(["."], from: folder.path)
    #expect(
      tree.paths == ["", "a", "a/b", "a/b/c", "a/b/c/g", "a/b/h", "a/x", "a/x/f", "a!", "empty", "z"])
    for (name, content) in contents { #expect(tree.content(name) == content, "\(name)") }
    #expect(tree["a/b/c/g"]?.cut == .whole)
    #expect(tree["a/b/h"]?.cut == .contentDefined)
    #expect(tree.report.files == 5 && tree.report.directories == 6 && tree.report.entries == 11)
    #expect(tree.report.bytes == contents.values.reduce(0) { $0 + UInt64($1.count) })
    #expect(tree.warnings == [] && !tree.report.isPartial)
  }

  @Test("roots lose what leads out of the archive, and come sorted and once")
  func roots() throws {
    try folder.makeFolder("a/b/c")
    try folder.write("a/b/f", [1])
    try folder.write("z", [2])
    let tree = try WrittenTree(["z", "./a//b/", "a/b/c", "a/b/f", "./z"], from: folder.path)
    #expect(tree.paths == ["a/b", "a/b/c", "a/b/f", "z"])
    #expect(tree.warnings == [])

    let above = try WrittenTree(["../../z"], from: folder.path("a/b"))
    #expect(above.paths == ["z"] && above.warnings == ["shortenedPath ../../z"] && !above.report.isPartial)
    #expect(try WrittenTree(["c/.."], from: folder.path("a/b")).paths == ["", "c", "f"])

    let absolute = try WrittenTree([folder.path("z")], from: "/")
    let names = folder.path("z").bytes.split(separator: UInt8(ascii: "/"))
    #expect(absolute.entries.map(\.path) == [Array(names.joined(separator: [UInt8(ascii: "/")]))])
  }

  @Test("two sources cannot have one place, and a base must be a directory")
  func refusedRoots() throws {
    try folder.makeFolder("a/b")
    try folder.write("b", [])
    #expect(throws: ArchiveError.self) { try WrittenTree(["a/../b", "b"], from: folder.path) }
    #expect(throws: ArchiveError.self) { try WrittenTree([""], from: folder.path) }
    #expect(throws: ArchiveError.self) { try WrittenTree(["."], from: folder.path("b")) }
  }

  @Test("a root that is missing, or hidden by a link, is reported")
  func missingRoots() throws {
    try folder.makeFolder("d/e")
    try folder.makeLink("l", to: "d")
    let tree = try WrittenTree(["nothing", "no/where", "l", "l/e", "d"], from: folder.path)
    #expect(tree.paths == ["d", "d/e", "l"])
    #expect(Set(tree.warnings) == ["missing nothing", "missing no/where", "missing l/e"])
    #expect(tree.report.isPartial)
    #expect(tree["l"]?.kind == .symbolicLink)
  }

  @Test("what is excluded is neither taken nor looked into")
  func exclusion() throws {
    for name in ["keep/tmp/x", "tmp", "cache", "build"] { try folder.makeFolder(name) }
    for name in ["keep/tmp/x/f", "a.o", "keep/b.o", "keep/cache", "cache/f", "build/f", "keep/build"] {
      try folder.write(name, [1])
    }
    let tree = try WrittenTree(["."], from: folder.path) {
      $0.excluded = ["*.o", "/cache", "keep/tmp/x", "build/"].compactMap { Glob($0) }
    }
    #expect(tree.paths == ["", "keep", "keep/build", "keep/cache", "keep/tmp", "tmp"])
    #expect(tree.report.skipped == 5)
    #expect(tree.warnings == [])
    let named = try WrittenTree(["keep/tmp/x/f", "a.o"], from: folder.path) {
      $0.excluded = [Glob("tmp"), Glob("*.o")].compactMap { $0 }
    }
    #expect(named.paths == [] && named.report.skipped == 2)
  }

  @Test("of a cache only the tag is taken, if it is a real one")
  func caches() throws {
    let signature = bytes("Signature: 8a477f597d28d172789f06886806bc55\n# made by a test")
    for (name, tag) in [("real", signature), ("false", bytes("Signature: no")), ("short", [])] {
      try folder.makeFolder(name + "/sub")
      try folder.write(name + "/CACHEDIR.TAG", tag)
      try folder.write(name + "/f", [1])
    }
    let tree = try WrittenTree(["."], from: folder.path) { $0.excludesCaches = true }
    #expect(tree.paths.filter { $0.starts(with: "real") } == ["real", "real/CACHEDIR.TAG"])
    #expect(tree.paths.filter { $0.starts(with: "false/") }.count == 3)
    #expect(tree.paths.filter { $0.starts(with: "short/") }.count == 3)
    #expect(tree.report.skipped == 2)
    #expect(try WrittenTree(["."], from: folder.path).paths.count == 13)
  }

  @Test("the archive that is being written is left out")
  func ownOutput() throws {
    try folder.write("a", [1])
    try folder.write("out.partial", [2])
    let output = try FileHandle.open(folder.path("out.partial")).status()
    let tree = try WrittenTree(["."], from: folder.path) { $0.outputs = [output] }
    #expect(tree.paths == ["", "a"] && tree.report.skipped == 1)
  }

  @Test("holes stay holes, and pages stay aligned")
  func holes() throws {
    let size: Int64 = 1 << 20
    for name in ["plain", "paged", "tail", "front"] {
      let file = try FileHandle.create(folder.path(name))
      try file.truncate(to: size)
      if name != "front" { try unsafe file.write(noise(10_000).span.bytes, at: 0) }
      if name != "tail" { try unsafe file.write(noise(5000, seed: 2).span.bytes, at: 500_000) }
    }
    let tree = try WrittenTree(["."], from: folder.path) {
      $0.pageRules = [Glob("paged").flatMap { CutRuleChooser.PageRule($0, pageSize: 16384) }].compactMap { $0 }
    }
    for name in ["plain", "paged", "tail", "front"] {
      #expect(tree.content(name) == folder.contents(name), "\(name)")
      #expect(tree[name]?.size == UInt64(size))
    }
    #expect(tree.report.bytes + tree.report.holeBytes == 4 << 20)
    guard tree.report.holeBytes > 0 else { return }  // A file system that knows no holes.
    #expect(tree.runs("plain").count == 4)
    var position: UInt64 = 0
    for run in tree.runs("paged") {
      #expect(position.isMultiple(of: 16384))
      position += run.length
    }
    #expect(tree["paged"]?.cut == .pages(size: 16384))
    #expect(tree.chunkLengths("paged").allSatisfy { $0 == 16384 })
  }

  @Test("a file of the greatest size that is one hole takes no time")
  func greatestHole() throws {
    // Few file systems have such files; that of shared memory does.
    let shared = Path("/dev/shm/codeckit-test-\(folder.path.lastComponent.reduce(0) { $0 &* 31 &+ Int($1) })")
    guard let file = try? FileHandle.create(shared) else { return }
    defer { try? FileSystem.remove(shared) }
    guard (try? file.truncate(to: .max)) != nil, try file.status().blocks == 0 else { return }
    for pageSize in [0, 16384] {
      let tree = try WrittenTree([shared]) {
        $0.pageRules = [Glob("*").flatMap { CutRuleChooser.PageRule($0, pageSize: pageSize) }].compactMap { $0 }
      }
      #expect(tree.entries.first?.size == UInt64(Int64.max) && tree.report.holeBytes == UInt64(Int64.max))
    }
  }

  @Test("database files are known by what they begin with")
  func pages() throws {
    var database = bytes("SQLite format 3\0") + [0x10, 0x00]
    database += noise(200_000 - database.count)
    try folder.write("db", database)
    let tree = try WrittenTree(["db"], from: folder.path)
    #expect(tree["db"]?.cut == .pages(size: 4096))
    #expect(tree.content("db") == database)
  }

  @Test("a dry run tells the same and reads nothing")
  func dryRun() throws {
    try folder.makeFolder("d")
    try folder.write("d/f", noise(100_000))
    try folder.makeLink("d/l", to: "f")
    var seen: [[UInt8]] = []
    let archiver = TreeArchiver(to: nil, .init { $0.entryTaken = { seen.append($0.path) } })
    let faults = SyscallFaults()
    let report = try faults.run { try archiver.archive(["d"], from: folder.path) }
    #expect(seen == ["d", "d/f", "d/l"].map { bytes($0) })
    #expect(report.bytes == 100_000 && report.files == 1 && report.symbolicLinks == 1)
    #expect(faults.count(of: .read) == 0 && faults.count(of: .pread) == 0)
  }

  @Test("progress is told, and the work can be given up")
  func progress() throws {
    try folder.write("a", noise(3_000_000))
    try folder.write("b", noise(10))
    var last: TreeProgress?
    var calls = 0
    let tree = try WrittenTree(["a", "b"], from: folder.path) {
      $0.progress = {
        calls += 1
        last = $0
      }
    }
    #expect(calls >= 5 && last?.bytes == 3_000_010 && last?.path == bytes("b") && tree.report.bytes == 3_000_010)
    let error = #expect(throws: ArchiveError.self) {
      try WrittenTree(["a", "b"], from: folder.path) { $0.isCancelled = { true } }
    }
    #expect(error?.code == .cancelled)
  }

  @Test("another file system is entered only when it was named")
  func fileSystems() throws {
    let dev = try DirectoryHandle("/dev")
    guard let inner = try? dev.status(of: bytes("pts")), try inner.device != dev.status().device else { return }
    func paths(_ roots: [Path], _ staysOnFileSystem: Bool) throws -> [[UInt8]] {
      var paths: [[UInt8]] = []
      let archiver = TreeArchiver(
        to: nil,
        .init {
          $0.staysOnFileSystem = staysOnFileSystem
          $0.entryTaken = { paths.append($0.path) }
        })
      _ = try archiver.archive(roots, from: "/")
      return paths.filter { EntryPath.isBeneath($0, bytes("dev/pts")) }
    }
    let node = bytes("dev/pts/ptmx")
    #expect(try paths(["dev"], true) == [bytes("dev/pts")])
    #expect(try paths(["dev"], false).contains(node))
    #expect(try paths(["dev", "dev/pts"], true).contains(node))
    #expect(try paths(["dev", "dev/pts/ptmx"], true) == [bytes("dev/pts"), node])
  }

  @Test("a directory that was moved away is left, also when another has its name", arguments: [false, true])
  func moved(isReplaced: Bool) throws {
    let depth = 70
    try folder.makeFolder(Array(repeating: "d", count: depth).joined(separator: "/"))
    try folder.write("d/d/z", [1])
    try folder.write("z", [2])
    let root = try DirectoryHandle(folder.path)
    var isDone = false
    let tree = try WrittenTree(["."], from: folder.path) {
      $0.progress = { progress in
        guard !isDone, progress.path.count == 2 * depth - 1 else { return }
        isDone = true
        try? root.rename(Array("d".utf8), to: Array("moved".utf8))
        if isReplaced { try? folder.makeFolder("d/d/z") }
      }
    }
    #expect(isDone && tree.warnings == ["vanished d/d"] && tree.content("z") == [2])
  }

  @Test("a very deep tree needs few descriptors and comes whole")
  func deep() throws {
    let depth = 300
    try folder.makeFolder(Array(repeating: "d", count: depth).joined(separator: "/"))
    var at = try DirectoryHandle(folder.path)
    for _ in 0..<depth {
      at = try at.openDirectory(bytes("d"))
      _ = try at.createFile(bytes("e"))
    }
    let faults = SyscallFaults()
    let tree = try faults.run { try WrittenTree(["d"], from: folder.path) }
    #expect(tree.entries.count == 2 * depth && tree.warnings == [])
    var open = 0
    var most = 0
    for event in faults.trace where event.result >= 0 {
      switch event.kind {
      case .open, .openat, .openat2: open += 1
      case .close: open -= 1
      default: break
      }
      most = max(most, open)
    }
    #expect(open == 0 && most < 80)
  }
}
