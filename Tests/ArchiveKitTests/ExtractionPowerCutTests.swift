// SPDX-License-Identifier: Apache-2.0

// The power fails between any two system calls of a synced extraction: what is not marked as incomplete is complete.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("Power cuts while a tree is extracted")
struct ExtractionPowerCutTests {
  private static let rounds = ProcessEnvironment.isSet("CODECKIT_LONG") ? 300 : 24

  private static func extract(_ tree: FaultTree, _ folder: TemporaryFolder, sync: Bool) throws -> SyscallFaults {
    let faults = SyscallFaults(recordsData: true)
    let report = try faults.run {
      try Extractor(
        tree.archive, into: folder.path,
        .init {
          $0.overwrite = .always
          $0.sync = sync
        }
      ).run()
    }
    #expect(report.problems.isEmpty)
    return faults
  }

  /// What breaks the promise, and how many states there were.
  private func states(sync: Bool) throws -> (broken: [String], count: Int) {
    let tree = try FaultTree()
    let folder = try TemporaryFolder()
    try folder.makeFolder("d0")
    let old: [UInt8] = [9, 9, 9]
    let replaced = (11..<17).map { "d0/f\($0)" }
    for path in replaced { try folder.write(path, old) }
    var model = CrashModel(String(folder.location("").dropLast()))
    let trace = try Self.extract(tree, folder, sync: sync).trace
    var random = SeededRandom("power cut of an extraction")
    var broken: [String] = []
    var count = 0
    for (number, event) in trace.enumerated() {
      let isDone = number == trace.count - 1
      guard model.apply(event) || isDone else { continue }
      for round in 0..<Self.rounds {
        let remains = model.remains(CrashModel.Loss.allCases[min(round, 2)], &random)
        count += 1
        let isMarked = remains[Extractor.markerName] != nil
        // The second name of a file that has two is no call that the model understands.
        for (path, content) in tree.contents where path != Array("e2".utf8) {
          let name = String(decoding: path, as: UTF8.self)
          let found = remains[name]
          let isOld = replaced.contains(name) && found == old
          // Nothing but the old and the new has the name of a file that was there; a new one may grow under the mark.
          if found == content || isOld && !isDone { continue }
          if found == nil, !isDone, !replaced.contains(name) { continue }
          if isMarked, !isDone, !replaced.contains(name) { continue }
          broken.append("call \(number), \(event.kind): \(name): \(found.map { "\($0.count) bytes" } ?? "gone")")
        }
      }
    }
    return (broken, count)
  }

  @Test("each file is the old one, the new one, or marked as incomplete; at the end everything is there")
  func synced() throws {
    let (broken, count) = try states(sync: true)
    #expect(broken.isEmpty, "\(broken.count) of \(count): \(broken.prefix(5))")
    #expect(count > 1000)
  }

  @Test("without sync the power takes files with it: the model can tell")
  func unsynced() throws {
    let (broken, _) = try states(sync: false)
    #expect(broken.count > 20)
  }

  @Test("files before their names, directories after theirs, and the mark goes last")
  func order() throws {
    let folder = try TemporaryFolder()
    try folder.makeFolder("d0")
    try folder.write("d0/f11", [9])
    let trace = try Self.extract(try FaultTree(), folder, sync: true).trace
    var dirty: Set<Path> = []
    var directories: Set<Path> = []
    for event in trace where event.result >= 0 {
      switch event.kind {
      case .write, .pwrite, .ftruncate: event.path.map { _ = dirty.insert($0) }
      case .fsync:
        if let path = event.path {
          dirty.remove(path)
          directories.remove(path)
        }
      case .rename, .renameExclusive:
        if let from = event.path { #expect(!dirty.contains(from), "\(from.lossyString) was not synced") }
        if let to = event.newPath { directories.insert(to.parent) }
      case .mkdir, .symlink, .mknod: event.path.map { _ = directories.insert($0.parent) }
      case .unlink where event.path?.lastComponent == Array(Extractor.markerName.utf8):
        // The top itself is synced when the mark is gone.
        #expect(dirty.isEmpty && directories.subtracting([folder.path]).isEmpty, "\(dirty) \(directories)")
      default: break
      }
    }
    #expect(directories.isEmpty, "\(directories)")
    let last = trace.last { $0.kind == .fsync }
    #expect(last?.path == folder.path)
    #expect(trace.lastIndex { $0.kind == .fsync } ?? 0 > trace.lastIndex { $0.kind == .unlink } ?? 0)
  }

  @Test("a sync that fails is a failed extraction, and the mark stays")
  func failedSync() throws {
    let tree = try FaultTree()
    for call in 1... {
      let folder = try TemporaryFolder()
      let faults = SyscallFaults([.init(.fsync, call: call, .fail(.inputOutput))])
      let result = faults.run { () -> ExtractionReport? in
        try? Extractor(tree.archive, into: folder.path, .init { $0.sync = true }).run()
      }
      if faults.fired == 0 { break }
      #expect(result == nil, "call \(call)")
      // The last one is that of the top, behind the removal of the mark.
      let isLast = faults.count(of: .fsync) > 20 && !folder.names.contains(Extractor.markerName)
      #expect(folder.names.contains(Extractor.markerName) || isLast, "call \(call)")
    }
  }

  @Test("a mark that cannot be removed is an error", arguments: [true, false])
  func stuckMark(_ sync: Bool) throws {
    let tree = try FaultTree()
    let folder = try TemporaryFolder()
    let faults = SyscallFaults([.init(.unlink, repeats: true, .fail(.inputOutput))])
    var error: ArchiveError?
    faults.run {
      do throws(ArchiveError) {
        _ = try Extractor(tree.archive, into: folder.path, .init { $0.sync = sync }).run()
      } catch let found {
        error = found
      }
    }
    #expect(error?.system?.errno == .inputOutput)
    #expect(folder.names.contains(Extractor.markerName))
  }
}
