// SPDX-License-Identifier: Apache-2.0

/// A file that is written piece by piece, from one checkpoint to the next.
internal import SystemIO

/// A file whose entry has not come yet.
final class UnfinishedFile {
  let file: OutputFile
  /// The path it has in the archive.
  let path: [UInt8]
  /// What chunks in it are found by.
  let number: UInt64
  /// The content so far.
  var runs: [ContentRun] = []
  /// Its bytes.
  var length: UInt64 = 0

  init(_ file: OutputFile, _ path: [UInt8], _ number: UInt64) {
    self.file = file
    self.path = path
    self.number = number
  }

  /// What comes after the content so far in a longer one; `nil` when that does not begin with it: the file was read
  /// again from its beginning when the archive was made.
  func tail(of longer: [ContentRun]) -> [ContentRun]? {
    guard !runs.isEmpty else { return longer }
    let common = runs.count - 1
    guard longer.count > common, longer[..<common].elementsEqual(runs[..<common]) else { return nil }
    let rest = longer[(common + 1)...]
    switch (runs[common], longer[common]) {
    case (.hole(let had), .hole(let has)):
      return has < had ? nil : (has > had ? [.hole(length: has - had)] : []) + rest
    case (.chunks(let ordinal, let first, let had, let hadLength), .chunks(let other, let start, let has, let length)):
      guard ordinal == other, first == start else { return nil }
      if has == had, length == hadLength { return Array(rest) }
      guard has > had, length > hadLength else { return nil }
      return [.chunks(ordinal: ordinal, first: first + had, count: has - had, length: length - hadLength)] + rest
    default: return nil
    }
  }

  /// Notes that chunks of a run are in the file, unless a part of it was lost.
  func notePlace(of run: PlannedRun, _ places: ChunkPlaces, from start: UInt64) throws(ArchiveError) {
    guard case .waiting = file.state else { return }
    // Without a handle, what is removed later would take the chunks along.
    if !places.isPinned(number) {
      guard let handle = try? file.reopen() else { return }
      places.pin(number, handle)
    }
    try places.place(run, inFile: number, from: start)
  }
}

extension StreamExtractor {
  /// Plans what a checkpoint tells of the file that is not complete.
  func goOn(with entry: ArchiveEntry, _ path: [UInt8], _ runs: [ContentRun], _ work: StreamWork) {
    if let open, open.tail(of: runs) == nil {
      dropOpen(.corrupt("the file was read again from its beginning"), work.places)
    }
    if open == nil {
      guard let file = writer.begin(entry, path), let number = try? work.places.number(of: path) else { return }
      open = UnfinishedFile(file, entry.path, number)
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
    open = nil
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
