// SPDX-License-Identifier: Apache-2.0

/// The chunks that are stored already, found by their digest.
internal import CodecKit

/// Numbers chunks in the order in which they are first seen.
struct ChunkTable {
  /// The digests, by number.
  private(set) var ids = DigestList()
  /// Open addressing: the number plus one; zero for a free place.
  private var places: [UInt32]
  private var mask: Int

  init() {
    places = [UInt32](repeating: 0, count: 1 << 12)
    mask = places.count - 1
  }

  /// Starts with chunks that have numbers already.
  init(_ ids: [SHA256Digest]) {
    self.init()
    for id in ids { append(id) }
  }

  var count: Int { ids.count }

  func contains(_ id: SHA256Digest) -> Bool {
    var place = Int(truncatingIfNeeded: id.prefix) & mask
    while places[place] != 0 {
      if ids[Int(places[place]) - 1] == id { return true }
      place = (place + 1) & mask
    }
    return false
  }

  /// The number of a chunk.
  ///
  /// - Returns: the number, and whether the chunk is new.
  mutating func insert(_ id: SHA256Digest) throws(ArchiveError) -> (number: UInt64, isNew: Bool) {
    var place = Int(truncatingIfNeeded: id.prefix) & mask
    while true {
      let stored = places[place]
      if stored == 0 { break }
      if ids[Int(stored) - 1] == id { return (UInt64(stored) - 1, false) }
      place = (place + 1) & mask
    }
    guard ids.count < Int(UInt32.max) - 1 else {
      throw ArchiveError(.limitExceeded, "there are more chunks than one archive can have")
    }
    append(id, at: place)
    return (UInt64(ids.count) - 1, true)
  }

  private mutating func append(_ id: SHA256Digest) {
    var place = Int(truncatingIfNeeded: id.prefix) & mask
    while places[place] != 0 { place = (place + 1) & mask }
    append(id, at: place)
  }

  private mutating func append(_ id: SHA256Digest, at place: Int) {
    ids.append(id)
    places[place] = UInt32(ids.count)
    if ids.count * 4 > places.count * 3 { grow() }
  }

  private mutating func grow() {
    mask = places.count * 2 - 1
    places = [UInt32](repeating: 0, count: mask + 1)
    for (number, id) in ids.enumerated() {
      var place = Int(truncatingIfNeeded: id.prefix) & mask
      while places[place] != 0 { place = (place + 1) & mask }
      places[place] = UInt32(number + 1)
    }
  }
}
