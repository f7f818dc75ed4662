// SPDX-License-Identifier: Apache-2.0

// Extraction and creation while calls of the system fail: said clearly, and nothing wrong under its name.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// A tree of twenty files with all that an extraction has to make.
struct FaultTree {
  private(set) var entries: [ArchiveEntry] = []
  private(set) var contents: [[UInt8]: [UInt8]] = [:]
  let archive: ArchiveReader

  init() throws {
    var contents: [[UInt8]: [UInt8]] = [:]
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output, .init { $0.codec = Store.none })
    for number in 0..<20 {
      if number % 7 == 0 { try writer.add(Self.entry("d\(number / 7)", .directory)) }
      let path = "d\(number / 7)/f\(10 + number)"
      var entry = Self.entry(path, .file)
      let content = SampleTree.bytes(number == 9 ? 150_000 : number * 40, UInt64(number))
      contents[entry.path] = content
      if number == 6 { entry.attributes = [ExtendedAttribute(name: Array("user.a".utf8), value: [1])] }
      try writer.beginFile(entry)
      try writer.append(content[...], .contentDefined)
      if number == 12 {
        try writer.append(hole: 10_000)
        contents[entry.path] = content + [UInt8](repeating: 0, count: 10_000)
      }
      try writer.endFile(entry)
    }
    var names: [ArchiveEntry] = []
    for path in ["e1", "e2"] {
      var entry = Self.entry(path, .file)
      entry.linkGroup = .init(ordinal: 0, number: 1)
      names.append(entry)
      contents[entry.path] = Array("one file".utf8)
    }
    try writer.add(names[0], Array("one file".utf8), .whole)
    try writer.add(names[1])
    var link = Self.entry("l", .symbolicLink)
    link.target = Array("d0".utf8)
    try writer.add(link)
    try writer.add(Self.entry("p", .fifo))
    _ = try writer.finish()
    archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    var cursor = archive.entries()
    while let entry = try cursor.next() { entries.append(entry) }
    self.contents = contents
  }

  private static func entry(_ path: String, _ kind: ArchiveEntry.Kind) -> ArchiveEntry {
    var entry = ArchiveEntry(Array(path.utf8), kind)
    entry.mode = kind == .directory ? 0o750 : 0o640
    entry.owner = .init(uid: Machine.effectiveUser, gid: Machine.effectiveUser == 0 ? 0 : entry.owner.gid)
    entry.modificationTime = Timestamp(seconds: 1_600_000_000, nanoseconds: 5)
    return entry
  }

  func name(_ entry: ArchiveEntry) -> String { String(decoding: entry.path, as: UTF8.self) }

  /// Whether every file that stands under its name has its content.
  func hasNothingWrong(_ folder: TemporaryFolder) throws -> Bool {
    for (path, content) in contents {
      if let found = folder.contents(String(decoding: path, as: UTF8.self)), found != content { return false }
    }
    return true
  }

  /// Whether all is there as it should be.
  func isComplete(_ folder: TemporaryFolder) throws -> Bool {
    for entry in entries {
      guard let status = try? FileSystem.linkStatus(of: folder.path.joining(entry.path)) else { return false }
      guard status.modificationTime == entry.modificationTime else { return false }
      if entry.kind != .symbolicLink, status.mode.rawValue != UInt32(entry.mode) { return false }
      if let content = contents[entry.path], folder.contents(name(entry)) != content { return false }
      if entry.linkGroup != nil, status.links != 2 { return false }
      if entry.kind == .file, entry.attributes.isEmpty == false {
        guard try FileHandle.open(folder.path.joining(entry.path)).extendedAttributes() == entry.attributes else {
          return false
        }
      }
    }
    return true
  }
}

@Suite("Extraction while calls fail")
struct ExtractionFaultTests {
  private static let kinds: [SyscallKind] = [
    .open, .openat, .openat2, .duplicate, .write, .pwrite, .close, .rename, .renameExclusive, .link, .symlink, .unlink,
    .mkdir, .stat, .fstat, .statvfs, .futimens, .utimens, .fchmod, .chmod, .fchown, .chown, .mknod, .setxattr,
    .ftruncate,
  ]

  /// One extraction; the extractor is gone when it returns.
  private static func extract(
    _ tree: FaultTree, _ folder: TemporaryFolder, _ overwrite: ExtractionOptions.Overwrite, _ paths: [[UInt8]] = []
  ) -> Result<ExtractionReport, ArchiveError> {
    do throws(ArchiveError) {
      return .success(
        try Extractor(tree.archive, into: folder.path, .init { ($0.overwrite, $0.paths) = (overwrite, paths) }).run())
    } catch {
      return .failure(error)
    }
  }

