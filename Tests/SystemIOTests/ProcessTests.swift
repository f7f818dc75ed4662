// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SystemIO

@Suite("clocks, machine, threads and the registry")
struct ProcessTests {
  @Test(
    "times are written as RFC 3339",
    arguments: [
      (0, 0, "1970-01-01T00:00:00Z"), (-1, 0, "1969-12-31T23:59:59Z"), (951_782_400, 0, "2000-02-29T00:00:00Z"),
      (4_107_542_400, 0, "2100-03-01T00:00:00Z"), (1_709_208_000, 3, "2024-02-29T12:00:00.000Z"),
      (253_402_300_799, 0, "9999-12-31T23:59:59Z"), (253_402_300_800, 0, "+10000-01-01T00:00:00Z"),
      (-62_167_219_200, 0, "0000-01-01T00:00:00Z"), (-62_167_219_201, 0, "-0001-12-31T23:59:59Z"),
    ] as [(Int64, Int, String)])
  func rfc3339(seconds: Int64, digits: Int, text: String) {
    #expect(Timestamp(seconds: seconds).rfc3339(fractionDigits: digits) == text)
  }

  @Test("fractions are cut, and no number of seconds traps")
  func timestampEdges() {
    #expect(Timestamp(seconds: 0, nanoseconds: 987_654_321).rfc3339(fractionDigits: 3) == "1970-01-01T00:00:00.987Z")
    #expect(Timestamp(seconds: 0, nanoseconds: UInt32.max).nanoseconds == 999_999_999)
    #expect(Timestamp(seconds: Int64.max).description.hasSuffix("Z"))
    #expect(Timestamp(seconds: Int64.min).description.hasPrefix("-"))
    #expect(Timestamp(seconds: 1, nanoseconds: 2) < Timestamp(seconds: 1, nanoseconds: 3))
  }

