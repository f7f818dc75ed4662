// SPDX-License-Identifier: Apache-2.0

/// The tree of an archive without an end whose entries came in any order.

/// Puts the entries of provisional leaves into the order of the tree.
final class ProvisionalTree {
  /// A leaf in order.
  struct Leaf {
    var bytes: [UInt8]
    var first: [UInt8]
    var entries: Int
  }

  /// A few bytes of a leaf can stand for long paths, and here they are held in full: as much as millions of entries need.
  private static let maximumHeld: UInt64 = 1 << 30

  private let depth: UInt32
  private let entries: UnsortedEntries
  private var held: UInt64 = 0
  /// A file that was not complete when the last checkpoint was written, once `leaves` has been asked for.
  private(set) var unfinished: [UInt8]?

  /// - Parameter depth: that of the archive.
  init(depth: UInt32) {
    self.depth = depth
    entries = UnsortedEntries(depth: depth)
  }

  /// Takes the entries of a leaf, as far as they are sound; of those with the same path the later ones count.
  func add(_ raw: [UInt8]) {
    var decoder = TreeBlockDecoder(raw, depth: depth)
    while held < Self.maximumHeld, let entry = try? decoder.next() {
      held += UInt64(entry.path.count + 128)
      if entry.path.isEmpty, entry.kind != .directory { continue }
      guard (try? entries.add(entry, dataLength: 0)) != nil else { return }
    }
  }

  /// All entries.
  func leaves() throws(ArchiveError) -> [Leaf] {
    var leaves: [Leaf] = []
    var encoder = TreeBlockEncoder()
    var first: [UInt8] = []
    let kept = try entries.sorted().kept
    for (place, number) in kept.enumerated() {
      let entry = try entries.entry(number)
      if entry.warnings.contains(.unreadable), unfinished == nil { unfinished = entry.path }
      if encoder.count == 0 { first = entry.path }
      encoder.add(entry)
      guard encoder.length >= TreeBuilder.leafTarget || place == kept.count - 1 else { continue }
      leaves.append(Leaf(bytes: encoder.bytes, first: first, entries: encoder.count))
      encoder.removeAll()
    }
    return leaves
  }
}