  @Test("no failure of a call passes in silence or leaves anything wrong", arguments: kinds)
  func everyFault(_ kind: SyscallKind) throws {
    let tree = try FaultTree()
    for error in [Errno.inputOutput, .noSpace] {
      for call in 1... {
        let folder = try TemporaryFolder()
        let faults = SyscallFaults([.init(kind, call: call, .fail(error))])
        let result = faults.run { Self.extract(tree, folder, .never) }
        if faults.fired == 0 {
          #expect(try tree.isComplete(folder))
          break
        }
        #expect(faults.trace.reduce(0) { $0 + $1.opened } == 0, "\(kind) \(call)")
        #expect(try tree.hasNothingWrong(folder), "\(kind) \(call) \(error)")
        switch result {
        case .failure: break
        case .success(let report):
          let isComplete = try tree.isComplete(folder)
          #expect(!report.problems.isEmpty || isComplete, "\(kind) \(call) \(error)")
          // A full disk ends the work at once.
          if error == .noSpace, [.pwrite, .write, .mkdir].contains(kind) {
            #expect(isComplete, "\(kind) \(call) went on")
          }
        }
      }
    }
  }

  @Test("without the mark that says that it is incomplete, nothing is extracted")
  func mark() throws {
    let tree = try FaultTree()
    let probe = SyscallFaults()
    _ = try probe.run { Self.extract(tree, try TemporaryFolder(), .never) }
    let marking = try #require(
      probe.trace.first { $0.path?.lastComponent == Array(Extractor.markerName.utf8) && $0.opened == 1 })
    let number = probe.trace.prefix { $0 != marking }.count { $0.kind == marking.kind } + 1
    for error in [Errno.inputOutput, .noSpace] {
      let folder = try TemporaryFolder()
      let faults = SyscallFaults([.init(marking.kind, call: number, .fail(error))])
      let result = faults.run { Self.extract(tree, folder, .never) }
      #expect(throws: ArchiveError.self) { try result.get() }
      #expect(folder.names.isEmpty)
    }
  }

  @Test("a write that takes less is gone on with")
  func shortWrites() throws {
    let tree = try FaultTree()
    for call in 1...12 {
      let folder = try TemporaryFolder()
      let faults = SyscallFaults([.init(.pwrite, call: call, .shorten(7))])
      let result = faults.run { Self.extract(tree, folder, .never) }
      #expect(try result.get().problems.isEmpty && tree.isComplete(folder))
    }
  }

  @Test(
    "what is replaced is there until the new file is complete",
    arguments: [SyscallKind.pwrite, .close, .rename, .fchmod])
  func replacing(_ kind: SyscallKind) throws {
    let tree = try FaultTree()
    for call in 1... {
      let folder = try TemporaryFolder()
      try folder.makeFolder("d0")
      for number in 10..<17 { try folder.write("d0/f\(number)", [9, 9]) }
      let faults = SyscallFaults([.init(kind, call: call, .fail(.inputOutput))])
      _ = faults.run { Self.extract(tree, folder, .always, [Array("d0".utf8)]) }
      if faults.fired == 0 { break }
      #expect(faults.trace.reduce(0) { $0 + $1.opened } == 0)
      for number in 10..<17 {
        let found = try #require(folder.contents("d0/f\(number)"))
        #expect(found == [9, 9] || found == tree.contents[Array("d0/f\(number)".utf8)], "\(kind) \(call)")
      }
      #expect(try FileSystem.exists(folder.path("d0")))
      let names = try DirectoryHandle(folder.path("d0")).entries().filter { TemporaryName.matches($0.name) }
      #expect(names.isEmpty, "\(kind) \(call)")
    }
  }
}

@Suite("Creation while calls fail")
struct CreationFaultTests {
  /// An archive that appears when it is complete.
  private final class AtomicOutput: ArchiveOutput {
    private var file: AtomicFile?

    init(_ path: Path) throws(IOError) { file = try AtomicFile(path) }

    func write(_ bytes: RawSpan) throws(ArchiveError) {
      do throws(IOError) { try file?.write(bytes) } catch { throw ArchiveError(error) }
    }

    func commit() throws(IOError) {
      guard let file = file.take() else { return }
      _ = try file.commit(replacing: true, sync: true)
    }
  }

