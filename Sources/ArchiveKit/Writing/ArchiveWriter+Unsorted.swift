// SPDX-License-Identifier: Apache-2.0

/// Entries that do not come in the order of the tree, as those of a tar stream: their content is written as it comes, and
/// the tree when all are there.
internal import CodecKit

/// What happens while entries come in any order.
enum UnsortedEvent {
  /// A file begins. Several may be in progress, told apart by a key.
  case begin(UInt64, ArchiveEntry)
  /// What follows belongs to this file.
  case select(UInt64)
  /// The selected file is complete.
  case end(ArchiveEntry)
  /// The selected file is given up.
  case abandon
  /// Something without content.
  case entry(ArchiveEntry)
  /// A further name of what a path stands for.
  case link([UInt8], to: [UInt8])
}

/// What came of entries in any order.
struct UnsortedOutcome {
  /// Further names of what was not there.
  var withoutTarget: [[UInt8]] = []
  /// What stood below something that is no directory, or was that something.
  var displaced: [[UInt8]] = []
}

/// The tree while entries come in any order.
final class UnsortedTree {
  /// A file that others have come between.
  final class Parked {
    var file: FileInProgress?

    init(_ file: consuming FileInProgress?) { self.file = file }
  }

  let entries: UnsortedEntries
  var parked: [UInt64: Parked] = [:]
  /// The key of the file that is not parked.
  var selected: UInt64?
  /// Entries before this one stand in provisional leaves.
  var named = 0
  /// Entries since the last checkpoint.
  var sinceCheckpoint: UInt64 = 0
  var outcome = UnsortedOutcome()

  init(depth: UInt32) { entries = UnsortedEntries(depth: depth) }
}

extension ArchiveWriter {
  /// The encoded runs that an entry in a provisional leaf may have when its file is not complete.
  private static let maximumUnfinishedLength = 64 << 10

  /// From here on entries come in any order, by `note(unsorted:)`, until `finishUnsorted`.
  func beginUnsorted() { unsorted = UnsortedTree(depth: superblock.depth) }

  func note(unsorted event: UnsortedEvent) throws(ArchiveError) { try note(.unsorted(event)) }

  /// Takes over what happened, in order.
  func replay(_ event: UnsortedEvent) throws(ArchiveError) {
    guard let unsorted else { throw ArchiveError(.invalidOption, "entries do not come in the order of their paths") }
    switch event {
    case .begin(let key, let entry):
      park(unsorted)
      unsorted.selected = key
      file = FileInProgress(entry)
    case .select(let key):
      guard key != unsorted.selected else { return }
      park(unsorted)
      guard let parked = unsorted.parked.removeValue(forKey: key) else {
        throw ArchiveError(.invalidOption, "a file goes on that has not begun")
      }
      unsorted.selected = key
      file = parked.file.take()
    case .abandon:
      file = nil
      unsorted.selected = nil
    case .end(let given):
      guard var complete = file.take() else {
        throw ArchiveError(.invalidOption, "a file ends that has not begun", path: given.path)
      }
      unsorted.selected = nil
      var (entry, length) = complete.finish(given)
      try placeContent(&complete, &entry)
      try unsorted.entries.add(entry, dataLength: length)
      try count()
    case .entry(let entry):
      try unsorted.entries.add(entry, dataLength: 0)
      try count()
    case .link(let path, let target):
      guard try unsorted.entries.addLink(path, to: target) else {
        unsorted.outcome.withoutTarget.append(path)
        return
      }
      try count()
    }
  }

  private func park(_ unsorted: UnsortedTree) {
    if let key = unsorted.selected { unsorted.parked[key] = UnsortedTree.Parked(file.take()) }
    unsorted.selected = nil
  }

  private func count() throws(ArchiveError) {
    unsorted?.sinceCheckpoint += 1
    if let count = unsorted?.sinceCheckpoint, count >= options.checkpointEntries { try checkpoint() }
  }

  /// Writes leaves with the entries since the last checkpoint, for whoever will not see the end.
  func writeProvisional(_ unsorted: UnsortedTree) throws(ArchiveError) {
    var encoder = TreeBlockEncoder()
    func add(_ entry: ArchiveEntry) throws(ArchiveError) {
      encoder.add(entry)
      if encoder.length >= TreeBuilder.leafTarget { try write(provisional: &encoder) }
    }
    let entries = unsorted.entries
    for number in unsorted.named..<entries.count where entries.isCurrent(number) {
      let first = entries.first(of: number)
      // The first name had no group when it was written.
      if first < unsorted.named, entries.isCurrent(first) { try add(try entries.entry(first)) }
      try add(try entries.entry(number))
    }
    unsorted.named = entries.count
    unsorted.sinceCheckpoint = 0
    var unfinished: [(UInt64, ArchiveEntry)] = []
    if let selected = unsorted.selected, let entry = file?.soFar() { unfinished.append((selected, entry)) }
    for (key, parked) in unsorted.parked {
      if let entry = parked.file?.soFar() { unfinished.append((key, entry)) }
    }
    for var (_, entry) in unfinished.sorted(by: { $0.0 < $1.0 }) where !entries.contains(entry.path) {
      // Content that is in maps already is left for the end.
      guard entry.size > 0, case .runs(let runs) = entry.content,
        MapBlock.inlineLength(runs) <= Self.maximumUnfinishedLength
      else { continue }
      entry.warnings.insert(.unreadable)
      try add(entry)
    }
    try write(provisional: &encoder)
  }

  private func write(provisional encoder: inout TreeBlockEncoder) throws(ArchiveError) {
    guard encoder.count > 0 else { return }
    state.add(provisional: state.indexBlocks, entries: UInt64(encoder.count), depth: depth)
    try writeIndexBlock(.tree, encoder.bytes, count: encoder.count, digest: nil, flags: .provisional)
    encoder.removeAll()
  }

  /// All entries are there: puts them into the tree.
  ///
  /// - Returns: what could not be.
  func finishUnsorted() throws(ArchiveError) -> UnsortedOutcome {
    try replayAll()
    guard let unsorted, unsorted.selected == nil, unsorted.parked.isEmpty else {
      throw ArchiveError(.invalidOption, "the last file has not ended")
    }
    self.unsorted = nil
    let (kept, lost) = try unsorted.entries.sorted()
    unsorted.outcome.displaced = lost.map { Array(unsorted.entries.path($0)) }
    for number in kept {
      let entry = try unsorted.entries.entry(number)
      let length = entry.kind == .file ? unsorted.entries.dataLength(number) : 0
      try enter(entry, nil, try parentEntry(at: entry.path), dataLength: length)
    }
    return unsorted.outcome
  }
}
