// SPDX-License-Identifier: Apache-2.0

/// The file that is open across checkpoints: begun, continued, completed or given up.

extension StreamExtractor {
  /// Plans what a checkpoint tells of the file that is not complete.
  func goOn(with entry: ArchiveEntry, _ path: [UInt8], _ runs: [ContentRun], _ work: StreamWork) {
    if let open, open.tail(of: runs) == nil {
      dropOpen(.corrupt("the file was read again from its beginning"), work.places)
    }
    if open == nil {
      guard let file = writer.beginUnfinished(entry, path), let number = try? work.places.number(of: path) else {
        return
      }
      self.open = UnfinishedFile(file, entry.path, number)
    }
    guard let open, let tail = open.tail(of: runs) else { return }
    open.file.become(entry)
    writer.plan(tail, of: open.file, from: open.length)
    open.runs = runs
    open.length = entry.size
  }

  /// Completes the open file when an entry is its.
  ///
  /// - Returns: whether the entry is done with.
  func finishOpen(_ entry: ArchiveEntry, _ runs: [ContentRun], _ work: StreamWork) throws(ArchiveError) -> Bool {
    guard let open, open.path == entry.path else { return false }
    guard entry.kind == .file, let tail = open.tail(of: runs) else {
      dropOpen(.corrupt("the file was read again from its beginning"), work.places)
      return false
    }
    guard writer.complete(open.file, as: entry, tail, from: open.length) else {
      dropOpen(.corrupt("the file is a further name of another"), work.places)
      return false
    }
    finished = open
    self.open = nil
    return true
  }

  /// Gives the open file up when its name or its bytes cannot be had.
  func checkOpen(_ work: StreamWork) throws(ArchiveError) {
    guard let open else { return }
    switch open.file.state {
    case .damaged(let error, _):
      if !options.keepsGoing, !options.keepsDamaged { throw error }
    // Its entry will be tried once more, and then be reported.
    case .failed(let error): dropOpen(error, work.places)
    default: break
    }
  }

  /// The open file will not be completed. Chunks in it can still be read.
  ///
  /// - Parameter isReported: whether that is a problem, so that it is kept where damaged files are.
  func dropOpen(_ error: ArchiveError, _ places: ChunkPlaces, isReported: Bool = false) {
    guard let dropped = open else { return }
    self.open = nil
    guard isReported else { return dropped.file.abandon(error) }
    if options.keepsDamaged {
      dropped.file.spoil(error)
      dropped.file.endPiece()
    } else {
      dropped.file.abandon(error)
    }
    writer.report.problems.append(.init(path: dropped.path, kind: .damaged, error: error.about(dropped.path)))
  }
}