  private static func create(_ source: TemporaryFolder, _ target: Path) throws -> TreeArchiverReport {
    let output = try AtomicOutput(target)
    let writer = try ArchiveWriter(to: output, .init { $0.codec = Store.none })
    let report = try TreeArchiver(to: writer, TreeArchiverOptions()).archive(["."], from: source.path)
    _ = try writer.finish()
    try output.commit()
    return report
  }

  @Test(
    "the target is the old archive or the new one",
    arguments: [
      SyscallKind.open, .openat, .read, .pread, .write, .fsync, .close, .rename, .fchmod, .fchown, .fstat, .stat,
      .getdents, .readlink, .futimens,
    ])
  func everyFault(_ kind: SyscallKind) throws {
    let source = try TemporaryFolder()
    try source.makeFolder("d/e")
    for number in 0..<20 { try source.write("d/f\(number)", SampleTree.bytes(number * 50, UInt64(number))) }
    try source.makeLink("l", to: "d")
    for call in 1... {
      let folder = try TemporaryFolder()
      try folder.write("a.cka", [1, 2, 3])
      let faults = SyscallFaults([.init(kind, call: call, .fail(.inputOutput))])
      let report = faults.run { try? Self.create(source, folder.path("a.cka")) }
      #expect(faults.trace.reduce(0) { $0 + $1.opened } == 0, "\(kind) \(call)")
      #expect(folder.names == ["a.cka"], "\(kind) \(call)")
      let bytes = try #require(folder.contents("a.cka"))
      if bytes == [1, 2, 3] {
        #expect(report == nil && faults.fired > 0)
        continue
      }
      let archive = try ArchiveReader(MemoryArchiveSource(bytes))
      // The name is taken before the directory is made durable; what that says is passed on.
      if let report, !report.isPartial {
        #expect(archive.summary.footer.entries == 24)
        let entry = try #require(try archive.entry(at: Array("d/f19".utf8)))
        #expect(try archive.content(of: entry) == SampleTree.bytes(950, 19))
      }
      if faults.fired == 0 { break }
    }
  }
}

@Suite("A target that changes")
struct ExtractionRaceTests {
  static let rounds = ProcessEnvironment.isSet("CODECKIT_LONG") ? 400 : 40

  @Test("directories that become links on the way lead nowhere")
  func race() throws {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output, .init { $0.codec = Store.none })
    for directory in 0..<10 {
      for path in ["a\(directory)", "a\(directory)/b"] { try writer.add(ArchiveEntry(Array(path.utf8), .directory)) }
      for number in 0..<5 {
        let entry = ArchiveEntry(Array("a\(directory)/b/f\(number)".utf8), .file)
        try writer.add(entry, Array("content \(number)".utf8), .whole)
      }
      var link = ArchiveEntry(Array("a\(directory)/b/l".utf8), .symbolicLink)
      link.target = Array("f0".utf8)
      try writer.add(link)
    }
    _ = try writer.finish()
    let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    let outside = try TemporaryFolder()
    try outside.makeFolder("b")
    let before = try FileSystem.status(of: outside.path("b"))
    var swaps = 0
    for _ in 0..<Self.rounds {
      let folder = try TemporaryFolder()
      let (target, away) = (folder.path, outside.path)
      let isDone = Monitor(false)
      let count = Monitor(0)
      let attacker = try BackgroundThread(name: "attacker") {
        guard let top = try? DirectoryHandle(target) else { return }
        while !isDone.withLock({ $0 }) {
          for directory in 0..<10 {
            let (name, aside) = (Array("a\(directory)".utf8), Array("x\(directory)".utf8))
            guard (try? top.rename(name, to: aside)) != nil else { continue }
            if (try? top.makeSymbolicLink(name, to: away)) != nil { count.withLock { $0 += 1 } }
            try? top.remove(name)
            try? top.rename(aside, to: name)
          }
        }
      }
      _ = try? Extractor(archive, into: target, .init { $0.overwrite = .always }).run()
      isDone.withLock { $0 = true }
      attacker.join()
      swaps += count.withLock { $0 }
      #expect(outside.names == ["b"])
      #expect(try DirectoryHandle(outside.path("b")).entries().isEmpty)
    }
    let after = try FileSystem.status(of: outside.path("b"))
    #expect(after.modificationTime == before.modificationTime && after.mode == before.mode)
    #expect(swaps > Self.rounds)
  }
}
