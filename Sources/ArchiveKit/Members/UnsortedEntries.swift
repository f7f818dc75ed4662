// SPDX-License-Identifier: Apache-2.0

/// Entries that come in any order, until all are there and can be put into that of the tree.
internal import CodecKit

/// Holds entries in little memory: encoded, about as many bytes each as in the tree, and found by their paths.
///
/// Of entries with the same path the one that came last counts. What is asked for by number is what came, even when
/// something later has its path now.
final class UnsortedEntries {
  /// Where an entry is held.
  private struct Record {
    /// Which piece of memory, and where in it.
    var piece: UInt32
    var start: UInt32
    var length: UInt32
    /// The entry whose further name this is; its own number for all others.
    var first: UInt32
    /// The number of its hard link group plus one; 0 for none.
    var group: UInt32 = 0
    /// Whether nothing later has its path.
    var isCurrent = true
    /// The bytes of all chunks of its content.
    var dataLength: UInt64
  }

  private static let pieceLength = 1 << 20

  private let depth: UInt32
  private var pieces: [[UInt8]] = [[]]
  private var records: [Record] = []
  /// Open addressing by path: its hash above the number of the entry plus one; 0 for a free place.
  private var places = [UInt64](repeating: 0, count: 1 << 10)
  private var paths = 0
  private var groups: UInt32 = 0
  private var encoder = TreeBlockEncoder()

  /// - Parameter depth: that of the archive.
  init(depth: UInt32) { self.depth = depth }

  /// How many entries have come; their numbers count from 0.
  var count: Int { records.count }

  /// The memory that entries take.
  var heldBytes: Int {
    pieces.reduce(0) { $0 + $1.capacity } + records.capacity * MemoryLayout<Record>.stride + places.capacity * 8
  }

  // MARK: - Coming in

  /// Takes an entry.
  ///
  /// - Parameter dataLength: the bytes of all chunks of its content.
  func add(_ entry: ArchiveEntry, dataLength: UInt64) throws(ArchiveError) {
    try hold(entry, dataLength, first: nil)
  }

  /// Takes a further name of what a path stands for now.
  ///
  /// - Returns: whether it stands for something that can have one.
  func addLink(_ path: [UInt8], to target: [UInt8]) throws(ArchiveError) -> Bool {
    guard path != target, let known = number(of: target) else { return false }
    let first = Int(records[known].first)
    guard try entry(first).kind != .directory else { return false }
    if records[first].group == 0 {
      groups += 1
      records[first].group = groups
    }
    // The rest is the same as that of the first name.
    try hold(ArchiveEntry(path, .file), records[first].dataLength, first: first)
    return true
  }

  private func hold(_ entry: ArchiveEntry, _ dataLength: UInt64, first: Int?) throws(ArchiveError) {
    guard records.count < Int(UInt32.max) - 1 else {
      throw ArchiveError(.limitExceeded, "there are more members than one archive can have")
    }
    encoder.removeAll()
    encoder.add(entry)
    let bytes = encoder.bytes
    if let last = pieces.last, !last.isEmpty, last.count + bytes.count > Self.pieceLength { pieces.append([]) }
    let piece = pieces.count - 1
    if pieces[piece].isEmpty { pieces[piece].reserveCapacity(max(Self.pieceLength, bytes.count)) }
    let number = records.count
    records.append(
      Record(
        piece: UInt32(piece), start: UInt32(pieces[piece].count), length: UInt32(bytes.count),
        first: UInt32(first ?? number), dataLength: dataLength))
    pieces[piece] += bytes
    let (place, hash) = place(of: entry.path[...])
    if places[place] == 0 { paths += 1 } else { records[Self.number(places[place])].isCurrent = false }
    places[place] = hash << 32 | UInt64(number + 1)
    if paths * 4 > places.count * 3 { grow() }
  }

  // MARK: - Finding

  /// An entry, its further names as they are in the tree.
  func entry(_ number: Int) throws(ArchiveError) -> ArchiveEntry {
    let first = Int(records[number].first)
    var entry = try decode(first)
    if first != number { entry.path = Array(path(number)) }
    if records[first].group > 0 {
      entry.linkGroup = ArchiveEntry.LinkGroup(ordinal: depth, number: UInt64(records[first].group) - 1)
    }
    return entry
  }

  /// The entry of which another is a further name; itself when it is none.
  func first(of number: Int) -> Int { Int(records[number].first) }

  func dataLength(_ number: Int) -> UInt64 { records[number].dataLength }

  /// Whether nothing later has the path of an entry.
  func isCurrent(_ number: Int) -> Bool { records[number].isCurrent }

  /// Whether a path has an entry.
  func contains(_ path: [UInt8]) -> Bool { number(of: path) != nil }

  private func decode(_ number: Int) throws(ArchiveError) -> ArchiveEntry {
    let record = records[number]
    let bytes = pieces[Int(record.piece)][Int(record.start)..<Int(record.start + record.length)]
    var decoder = TreeBlockDecoder(Array(bytes), depth: depth)
    guard let entry = try decoder.next() else { throw .corrupt("an entry is lost") }
    return entry
  }

