// SPDX-License-Identifier: Apache-2.0

// The queue, activities, and the view of the records.
import BackupKit
import SystemIO
import TestSupport
import Testing
import TextFormats

@testable import BackupService

/// Work that does what a test says.
private final class ScriptedWork: WorkQueue.Work {
  private let action: @Sendable (Int) -> UInt64?
  private let runs = Monitor(0)
  let outcome = Monitor<String?>(nil)

  init(_ action: @escaping @Sendable (Int) -> UInt64?) { self.action = action }

  func run() -> UInt64? {
    let number = runs.withLock { runs in
      runs += 1
      return runs
    }
    let again = action(number)
    if again == nil { outcome.withLock { $0 = "done after \(number)" } }
    return again
  }

  func giveUp(_ reason: String) { outcome.withLock { $0 = reason } }
}

/// Work that begins, and waits until it may end.
private struct GatedWork {
  private let started = Monitor(false)
  private let gate = Monitor(false)
  let work: ScriptedWork

  init() {
    work = ScriptedWork { [started, gate] _ in
      started.withLock { $0 = true }
      gate.wait { $0 }
      return nil
    }
  }

  func awaitStart() { started.wait { $0 } }
  func letGo() { gate.withLock { $0 = true } }
}

@Suite("work")
struct WorkQueueTests {
  @Test("what waits for its next attempt leaves its thread to others", .timeLimit(.minutes(2)))
  func delays() throws {
    let queue = try WorkQueue(threads: 1, length: 10)
    let gate = Monitor(false)
    let first = ScriptedWork { number in
      if number > 1 { gate.wait { $0 } }
      return number == 1 ? 1_000_000 : nil
    }
    // The only thread is not held by the first while that waits for an hour.
    let patient = ScriptedWork { number in number == 1 ? 3_600_000_000_000 : nil }
    let second = ScriptedWork { _ in nil }
    #expect(queue.add(patient) && queue.add(second))
    second.outcome.wait { $0 != nil }
    #expect(queue.add(first))
    gate.withLock { $0 = true }
    first.outcome.wait { $0 != nil }
    #expect(first.outcome.withLock { $0 } == "done after 2")
    #expect(queue.load.waiting == 1)
    queue.close("the end")
    #expect(patient.outcome.withLock { $0 } == "the end")
    #expect(!queue.add(second), "it is closed")
  }

  @Test("only so much may wait", .timeLimit(.minutes(2)))
  func bounds() throws {
    let queue = try WorkQueue(threads: 1, length: 1)
    let first = GatedWork()
    #expect(queue.add(first.work))
    first.awaitStart()
    let (second, third) = (ScriptedWork { _ in nil }, ScriptedWork { _ in nil })
    #expect(queue.add(second))
    #expect(!queue.add(third))
    #expect(queue.add(third, isBounded: false))
    first.letGo()
    third.outcome.wait { $0 != nil }
    queue.close("the end")
  }

  @Test("closing hurries what takes too long", .timeLimit(.minutes(2)))
  func hurry() throws {
    let queue = try WorkQueue(threads: 1, length: 1)
    let gated = GatedWork()
    #expect(queue.add(gated.work))
    gated.awaitStart()
    queue.close("the end", patience: 0) { gated.letGo() }
    #expect(gated.work.outcome.withLock { $0 } == "done after 1")
  }

  @Test("an activity keeps its last lines, with their numbers")
  func activities() {
    let activity = Activity()
    let line = String(repeating: "x", count: 1000)
    for number in 0..<500 { activity.add("\(number) \(line)") }
    let (lines, isEnd) = activity.lines(from: 0, limit: 10)
    #expect(lines.count == 10 && !isEnd && lines[0].number > 0)
    #expect(lines[0].text.hasPrefix("\(lines[0].number) "))
    activity.end()
    let last = activity.lines(from: 499, limit: 10)
    #expect(last.lines.map(\.number) == [499] && last.isEnd)
    #expect(activity.lines(from: 5000, limit: 10).isEnd)
  }

  @Test("the book forgets activities that are over, and none that goes on")
  func book() {
    let book = ActivityBook()
    let first = BackupID.random()
    _ = book.begin(first)
    for _ in 0..<300 { book.begin(.random()).end() }
    #expect(book[first] != nil)
  }

  private static func record(_ number: Int) -> BackupRecord {
    var record = BackupRecord(
      id: .random(), name: "n\(number)", instance: "i\(number % 3)", origin: "t",
      time: Timestamp(seconds: Int64(number)))
    record.account = "a\(number % 2)"
    return record
  }

  @Test("a view after another one is the same as one of its own")
  func viewsAfterOthers() {
    var random = SeededRandom("views after others")
    var records: [BackupRecord] = []
    var view = BackupView(number: 0, [])
    for number in 0..<200 {
      switch Int.random(in: 0..<6, using: &random) {
      case 0 where !records.isEmpty: records.remove(at: Int.random(in: records.indices, using: &random))
      case 1: records.insert(Self.record(number), at: Int.random(in: 0...records.count, using: &random))
      case 2 where !records.isEmpty:
        records[Int.random(in: records.indices, using: &random)].name = "renamed \(number)"
      default: records.append(Self.record(number))
      }
      view = BackupView(number: view.number + 1, records, after: view)
      let fresh = BackupView(number: 0, records)
      #expect(view.records == records && view.hasLeaving == fresh.hasLeaving)
      for record in records { #expect(view.place(of: record.id) == fresh.place(of: record.id)) }
      for account in [nil, "a0", "a1", "a2"] {
        for instance in [nil, "i0", "i1", "i2", "i3"] {
          let (some, others) = (
            view.selection(account: account, instance: instance), fresh.selection(account: account, instance: instance)
          )
          #expect(some.map(\.id) == others.map(\.id))
        }
      }
    }
  }

  @Test("a view finds records by account and instance, in order")
  func views() {
    let records = (0..<20).map(Self.record)
    let view = BackupView(number: 1, records)
    #expect(view.selection().map(\.name) == records.map(\.name))
    let some = view.selection(account: "a1", instance: "i0")
    #expect(some.map(\.name) == ["n3", "n9", "n15"])
    #expect(some.reversed().first?.name == "n15")
    for (place, record) in some.enumerated() { #expect(some.place(of: record) == place) }
    #expect(some.place(of: records[0]) == nil)
    #expect(view.selection(account: "none").isEmpty && view[records[5].id]?.name == "n5")
    #expect(view.selection().place(of: records[7]) == 7)
  }
}