  @Test("dates agree with Foundation")
  func dates() {
    var random = SeededRandom("dates")
    let formatter = ISO8601DateFormatter()
    for _ in 0..<500 {
      // After 1600, where Foundation changes to another calendar.
      let seconds = Int64.random(in: -11_000_000_000...200_000_000_000, using: &random)
      #expect(
        Timestamp(seconds: seconds).description
          == formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds))))
    }
  }

  @Test("clocks go forward and usage grows")
  func clocks() {
    let (start, cpu) = (MonotonicClock.now, ResourceUsage.threadNanoseconds)
    var sum: UInt64 = 0
    for index in 0..<100_000 as Range<UInt64> { sum ^= index &* index }
    #expect(sum != 1)
    #expect(MonotonicClock.now > start)
    #expect(ResourceUsage.threadNanoseconds > cpu)
    #expect(ResourceUsage.current.peakResidentBytes > 1 << 20)
    #expect(ResourceUsage.current.userNanoseconds > 0)
    #expect(abs(Double(WallClock.now.seconds) - Date().timeIntervalSince1970) < 60)
  }

  @Test("the machine tells what it was given")
  func machine() throws {
    #expect(Machine.coreCount >= 1)
    #expect(Machine.pageSize >= 4096)
    #expect(Machine.arguments.count == CommandLine.arguments.count)
    #expect(Machine.arguments.first.map { String(decoding: $0, as: UTF8.self) } == CommandLine.arguments.first)
    #expect(Machine.environment("PATH") == ProcessInfo.processInfo.environment["PATH"])
    #expect(Machine.environmentBytes("CODECKIT_NOT_SET") == nil)
    #expect(Machine.processIdentifier == ProcessInfo.processInfo.processIdentifier)
    #expect(!Terminal.isTerminal(-1))
    #expect(Terminal.width(-1) == nil)
    let null = try FileHandle.open("/dev/null")
    #expect(!Terminal.isTerminal(null.descriptor))
    #expect(Terminal.width(null.descriptor) == nil)
    try StandardDescriptors.ensureOpen()
  }

  @Test("modes keep twelve bits and print as four digits")
  func modes() {
    #expect(FileMode(rawValue: 0o104755).rawValue == 0o4755)
    #expect(FileMode(rawValue: 0o4755).isSetID)
    #expect(FileMode(rawValue: 0o4755).permissions.description == "0755")
    #expect(FileMode(rawValue: 7).description == "0007")
    let noProc = SyscallFaults([.init(.open, .fail(.noSuchFile))])
    #expect(noProc.run { FileMode.creationMask } == FileMode.creationMask)
  }

  @Test("a thread works, is waited for, and shares the plan of who started it")
  func thread() throws {
    let folder = try TemporaryFolder()
    let faults = SyscallFaults()
    let done = Monitor(0)
    try faults.run {
      let thread = try BackgroundThread(name: "a thread with a long name") {
        _ = try? replaceFile(folder.path("a"), with: [1])
        done.withLock { $0 += 1 }
      }
      done.wait { $0 == 1 }
      thread.join()
    }
    #expect(faults.count(of: .rename) == 1)
    let detached = try BackgroundThread(name: "detached") { done.withLock { $0 += 1 } }
    _ = consume detached
    done.wait { $0 == 2 }
  }

  @Test("waiting ends when the condition holds, or when the time is over")
  func monitor() throws {
    let monitor = Monitor(0)
    #expect(!monitor.wait(upTo: 1_000_000) { $0 == 1 })
    let thread = try BackgroundThread(name: "waiter") { monitor.withLock { $0 = 1 } }
    #expect(monitor.wait(upTo: 60_000_000_000) { $0 == 1 })
    #expect(monitor.wait(upTo: UInt64.max) { $0 == 1 })
    thread.join()
    #expect(monitor.withLock { $0 } == 1)
  }

  @Test("a temporary file is registered exactly as long as it is one")
  func registry() throws {
    let folder = try TemporaryFolder()
    var file = try AtomicFile(folder.path("a"))
    let first = file.temporary
    #expect(TemporaryRegistry.contains(first))
    try file.write([1])
    try file.commit(replacing: true, sync: false)
    #expect(!TemporaryRegistry.contains(first))
    let abandoned = try AtomicFile(folder.path("b"))
    let second = abandoned.temporary
    _ = consume abandoned
    #expect(!TemporaryRegistry.contains(second))
    // One that could not be removed stays registered, for the end of the process.
    let stuck = try AtomicFile(folder.path("c"))
    let third = stuck.temporary
    let faults = SyscallFaults([.init(.unlink, .fail(.inputOutput))])
    #expect(faults.run(stuck) == .inputOutput)
    #expect(TemporaryRegistry.contains(third))
    try FileSystem.remove(third)
    Signals.forgetTemporary(third)
    #expect(!TemporaryRegistry.contains(third))
    Signals.registerTemporary(third)
    #expect(TemporaryRegistry.contains(third))
    Signals.forgetTemporary(third)
  }

  @Test("a plan for the process sees other threads, and a plan of a thread does not")
  func scopes() throws {
    let mine = SyscallFaults([.init(nil, repeats: true, .fail(.inputOutput))])
    let other = Monitor<Errno?>(.exists)
    mine.run {
      #expect(errno { () throws(IOError) in _ = try FileSystem.status(of: "/") } == .inputOutput)
      // A Foundation thread does not inherit the plan.
      let thread = Thread { other.withLock { $0 = errno { () throws(IOError) in _ = try FileSystem.status(of: "/") } } }
      thread.start()
      other.wait { $0 != .exists }
    }
    #expect(other.withLock { $0 } == nil)
    // It watches alone: other tests run at the same time.
    let all = SyscallFaults()
    all.run(scope: .process) {
      let thread = Thread {
        other.withLock { $0 = errno { () throws(IOError) in _ = try FileSystem.status(of: "/none") } }
      }
      thread.start()
      other.wait { $0 != nil }
    }
    #expect(all.trace.contains { $0.kind == .stat && $0.path == "/none" })
  }
}

extension SyscallFaults {
  /// Discards a file under the plan.
  func run(_ file: consuming AtomicFile) -> Errno? {
    var file: AtomicFile? = consume file
    return run { () -> Errno? in
      guard let taken = file.take() else { return nil }
      do throws(IOError) {
        try taken.discard()
        return nil
      } catch {
        return error.errno
      }
    }
  }
}