  /// The path of an entry, which its encoded form begins with: nothing shared, a length, the bytes.
  func path(_ number: Int) -> ArraySlice<UInt8> {
    let record = records[number]
    let piece = pieces[Int(record.piece)]
    var position = Int(record.start) + 1
    var (length, shift) = (0, 0)
    while true {
      let byte = Int(piece[position])
      position += 1
      length |= (byte & 0x7F) << shift
      shift += 7
      if byte < 0x80 { break }
    }
    return piece[position..<(position + length)]
  }

  private func number(of path: [UInt8]) -> Int? {
    let stored = places[place(of: path[...]).place]
    return stored == 0 ? nil : Self.number(stored)
  }

  private static func number(_ stored: UInt64) -> Int { Int(stored & 0xFFFF_FFFF) - 1 }

  /// Where a path is in the table, or would be.
  private func place(of path: ArraySlice<UInt8>) -> (place: Int, hash: UInt64) {
    // The seed changes from run to run, so that nobody can make paths that collide.
    var hasher = Hasher()
    unsafe path.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    let hash = UInt64(truncatingIfNeeded: hasher.finalize()) & 0xFFFF_FFFF
    let mask = places.count - 1
    var place = Int(hash) & mask
    while places[place] != 0 {
      if places[place] >> 32 == hash, self.path(Self.number(places[place])) == path { break }
      place = (place + 1) & mask
    }
    return (place, hash)
  }

  private func grow() {
    let old = places
    places = [UInt64](repeating: 0, count: old.count * 2)
    let mask = places.count - 1
    for stored in old where stored != 0 {
      var place = Int(stored >> 32) & mask
      while places[place] != 0 { place = (place + 1) & mask }
      places[place] = stored
    }
  }

  // MARK: - The tree

  /// The entries of the tree, in its order.
  ///
  /// Of something that is no directory and something below it only one can be there: the first gives way to a later
  /// entry below it, otherwise all that is below it is left out.
  ///
  /// - Returns: the numbers of the entries, and of those that are left out.
  func sorted() throws(ArchiveError) -> (kept: [Int], lost: [Int]) {
    let order = inOrder(records.indices.filter { records[$0].isCurrent })
    let yielding = try yielding(order)
    var kept: [Int] = []
    var lost: [Int] = []
    kept.reserveCapacity(order.count)
    var blocker: Int?
    for number in order {
      if let last = blocker, isBeneath(number, last) {
        lost.append(number)
      } else if yielding.contains(number) {
        lost.append(number)
      } else {
        blocker = try isDirectory(number) ? nil : number
        kept.append(number)
      }
    }
    return (kept, lost)
  }

  /// Puts entries into the order of their paths, by eight bytes of them at a time.
  private func inOrder(_ numbers: [Int]) -> [Int] {
    var items = numbers.map { (key: key(of: $0, from: 0), number: $0) }
    var runs = [(range: items.indices, depth: 0)]
    while let (range, depth) = runs.popLast() {
      items[range].sort { $0.key < $1.key }
      var start = range.lowerBound
      for end in range.dropFirst() where items[end].key != items[start].key {
        note(start..<end, depth)
        start = end
      }
      if !range.isEmpty { note(start..<range.upperBound, depth) }
    }
    /// Of entries that are the same up to a place, looks at what follows.
    func note(_ run: Range<Int>, _ depth: Int) {
      guard run.count > 1 else { return }
      for place in run { items[place].key = key(of: items[place].number, from: depth + 8) }
      runs.append((run, depth + 8))
    }
    return items.map(\.number)
  }

  /// Eight bytes of a path as a number that compares as they do: the end is 0, and `/` is less than every other byte.
  private func key(of number: Int, from depth: Int) -> UInt64 {
    let rest = path(number).dropFirst(depth).prefix(8)
    var key: UInt64 = 0
    for byte in rest { key = key << 8 | UInt64(byte == EntryPath.slash ? 1 : byte < EntryPath.slash ? byte + 1 : byte) }
    return key << UInt64(8 * (8 - rest.count))
  }

  /// What is no directory and has a later entry below it.
  private func yielding(_ order: [Int]) throws(ArchiveError) -> Set<Int> {
    var yielding: Set<Int> = []
    // What is no directory, from the top down to where the walk is, and the latest entry below each.
    var stack: [(number: Int, latest: Int)] = []
    func pop() {
      guard let (number, latest) = stack.popLast() else { return }
      if latest > number { yielding.insert(number) }
      if !stack.isEmpty { stack[stack.count - 1].latest = max(stack[stack.count - 1].latest, latest, number) }
    }
    for number in order {
      while let last = stack.last, !isBeneath(number, last.number) { pop() }
      if !stack.isEmpty { stack[stack.count - 1].latest = max(stack[stack.count - 1].latest, number) }
      if try !isDirectory(number) { stack.append((number, -1)) }
    }
    while !stack.isEmpty { pop() }
    return yielding
  }

  private func isBeneath(_ number: Int, _ above: Int) -> Bool {
    let (path, directory) = (path(number), path(above))
    return path.count > directory.count && path.starts(with: directory)
      && path[path.startIndex + directory.count] == EntryPath.slash
  }

  /// Behind the path stands what an entry is.
  private func isDirectory(_ number: Int) throws(ArchiveError) -> Bool {
    let first = first(of: number)
    return pieces[Int(records[first].piece)][path(first).endIndex] == ArchiveEntry.Kind.directory.rawValue
  }
}
