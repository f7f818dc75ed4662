// SPDX-License-Identifier: Apache-2.0

// The power fails between any two system calls while a file takes its name: the old one is there, or the new one.

import SystemIO
import TestSupport
import Testing

@Suite("power cuts while files take their names")
struct PowerCutTests {
  private static let old = [UInt8](repeating: 0x6F, count: 5000)
  private static let new = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
  private static let rounds = ProcessEnvironment.isSet("CODECKIT_LONG") ? 1000 : 64

  /// What an operation must leave at any time.
  private enum Promise {
    /// The file `a` is the old one or the new one, and the new one when the operation is done.
    case oldOrNew
    /// The source `s` or a complete copy `a` is there.
    case sourceOrCopy
  }

  /// Runs an operation in a folder with an old file, and looks at what may be left after each of its calls.
  ///
  /// - Returns: how many states break the promise, and how many there were.
  private func states(
    _ promise: Promise, _ operation: (TemporaryFolder) throws -> Void
  ) throws -> (broken: [String], count: Int) {
    let folder = try TemporaryFolder()
    try folder.write("a", Self.old)
    if promise == .sourceOrCopy { try folder.write("s", Self.new) }
    var model = CrashModel(folder.location("").trimmingSuffix("/"))
    let faults = SyscallFaults(recordsData: true)
    try faults.run { try operation(folder) }
    var random = SeededRandom("power cut")
    var broken: [String] = []
    var count = 0
    let trace = faults.trace
    for (number, event) in trace.enumerated() {
      guard model.apply(event) || number == trace.count - 1 else { continue }
      for round in 0..<Self.rounds {
        let remains = model.remains(CrashModel.Loss.allCases[min(round, 2)], &random)
        count += 1
        let file = remains["a"]
        let isDone = number == trace.count - 1
        let isKept =
          switch promise {
          case .oldOrNew: file == Self.new || !isDone && file == Self.old
          case .sourceOrCopy: file == Self.new || remains["s"] == Self.new
          }
        if !isKept { broken.append("call \(number), \(event.kind): \(file.map { "\($0.count) bytes" } ?? "gone")") }
      }
    }
    return (broken, count)
  }

  private func pieces(_ write: ([UInt8]) throws(IOError) -> Void) throws {
    for start in stride(from: 0, to: Self.new.count, by: 3000) {
      try write(Array(Self.new[start..<min(start + 3000, Self.new.count)]))
    }
  }

  @Test("a file that is replaced and synced is the old one or the new one")
  func atomicFile() throws {
    let (broken, count) = try states(.oldOrNew) { folder in
      var file = try AtomicFile(folder.path("a"))
      try pieces { (bytes) throws(IOError) in try file.write(bytes) }
      try file.commit(replacing: true, sync: true)
    }
    #expect(broken == [] && count > 500)
  }

  @Test("a file that is gone on with and synced is the old one or the new one")
  func resumableFile() throws {
    let (broken, count) = try states(.oldOrNew) { folder in
      let file = try ResumableFile(folder.path("a"))
      try pieces { (bytes) throws(IOError) in try unsafe file.write(bytes.span.bytes) }
      try file.commit(replacing: true, sync: true)
    }
    #expect(broken == [] && count > 500)
  }

  @Test("a file below an open directory that is replaced and synced is the old one or the new one")
  func confinedFile() throws {
    let (broken, count) = try states(.oldOrNew) { folder in
      var file = try ConfinedFile(in: DirectoryHandle(folder.path), name: Array("a".utf8))
      try pieces { (bytes) throws(IOError) in try unsafe file.write(bytes.span.bytes) }
      try file.commit(replacing: true, sync: true)
    }
    #expect(broken == [] && count > 500)
  }

  @Test("a source is there until its copy is on the device")
  func removal() throws {
    let (broken, count) = try states(.sourceOrCopy) { folder in
      var file = try AtomicFile(folder.path("a"))
      try pieces { (bytes) throws(IOError) in try file.write(bytes) }
      let copy = try file.commit(replacing: true, sync: true)
      try FileSystem.removeSource(folder.path("s"), copiedTo: copy, syncingDirectory: true)
    }
    #expect(broken == [] && count > 500)
  }

  @Test("without sync the power takes files with it: the model can tell")
  func withoutSync() throws {
    let (broken, _) = try states(.oldOrNew) { folder in
      var file = try AtomicFile(folder.path("a"))
      try pieces { (bytes) throws(IOError) in try file.write(bytes) }
      try file.commit(replacing: true, sync: false)
    }
    #expect(broken.count > 20)
  }
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}
