// SPDX-License-Identifier: Apache-2.0

/// A file while its content comes in, from several threads and in any order.
internal import CodecKit
internal import SystemIO

/// An open file that several places keep.
final class SharedFile: Sendable {
  let handle: FileHandle

  init(_ handle: consuming FileHandle) { self.handle = handle }
}

/// A file that is being extracted.
final class OutputFile: Sendable {
  /// What has become of it.
  enum State: Sendable {
    case waiting, complete
    /// Some bytes are lost.
    case damaged(ArchiveError, [Range<UInt64>])
    case failed(ArchiveError)
  }

  private struct Progress: ~Copyable {
    var entry: ArchiveEntry
    var handle: FileHandle?
    var isCreated = false
    /// Runs and pieces of them that have not ended yet.
    var pieces: Int
    /// The end of what has been written.
    var end: UInt64 = 0
    var state = State.waiting
    var metadataFault: ArchiveError?
  }

  /// The path below the target.
  let path: [UInt8]
  /// Whether something of that name is there, to be replaced when the file is complete.
  private let replaces: Bool
  private let temporaryName: [UInt8]
  private let session: ExtractionSession
  private let progress: Guarded<ProgressBox>

  /// Noncopyable state in a class, for the lock.
  private final class ProgressBox {
    var value: Progress
    init(_ value: consuming Progress) { self.value = value }
  }

  /// - Parameters:
  ///   - runs: how many runs of content will come; each ends with `endPiece`.
  init(
    _ entry: ArchiveEntry, at path: [UInt8], runs: Int, replaces: Bool, temporaryName: [UInt8],
    _ session: ExtractionSession
  ) {
    self.path = path
    self.replaces = replaces
    self.temporaryName = temporaryName
    self.session = session
    progress = Guarded(ProgressBox(Progress(entry: entry, pieces: runs)))
  }

  /// The entry, with the path it has in the archive.
  var entry: ArchiveEntry { progress.withLock { $0.value.entry } }
  /// What has become of it.
  var state: State { progress.withLock { $0.value.state } }
  /// What of its metadata could not be set.
  var metadataFault: ArchiveError? { progress.withLock { $0.value.metadataFault } }

  /// One piece more is under way.
  func beginPiece() { progress.withLock { $0.value.pieces += 1 } }

  /// A piece has been given, or there is nothing more of what was announced. After the last one the file is complete.
  func endPiece() {
    progress.withLock { box in
      box.value.pieces -= 1
      if box.value.pieces <= 0 {
        settle(&box.value)
      } else if box.value.handle != nil, session.hasTooManyOpenFiles {
        box.value.handle = nil
        session.didCloseFile()
      }
    }
  }

  /// Writes bytes.
  func write(_ bytes: RawSpan, at offset: UInt64) {
    progress.withLock { box in
      if case .failed = box.value.state { return }
      do throws(IOError) {
        try open(&box.value)
        try box.value.handle?.write(bytes, at: Int64(offset))
        box.value.end = max(box.value.end, offset + UInt64(bytes.byteCount))
      } catch {
        box.value.state = .failed(ArchiveError(error, path: box.value.entry.path))
      }
    }
  }

  /// Takes note of bytes that cannot be had.
  func lose(_ range: Range<UInt64>, _ error: ArchiveError) {
    progress.withLock { box in
      switch box.value.state {
      case .failed: break
      case .damaged(let first, let ranges): box.value.state = .damaged(first, ranges + [range])
      default: box.value.state = .damaged(error.about(box.value.entry.path), [range])
      }
    }
  }

  /// The entry has come, or another that tells more of it.
  func become(_ entry: ArchiveEntry) { progress.withLock { $0.value.entry = entry } }

  /// The file will not become what it should be: nothing more will come.
  func spoil(_ error: ArchiveError) {
    progress.withLock { box in
      if case .waiting = box.value.state { box.value.state = .damaged(error, []) }
    }
  }

  /// Another handle for what has been written so far, whatever becomes of the name; `nil` before the first byte.
  func reopen() throws(IOError) -> SharedFile? {
    try progress.withLock { (box) throws(IOError) -> SharedFile? in
      guard box.value.isCreated else { return nil }
      let (directory, name) = try session.target.place(of: path)
      return SharedFile(try directory.handle.openFile(workingName(name)))
    }
  }

  /// Gives the file up: what has been written of it goes.
  func abandon(_ error: ArchiveError) {
    progress.withLock { box in
      if case .complete = box.value.state { return }
      box.value.state = .failed(error)
      remove(&box.value)
    }
  }

  /// The name it has until it is complete.
  private func workingName(_ name: [UInt8]) -> [UInt8] { replaces ? temporaryName : name }

  private func open(_ progress: inout Progress) throws(IOError) {
    if progress.handle != nil { return }
    let (directory, name) = try session.target.place(of: path)
    let working = workingName(name)
    if progress.isCreated {
      progress.handle = try directory.handle.openFile(working, .writable)
    } else {
      progress.handle = try directory.handle.createFile(working)
      progress.isCreated = true
    }
    session.didOpenFile()
  }

  /// All pieces have come: metadata, and the name.
  private func settle(_ progress: inout Progress) {
    do throws(IOError) {
      switch progress.state {
      case .failed: return remove(&progress)
      case .damaged where !session.keepsDamaged: return remove(&progress)
      default: break
      }
      try open(&progress)
      guard let handle = progress.handle.take() else { return }
      session.didCloseFile()
      // A hole at the end, or lost bytes there.
      if progress.end < progress.entry.size { try handle.truncate(to: Int64(progress.entry.size)) }
      do throws(IOError) {
        try session.apply(progress.entry, to: handle)
      } catch {
        progress.metadataFault = ArchiveError(error, path: progress.entry.path)
      }
      if session.syncs { try handle.sync() }
      try handle.close()
      let (directory, name) = try session.target.place(of: path)
      if case .damaged = progress.state {
        // What has that name may be another file of the archive.
        try directory.handle.renameExclusively(workingName(name), to: name + Self.damagedSuffix)
        return
      }
      if replaces { try directory.handle.rename(temporaryName, to: name) }
      progress.state = .complete
      session.count(bytes: progress.entry.size)
    } catch {
      progress.state = .failed(ArchiveError(error, path: progress.entry.path))
      remove(&progress)
    }
  }

  private func remove(_ progress: inout Progress) {
    if progress.handle.take() != nil { session.didCloseFile() }
    guard progress.isCreated else { return }
    progress.isCreated = false
    guard let (directory, name) = try? session.target.place(of: path) else { return }
    try? directory.handle.remove(workingName(name))
  }

  static let damagedSuffix = Array(".damaged".utf8)
}
