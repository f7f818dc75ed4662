// SPDX-License-Identifier: Apache-2.0

/// The tree while it is written: entries become leaves, leaves become the directory.
internal import CodecKit

/// A leaf that is complete.
struct FinishedLeaf {
  var bytes: [UInt8]
  var entries: Int
  /// Not after its first path, and after every one of the leaf before.
  var separator: [UInt8]
  /// The raw bytes of its stamps; empty when there are none.
  var stamps: [UInt8]
}

/// Gathers entries.
struct TreeBuilder {
  /// The raw bytes at which a leaf is complete.
  static let leafTarget = 256 << 10

  private let keepsStamps: Bool
  private var encoder = TreeBlockEncoder()
  private var stamps = FieldWriter()
  private var hasStamps = false
  private var separator: [UInt8] = []
  private var last: [UInt8]?
  private(set) var entries: UInt64 = 0

  init(keepsStamps: Bool) { self.keepsStamps = keepsStamps }

  var isFull: Bool { encoder.length >= Self.leafTarget }

  /// Takes the next entry.
  ///
  /// - Throws: `invalidOption` when it does not follow the one before.
  mutating func add(_ entry: ArchiveEntry, _ stamp: Stamp?) throws(ArchiveError) {
    if let last, !EntryPath.precedes(last, entry.path) {
      throw ArchiveError(.invalidOption, "entries do not come in the order of their paths", path: entry.path)
    }
    if encoder.count == 0 {
      separator = last.map { EntryPath.separator(after: $0, notAfter: entry.path) } ?? []
    }
    encoder.add(entry)
    if keepsStamps {
      hasStamps = hasStamps || stamp != nil
      stamps.fixed(stamp?.inode ?? 0)
      stamps.fixed(stamp?.seconds ?? 0)
      stamps.fixed(stamp?.nanoseconds ?? 0)
    }
    last = entry.path
    entries += 1
  }

  /// The leaf of the entries since the last one; `nil` when there are none.
  mutating func takeLeaf() -> FinishedLeaf? {
    guard encoder.count > 0 else { return nil }
    let leaf = FinishedLeaf(
      bytes: encoder.bytes, entries: encoder.count, separator: separator, stamps: hasStamps ? stamps.bytes : [])
    encoder.removeAll()
    stamps.removeAll()
    hasStamps = false
    return leaf
  }
}
