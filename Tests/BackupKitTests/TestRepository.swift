// SPDX-License-Identifier: Apache-2.0

// A repository for one test, with a clock that the test moves and content that it makes up.
import ArchiveKit
import BackupKit
import SystemIO
import TestSupport
import Testing

/// A time of day that stands still until somebody moves it.
final class TestClock: Sendable {
  private let time: Monitor<Timestamp>

  init(_ text: String = "2026-04-12T02:00:00Z") { time = Monitor(Timestamp(rfc3339: text) ?? Timestamp(seconds: 0)) }

  var now: Timestamp { time.withLock { $0 } }

  func set(_ text: String) { time.withLock { $0 = Timestamp(rfc3339: text) ?? $0 } }

  func advance(_ retention: Retention) { time.withLock { $0 = retention.end(from: $0) } }
}

/// Delivers one file, or fails.
final class ScriptedProducer: BackupProducer {
  private let bytes: [UInt8]
  /// What happens at each attempt, in order; nothing once it is used up.
  var failures: [BackupError]
  private(set) var attempts = 0
  var isRepeatable = true
  var warnings: UInt64 = 0
  /// Runs in the middle of an attempt.
  var during: () throws -> Void = {}

  init(_ text: String, failures: [BackupError] = []) {
    bytes = Array(text.utf8)
    self.failures = failures
  }

  func produce(into writer: ArchiveWriter, _ task: ProducerTask) throws(BackupError) -> ProducerReport {
    attempts += 1
    do throws(ArchiveError) {
      _ = try TreeArchiver(to: writer).archiveStream(
        Array("file".utf8), modified: Timestamp(seconds: 1), ScriptedStream(bytes))
    } catch {
      throw BackupError(error)
    }
    do { try during() } catch { throw BackupError(.sourceFailed, "\(error)") }
    if !failures.isEmpty { throw failures.removeFirst() }
    return ProducerReport(warnings: warnings)
  }
}

/// Delivers an array.
private final class ScriptedStream: ArchiveStream {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  func read(into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    let count = min(rest.count, room.freeCapacity)
    for byte in rest.prefix(count) { room.append(byte) }
    rest = rest.dropFirst(count)
    return count
  }
}

/// A fresh repository in a folder that goes away.
final class TestRepository {
  let folder: TemporaryFolder
  let storage: DirectoryStorage
  let clock = TestClock()
  private(set) var repository: Repository
  /// How long was paused between attempts, in nanoseconds.
  let pauses = Monitor<[UInt64]>([])

  /// - Parameter fill: writes a repository into the folder `repo`; without it an empty one is made.
  init(_ retention: Retention? = nil, fill: ((TemporaryFolder) throws -> Void)? = nil) throws {
    // Commands need not read all that they are given.
    _ = ToolRunner.ignoreBrokenPipes
    folder = try TemporaryFolder(inMemory: true)
    storage = DirectoryStorage(folder.path("repo"))
    if let fill {
      try fill(folder)
    } else {
      try Repository.create(in: storage, .init(createdAt: clock.now, retention: retention))
    }
    let (clock, pauses) = (clock, pauses)
    repository = try Repository(
      opening: storage, clock: { clock.now }, pause: { time in pauses.withLock { $0.append(time) } })
  }

  /// Opens it anew, as another process would.
  func reopened(_ rules: BackupRules = .init()) throws -> Repository {
    let (clock, pauses) = (clock, pauses)
    return try Repository(
      opening: storage, rules: rules, clock: { clock.now }, pause: { time in pauses.withLock { $0.append(time) } })
  }

  func reopen() throws { repository = try reopened() }

  /// Makes a backup, a minute after the last.
  @discardableResult
  func backUp(
    _ name: String? = nil, of instance: String = "db", parent: ParentChoice = .none, text: String = "content",
    _ configure: (inout BackupRequest) -> Void = { _ in }
  ) throws -> BackupRecord {
    clock.advance(try Retention(1, .hour))
    var request = BackupRequest(instance: instance)
    request.name = name
    request.parent = parent
    configure(&request)
    return try repository.backUp(request, from: ScriptedProducer(text))
  }

  func path(_ name: StorageName) -> String { folder.location("repo/\(name)") }

  func exists(_ name: StorageName) -> Bool { folder.contents("repo/\(name)") != nil }

  var names: [String] { get throws { try repository.records().map(\.name) } }

  /// What the file of a backup holds.
  func content(_ id: BackupID, in other: Repository? = nil) throws -> String {
    var bytes: [UInt8] = []
    try (other ?? repository).open(id).read(Array("file".utf8)) { (span: RawSpan) throws(ArchiveError) in
      for index in 0..<span.byteCount { bytes.append(unsafe span.unsafeLoad(fromByteOffset: index, as: UInt8.self)) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The error of a body that must throw one of a code.
@discardableResult
func expectError<Result>(
  _ code: BackupError.Code, _ body: () throws -> Result, sourceLocation: SourceLocation = #_sourceLocation
) -> BackupError? {
  do {
    _ = try body()
    Issue.record("nothing was thrown, \(code) was expected", sourceLocation: sourceLocation)
  } catch let error as BackupError {
    #expect(error.code == code, "\(error.reason)", sourceLocation: sourceLocation)
    return error
  } catch {
    Issue.record("\(error)", sourceLocation: sourceLocation)
  }
  return nil
}
