// SPDX-License-Identifier: Apache-2.0

/// What a merged archive holds of its ancestors.
internal import CodecKit

/// Which chunks and index blocks of each ancestor lie inside of an archive, and so under which numbers.
///
/// Chunks of the archive itself have their own numbers; behind them follow those of the full archive that are held, in
/// the order of their numbers there, then those of the first increment, and so on. Blocks of the index do the same.
struct Residence: Hashable, Sendable {
  /// Things that have consecutive numbers, both in their archive and in the one that holds them.
  struct Run: Hashable, Sendable {
    /// The first number in their own archive.
    var first: UInt64
    var count: UInt64
    /// The first number in the archive that holds them.
    var place: UInt64 = 0
  }

  /// What is held of one ancestor.
  struct Member: Hashable, Sendable {
    /// The chunks that it has in all.
    var chunks: UInt64
    /// Of the raw bytes of its directory, so that its contentRoot can be computed.
    var directory: SHA256Digest
    /// The chunks that are held.
    var held: [Run]
    /// The index blocks that are held.
    var index: [Run]
  }

  /// By ordinal.
  private(set) var members: [Member]
  /// Chunks of the archive itself.
  let ownChunks: UInt64
  /// Index blocks of the archive itself.
  let ownIndexBlocks: UInt64
  /// Chunks of all archives together.
  private(set) var chunks: UInt64
  /// Index blocks of all archives together.
  private(set) var indexBlocks: UInt64

  /// - Parameters:
  ///   - members: what is held, in the order of ordinals; the places are found out here.
  ///   - chunks: the chunks of the archive itself.
  ///   - indexBlocks: its index blocks.
  init(_ members: [Member], chunks: UInt64, indexBlocks: UInt64) {
    self.members = members
    (ownChunks, ownIndexBlocks) = (chunks, indexBlocks)
    (self.chunks, self.indexBlocks) = (chunks, indexBlocks)
    for number in members.indices {
      Self.settle(&self.members[number].held, &self.chunks)
      Self.settle(&self.members[number].index, &self.indexBlocks)
    }
  }

  private static func settle(_ runs: inout [Run], _ next: inout UInt64) {
    for index in runs.indices {
      runs[index].place = next
      next &+= runs[index].count
    }
  }

  // MARK: - Places

  /// The number under which the first of some chunks of an ancestor lies here, when all of them do.
  func place(_ ordinal: UInt32, _ first: UInt64, _ count: UInt64) -> UInt64? {
    ordinal < UInt32(members.count) ? Self.place(members[Int(ordinal)].held, first, count) : nil
  }

  /// The number under which an index block of an ancestor lies here.
  func place(_ ordinal: UInt32, index number: UInt64) -> UInt64? {
    ordinal < UInt32(members.count) ? Self.place(members[Int(ordinal)].index, number, 1) : nil
  }

  private static func place(_ runs: [Run], _ first: UInt64, _ count: UInt64) -> UInt64? {
    let index = runs.partition { $0.first <= first }
    guard index > 0 else { return nil }
    let run = runs[index - 1]
    let (end, overflow) = first.addingReportingOverflow(count)
    guard !overflow, end <= run.first + run.count else { return nil }
    return run.place + (first - run.first)
  }

  /// The archive of an index block, and the number that it has there; `nil` when it is the archive's own.
  func origin(ofIndex place: UInt64) -> (ordinal: UInt32, number: UInt64)? {
    for (ordinal, member) in members.enumerated() {
      guard let final = member.index.last, final.place + final.count > place else { continue }
      let index = member.index.partition { $0.place <= place }
      guard index > 0 else { continue }
      let run = member.index[index - 1]
      guard place < run.place + run.count else { continue }
      return (UInt32(ordinal), run.first + (place - run.place))
    }
    return nil
  }

  /// Visits the archives, and the numbers in them, of chunks by the numbers they have here.
  func forEachOrigin(
    of range: Range<UInt64>, _ body: (UInt32, Range<UInt64>) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    for (ordinal, member) in members.enumerated() {
      guard let first = member.held.first, let final = member.held.last, first.place < range.upperBound,
        final.place + final.count > range.lowerBound
      else { continue }
      var index = member.held.partition { $0.place + $0.count <= range.lowerBound }
      while index < member.held.count, member.held[index].place < range.upperBound {
        let run = member.held[index]
        index += 1
        let part = range.clamped(to: run.place..<(run.place + run.count))
        let start = run.first + (part.lowerBound - run.place)
        try body(UInt32(ordinal), start..<(start + UInt64(part.count)))
      }
    }
  }
}

extension [Residence.Run] {
  /// How many of the first runs a condition holds for, which holds for none behind them.
  fileprivate func partition(_ condition: (Residence.Run) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension Residence {
  /// The most bytes that are read.
  static let maximumLength = 1 << 30
  /// Numbers stay below this.
  private static let numberLimit: UInt64 = 1 << 56

  func encoded() -> [UInt8] {
    var writer = FieldWriter()
    writer.varint(ownChunks)
    writer.varint(ownIndexBlocks)
    for member in members {
      writer.varint(member.chunks)
      writer.digest(member.directory)
      for runs in [member.held, member.index] {
        writer.varint(runs.count)
        var next: UInt64 = 0
        for run in runs {
          writer.varint(run.first - next)
          writer.varint(run.count)
          next = run.first + run.count
        }
      }
    }
    return writer.bytes
  }

  /// - Parameters:
  ///   - bytes: the raw bytes of all frames, one after another.
  ///   - depth: the ancestors there are.
  init(_ bytes: [UInt8], depth: UInt32) throws(ArchiveError) {
    var reader = FieldReader(bytes)
    let chunks = try reader.varint()
    let own = try reader.varint()
    guard chunks < Self.numberLimit, own < Self.numberLimit else { throw Self.impossible }
    var members: [Member] = []
    var (allChunks, allBlocks) = (chunks, own)
    for _ in 0..<depth {
      let total = try reader.varint()
      let directory = try reader.digest()
      guard total < Self.numberLimit else { throw Self.impossible }
      let held = try Self.runs(&reader, limit: total)
      let index = try Self.runs(&reader, limit: Self.numberLimit)
      allChunks = held.reduce(allChunks) { $0 &+ $1.count }
      allBlocks = index.reduce(allBlocks) { $0 &+ $1.count }
      guard allChunks < Self.numberLimit, allBlocks < Self.numberLimit else { throw Self.impossible }
      members.append(Member(chunks: total, directory: directory, held: held, index: index))
    }
    try reader.finish()
    self.init(members, chunks: chunks, indexBlocks: own)
  }

  private static func runs(_ reader: inout FieldReader, limit: UInt64) throws(ArchiveError) -> [Run] {
    let count = try reader.count(eachAtLeast: 2)
    var runs: [Run] = []
    runs.reserveCapacity(count)
    var next: UInt64 = 0
    for index in 0..<count {
      let skipped = try reader.varint()
      let length = try reader.varint()
      let (first, over) = next.addingReportingOverflow(skipped)
      let (end, tooFar) = first.addingReportingOverflow(length)
      // Runs that touch would be one.
      guard !over, !tooFar, length > 0, end <= limit, index == 0 || skipped > 0 else { throw impossible }
      runs.append(Run(first: first, count: length))
      next = end
    }
    return runs
  }

  private static var impossible: ArchiveError {
    .corrupt("what the archive says of the parts of its ancestors is impossible")
  }
}
