// SPDX-License-Identifier: Apache-2.0

/// The chunks that the parent's tree uses, found by their digest.
internal import CodecKit

/// Where a chunk is stored in a chain.
struct ChunkReference: Hashable, Sendable {
  var ordinal: UInt32
  var number: UInt64
}

/// A table of all chunks that files of the parent are made of. Chunks that the chain stores for older versions alone are
/// left out, so that whatever deletes or merges these has to keep nothing else.
struct ParentChunks {
  private static let numberBits: UInt64 = 48

  private let parent: ArchiveReader
  /// Open addressing: the first bytes of the digest, and where the chunk is, plus one; zero for a free place.
  private var prints: [UInt64] = []
  private var places: [UInt64] = []
  private var mask = 0
  private var room = 0

  /// Reads the whole tree and the ids of its chunks.
  ///
  /// - Parameter maximumBytes: the memory that the table may take. Chunks that do not fit are stored again.
  init(_ parent: ArchiveReader, maximumBytes: Int) throws(ArchiveError) {
    self.parent = parent
    let used = try Self.used(parent)
    let count = used.reduce(0) { $0 + $1.ranges.reduce(0) { $0 + $1.count } }
    var size = 1 << 10
    while size * 3 / 4 < count, size * 2 * 16 <= maximumBytes { size *= 2 }
    prints = [UInt64](repeating: 0, count: size)
    places = [UInt64](repeating: 0, count: size)
    mask = size - 1
    room = size * 3 / 4
    for (ordinal, ranges) in used {
      try parent.checkMember(try parent.member(ordinal).depth)
      for range in ranges {
        var first = range.lowerBound
        while first < range.upperBound {
          let end = min(range.upperBound, first + 1 << 15)
          for (index, id) in try parent.ids(ordinal, first..<end).enumerated() {
            insert(id, ChunkReference(ordinal: ordinal, number: first + UInt64(index)))
          }
          first = end
        }
      }
    }
  }

  /// Where a chunk is; `nil` when no file of the parent has it.
  func find(_ id: SHA256Digest) throws(ArchiveError) -> ChunkReference? {
    let print = id.prefix
    var place = Int(truncatingIfNeeded: print) & mask
    while places[place] != 0 {
      if prints[place] == print {
        let value = places[place] - 1
        let number = value & (1 << Self.numberBits - 1)
        let found = ChunkReference(ordinal: UInt32(value >> Self.numberBits), number: number)
        if try parent.id(found) == id { return found }
      }
      place = (place + 1) & mask
    }
    return nil
  }

  private mutating func insert(_ id: SHA256Digest, _ reference: ChunkReference) {
    guard room > 0 else { return }
    var place = Int(truncatingIfNeeded: id.prefix) & mask
    while places[place] != 0 { place = (place + 1) & mask }
    prints[place] = id.prefix
    places[place] = (UInt64(reference.ordinal) << Self.numberBits | reference.number) + 1
    room -= 1
  }

  /// The chunks that the tree uses, each once, by the archive they are in.
  private static func used(
    _ parent: ArchiveReader
  ) throws(ArchiveError) -> [(ordinal: UInt32, ranges: [Range<UInt64>])] {
    var used: [UInt32: [Range<UInt64>]] = [:]
    var cursor = parent.entries()
    while let entry = try cursor.next() {
      guard entry.kind == .file, entry.size > 0 else { continue }
      try parent.forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
        guard case .chunks(let ordinal, let first, let count, _) = run else { return }
        guard first + count < 1 << numberBits else { throw .corrupt("a chunk has an impossible number") }
        used[ordinal, default: []].extend(with: first..<(first + count))
      }
    }
    return used.sorted { $0.key < $1.key }.map { ($0.key, ChunkRanges($0.value).ranges) }
  }
}

extension [Range<UInt64>] {
  /// Appends a range. Files mostly use what was stored one after another.
  fileprivate mutating func extend(with range: Range<UInt64>) {
    if let last, last.upperBound == range.lowerBound {
      self[count - 1] = last.lowerBound..<range.upperBound
    } else {
      append(range)
    }
  }
}
