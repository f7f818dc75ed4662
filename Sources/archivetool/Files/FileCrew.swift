// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

/// Works on several files at once.
///
/// Files are begun in their order, and what there is to say of them is said in their order, as with one thread. Small
/// files have one thread each; of the large ones, one at a time has as many as there are, so that a single one does not
/// keep a run waiting and many do not get in each other's way. At most twice as many threads work as there are to be.
final class FileCrew: @unchecked Sendable {
  // Only `tasks` changes once threads run; the rest is set before, and read by all. The work is given a session of its
  // own for each file, and nothing else that could change.

  /// Does one file, with some threads.
  typealias Work = (_ session: Session, _ path: Path, _ threads: Int) throws(Failure) -> Void

  /// A file on its way. It belongs to the thread that works on it, and when it is done to the one that says so.
  private final class Task: @unchecked Sendable {
    let session: Session
    let path: Path
    /// What the output will be called, as far as the name tells.
    let key: [UInt8]

    init(_ session: Session, _ path: Path, key: [UInt8]) {
      self.session = session
      self.path = path
      self.key = key
    }
  }

  private struct Tasks {
    var waiting: [Task] = []
    var done: Set<ObjectIdentifier> = []
    /// How many threads wait for something to do.
    var idle = 0
    /// How many threads there are.
    var crew = 0
    var hasLargeOne = false
    var isClosed = false
  }

  private let session: Session
  private let threads: Int
  private let work: Work
  private let tasks = Monitor(Tasks())

  /// Files from this size on are worth several threads.
  private static let largeFile: Int64 = 8 << 20
  /// So many files may be done before one that is still worked on.
  private static let longestWait = 4096

  /// - Parameters:
  ///   - session: the run.
  ///   - threads: how many files to work on at once.
  ///   - work: does one file.
  init(_ session: Session, threads: Int, _ work: @escaping Work) {
    self.session = session
    self.threads = threads
    self.work = work
  }

  /// Does all files of a list, and goes on after failures.
  ///
  /// - Parameters:
  ///   - list: the inputs; standard input must not be among them.
  ///   - key: what the output of a file will be called: of two with the same, the second waits for the first.
  func run(_ list: consuming InputList, key: (Path) -> [UInt8]) {
    var order: [Task] = []
    var first = 0
    var latest: [[UInt8]: Task] = [:]
    while let item = list.next() {
      switch item {
      case .standardInput: continue
      case .skipped(let failure), .failed(let failure):
        let task = Task(session.branch(), Path([]), key: [])
        task.session.attempt { () throws(Failure) in throw failure }
        order.append(task)
        tasks.withLock { _ = $0.done.insert(ObjectIdentifier(task)) }
      case .file(let path):
        let key = key(path)
        if let other = latest[key] { tasks.wait { $0.done.contains(ObjectIdentifier(other)) } }
        let task = Task(session.branch(), path, key: key)
        order.append(task)
        latest[key] = task
        submit(task)
      }
      while first < order.count, isDone(order[first]) || order.count - first > Self.longestWait {
        finish(order[first])
        if latest[order[first].key] === order[first] { latest[order[first].key] = nil }
        first += 1
      }
      if first >= Self.longestWait {
        order.removeFirst(first)
        first = 0
      }
    }
    tasks.withLock { $0.isClosed = true }
    for task in order[first...] { finish(task) }
    tasks.wait { $0.crew == 0 }
  }

  private func isDone(_ task: Task) -> Bool { tasks.withLock { $0.done.contains(ObjectIdentifier(task)) } }

  /// Waits for a file, and says what there is to say of it.
  private func finish(_ task: Task) {
    tasks.wait { $0.done.contains(ObjectIdentifier(task)) }
    tasks.withLock { _ = $0.done.remove(ObjectIdentifier(task)) }
    session.reporter.replay(task.session.reporter)
  }

  private func submit(_ task: Task) {
    // A thread for every file that finds nobody idle, up to the limit.
    let number = tasks.withLock { tasks -> Int? in
      tasks.waiting.append(task)
      guard tasks.idle < tasks.waiting.count, tasks.crew < threads else { return nil }
      tasks.crew += 1
      return tasks.crew
    }
    guard let number else { return }
    do throws(IOError) {
      _ = try BackgroundThread(name: "file \(number)") { [self] in
        while let task = next() { perform(task) }
        tasks.withLock { $0.crew -= 1 }
      }
    } catch {
      // Without any thread this one does it.
      let own = tasks.withLock { tasks -> Task? in
        tasks.crew -= 1
        return tasks.crew == 0 ? tasks.waiting.popLast() : nil
      }
      if let own { perform(own) }
    }
  }

  private func next() -> Task? {
    while true {
      tasks.withLock { $0.idle += 1 }
      tasks.wait { !$0.waiting.isEmpty || $0.isClosed }
      let (task, isClosed) = tasks.withLock { tasks in
        tasks.idle -= 1
        return (tasks.waiting.isEmpty ? nil : tasks.waiting.removeFirst(), tasks.isClosed)
      }
      if let task { return task }
      if isClosed { return nil }
    }
  }

  private func perform(_ task: Task) {
    let isLarge = ((try? FileSystem.status(of: task.path))?.size ?? 0) >= Self.largeFile
    let hasAll =
      isLarge
      && tasks.withLock { tasks in
        defer { tasks.hasLargeOne = true }
        return !tasks.hasLargeOne
      }
    task.session.attempt { () throws(Failure) in try work(task.session, task.path, hasAll ? threads : 1) }
    tasks.withLock { tasks in
      if hasAll { tasks.hasLargeOne = false }
      tasks.done.insert(ObjectIdentifier(task))
    }
  }
}
