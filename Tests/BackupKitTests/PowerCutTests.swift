// SPDX-License-Identifier: Apache-2.0

// The power fails, or the catalogue is lost, between any two system calls of an operation: what was complete is there.
import BackupKit
import Foundation
import SystemIO
import TestSupport
import Testing

@Suite("power cuts and lost catalogues")
struct PowerCutTests {
  private static let isLong = ProcessInfo.processInfo.environment["CODECKIT_LONG"] != nil

  /// The files of a catalogue.
  private static let catalogueFiles = ["catalogue.sqlite", "catalogue.sqlite-wal"]

  private static func isCatalogue(_ name: String) -> Bool { name.hasPrefix("catalogue.sqlite") }

  /// One moment: what a call has changed, and the catalogue at that time. Its commits are durable when they return.
  private struct Moment {
    var event: SyscallFaults.Event
    var catalogue: [String: [UInt8]]
  }

  private final class Recorder: Sendable {
    let moments = Monitor<[Moment]>([])
    let folder: String

    init(_ folder: String) { self.folder = folder }

    func catalogue() -> [String: [UInt8]] {
      var found: [String: [UInt8]] = [:]
      for name in PowerCutTests.catalogueFiles {
        found[name] = FileManager.default.contents(atPath: "\(folder)/\(name)").map { Array($0) }
      }
      return found
    }

    func note(_ event: SyscallFaults.Event) {
      let moment = Moment(event: event, catalogue: catalogue())
      moments.withLock { $0.append(moment) }
    }
  }

  @Test(
    "whatever the device has when the power fails, each complete backup is restored, and rebuild brings back every setting",
    arguments: RepositoryOperation.allCases)
  func powerCut(_ operation: RepositoryOperation) throws {
    let test = try TestRepository()
    try operation.prepare(test)
    let folder = test.folder.location("repo")
    var model = CrashModel(folder, without: Self.isCatalogue)
    let recorder = Recorder(folder)
    try SyscallFaults(recordsData: true, afterCall: { recorder.note($0) }).run { try operation.run(test) }
    let moments = recorder.moments.withLock { $0 }
    var random = SeededRandom("power cut \(operation)")
    var seen: Set<[String: [UInt8]]> = []
    var states = 0
    let last = moments.count - 1
    for (number, moment) in moments.enumerated() {
      // The end itself is looked at too: what was said to be done is done.
      guard model.apply(moment.event) || number == last else { continue }
      for attempt in 0..<(Self.isLong ? 10 : 3) {
        let loss = CrashModel.Loss.allCases[min(attempt, 2)]
        var remains = model.remains(loss, &random)
        // Every other state lacks the catalogue as well.
        let isLost = (number + attempt).isMultiple(of: 2)
        if !isLost { remains.merge(moment.catalogue) { _, new in new } }
        guard seen.insert(remains).inserted else { continue }
        // Each takes its time.
        guard Self.isLong || number == last || seen.count.isMultiple(of: 4) else { continue }
        states += 1
        let label = "\(operation), call \(number) (\(moment.event.kind)), \(loss)\(isLost ? ", no catalogue" : "")"
        try look(at: remains, model.folders, operation, isDone: number == last, label)
      }
    }
    #expect(states > 1)
    print("power cuts: \(operation): \(moments.count) calls, \(states) states")
  }

  /// Lays out what is left of a repository, and expects it to be whole.
  private func look(
    at remains: [String: [UInt8]], _ folders: [String], _ operation: RepositoryOperation, isDone: Bool, _ label: String
  ) throws {
    let test: TestRepository
    do {
      test = try TestRepository(fill: { folder in
        for name in folders { try folder.makeFolder("repo/\(name)") }
        for (name, bytes) in remains { try folder.write("repo/\(name)", bytes) }
      })
    } catch {
      Issue.record("\(label): it cannot be opened: \(error)")
      return
    }
    let records = try operation.expectIntact(test, test.repository, label)
    if isDone { #expect(operation.isDone(records), "\(label)") }
    // With what the checks have written down.
    let now = try test.repository.records()
    let rebuilt = try Repository.rebuild(test.storage)
    #expect(rebuilt.problems.isEmpty, "\(label): \(rebuilt.problems)")
    #expect(try test.reopened().records() == now, "\(label): rebuilt")
    // Life goes on, and nothing is left lying about.
    try test.reopen()
    _ = try test.backUp("after", parent: .automatic)
    #expect(try test.repository.removeLeftovers() == 0, "\(label)")
    #expect(try test.storage.names(in: .partial).isEmpty, "\(label)")
  }

  @Test(
    "a catalogue that is lost between any two calls of an operation costs nothing",
    arguments: RepositoryOperation.allCases)
  func lostCatalogue(_ operation: RepositoryOperation) throws {
    var call = 0
    var total = 1
    while call < total {
      let test = try TestRepository()
      try operation.prepare(test)
      let folder = test.folder.location("repo")
      let counter = Monitor(0)
      let wanted = call
      let faults = SyscallFaults(afterCall: { _ in
        let number = counter.withLock { count in
          defer { count += 1 }
          return count
        }
        guard number == wanted else { return }
        // Sometimes its journal stays.
        let names =
          ["catalogue.sqlite"] + (wanted.isMultiple(of: 3) ? [] : ["catalogue.sqlite-wal", "catalogue.sqlite-shm"])
        for name in names { _ = unsafe unlink("\(folder)/\(name)") }
      })
      // Whether the operation notices is its own affair; that it loses nothing, and does what it says, is ours.
      var failed = false
      faults.run {
        do { try operation.run(test) } catch { failed = true }
      }
      total = counter.withLock { $0 }
      let label = "\(operation), lost after call \(call) of \(total)"
      let next = try test.reopened()
      let records = try operation.expectIntact(test, next, label)
      if !failed { #expect(operation.isDone(records), "\(label)") }
      try operation.expectIntact(test, try test.reopened(), "\(label), once more")
      #expect(try Repository.rebuild(test.storage).problems.isEmpty, "\(label)")
      try operation.expectIntact(test, try test.reopened(), "\(label), rebuilt")
      call += Self.isLong ? 1 : 11
    }
    print("lost catalogues: \(operation): \(total) places")
  }
}
