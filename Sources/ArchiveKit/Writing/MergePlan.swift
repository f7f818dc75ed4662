// SPDX-License-Identifier: Apache-2.0

/// What a merge takes of each ancestor.
internal import CodecKit

/// The blocks of ancestors that a tree needs, and the numbers that their chunks get.
struct MergePlan {
  /// A data block, and what is taken of it.
  struct Block {
    var holder: UInt32
    var record: BlockRecord
    /// Whether it is copied as it is.
    var isWhole: Bool
    /// What is taken, by the numbers in the archive that holds it.
    var chunks: [Range<UInt64>]
  }

  let residence: Residence
  /// By the ordinal of the chunks, in their order.
  private(set) var blocks: [[Block]] = []

  /// Of this part of its chunks at least, in tenths, a block must be needed to be copied as it is.
  private static let leastNeeded: UInt64 = 7

  /// - Throws: what says that an ancestor is missing, or is not what it should be.
  init(_ archive: ArchiveReader) throws(ArchiveError) {
    let depth = archive.own.depth
    try archive.checkContentRoot()
    for ordinal in 0..<depth { try archive.checkMember(try archive.member(ordinal).depth) }
    var chunks = [[Range<UInt64>]](repeating: [], count: Int(depth))
    var index = [Set<UInt64>](repeating: [], count: Int(depth))
    for leaf in archive.leaves where leaf.ordinal < depth {
      index[Int(leaf.ordinal)].insert(leaf.block)
      if try Self.hasStamps(archive, leaf) { index[Int(leaf.ordinal)].insert(leaf.block + 1) }
    }
    var cursor = archive.entries()
    while let entry = try cursor.next() {
      guard entry.kind == .file, entry.size > 0 else { continue }
      if case .maps(let maps) = entry.content {
        for map in maps where map.ordinal < depth { index[Int(map.ordinal)].insert(map.block) }
      }
      try archive.forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
        guard case .chunks(let ordinal, let first, let count, _) = run, ordinal < depth else { return }
        chunks[Int(ordinal)].append(first..<(first + count))
      }
    }
    var members: [Residence.Member] = []
    for ordinal in 0..<depth {
      let member = try archive.member(ordinal)
      var held: [Residence.Run] = []
      var needed: [Block] = []
      for block in try Self.blocks(member, ordinal, ChunkRanges(chunks[Int(ordinal)]).ranges, &held) {
        _ = try archive.holder(member.depth)
        needed.append(block)
      }
      blocks.append(needed)
      members.append(
        Residence.Member(
          chunks: try archive.idTable(ordinal).count, directory: try Self.directory(member, ordinal), held: held,
          index: Self.runs(index[Int(ordinal)].sorted())))
    }
    residence = Residence(members, chunks: archive.own.ids.count, indexBlocks: archive.own.ownIndexBlocks)
  }

  private static func hasStamps(_ archive: ArchiveReader, _ leaf: LeafRecord) throws(ArchiveError) -> Bool {
    let member = try archive.member(leaf.ordinal)
    guard let place = try? member.place(leaf.ordinal, index: leaf.block + 1) else { return false }
    return try member.frames.header(at: try member.index.record(place).offset).kind == FrameKind.stamps.rawValue
  }

  private static func directory(_ member: ChainMember, _ ordinal: UInt32) throws(ArchiveError) -> SHA256Digest {
    if member.depth == ordinal { return try member.directory().digest }
    guard let part = member.residence?.members[Int(ordinal)] else { throw .corrupt("an ancestor is not there") }
    return part.directory
  }

  private static func runs(_ numbers: [UInt64]) -> [Residence.Run] {
    var runs: [Residence.Run] = []
    for number in numbers {
      if let last = runs.last, last.first + last.count == number {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(Residence.Run(first: number, count: 1))
      }
    }
    return runs
  }

  /// The blocks that hold some chunks.
  ///
  /// - Parameters:
  ///   - needed: the chunks, by the numbers in their own archive, in order and apart from each other.
  ///   - held: gets what is taken, by the same numbers.
  private static func blocks(
    _ member: ChainMember, _ ordinal: UInt32, _ needed: [Range<UInt64>], _ held: inout [Residence.Run]
  ) throws(ArchiveError) -> [Block] {
    var blocks: [Block] = []
    var places: [Range<UInt64>] = []
    for range in needed {
      let place = try member.place(ordinal, range.lowerBound, UInt64(range.count))
      places.append(place..<(place + UInt64(range.count)))
    }
    var next = 0
    while next < places.count {
      var (number, record) = try member.block(ofChunk: places[next].lowerBound)
      while true {
        let end = number + 1 < member.blocks.count ? try member.blocks.record(number + 1).firstChunk : member.chunkCount
        guard end > record.firstChunk else { throw .corrupt("the table of blocks is not in order") }
        let all = record.firstChunk..<end
        var taken: [Range<UInt64>] = []
        while next < places.count, places[next].lowerBound < end {
          taken.append(places[next].clamped(to: all))
          if places[next].upperBound > end { break }
          next += 1
        }
        let count = taken.reduce(0) { $0 + UInt64($1.count) }
        let isWhole = count * 10 >= UInt64(all.count) * leastNeeded
        if isWhole { taken = [all] }
        blocks.append(Block(holder: member.depth, record: record, isWhole: isWhole, chunks: taken))
        for range in taken { try hold(range, member, ordinal, &held) }
        // A range that goes on behind the block.
        guard next < places.count, places[next].lowerBound < end else { break }
        number += 1
        record = try member.blocks.record(number)
      }
    }
    return blocks
  }

  /// Notes chunks that are taken, by the numbers in their own archive.
  private static func hold(
    _ range: Range<UInt64>, _ member: ChainMember, _ ordinal: UInt32, _ held: inout [Residence.Run]
  ) throws(ArchiveError) {
    var origins: [Range<UInt64>] = []
    if member.depth == ordinal {
      origins = [range]
    } else {
      try member.residence?.forEachOrigin(of: range) { (origin, chunks) throws(ArchiveError) in
        guard origin == ordinal else { throw .corrupt("a block holds chunks of several archives") }
        origins.append(chunks)
      }
    }
    for origin in origins {
      if let last = held.last, last.first + last.count == origin.lowerBound {
        held[held.count - 1].count += UInt64(origin.count)
      } else {
        held.append(Residence.Run(first: origin.lowerBound, count: UInt64(origin.count)))
      }
    }
  }
}
