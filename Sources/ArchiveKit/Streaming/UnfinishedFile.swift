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
