// SPDX-License-Identifier: Apache-2.0

/// What sound pieces of a stream say about a lost one: writers cut their input into pieces of one size.
struct PieceNeighbours {
  /// What every sound piece holds, except for the last; `nil` when none was seen yet, or when they differ.
  private(set) var contentSize: UInt64?
  /// The size of the smallest of them.
  private(set) var smallestPacked: UInt64 = .max
  private var differ = false

  /// Whether all pieces hold the same, as far as one or more have been seen.
  var areAlike: Bool { contentSize != nil && !differ }

  /// Notes a sound piece that is not the last.
  mutating func note(packed: UInt64, content: UInt64) {
    if let contentSize, contentSize != content { differ = true }
    contentSize = contentSize ?? content
    smallestPacked = min(smallestPacked, packed)
  }

  /// What a lost region holds that is not the last, when it is one piece for all we can tell: it is less than one and a
  /// half of the smallest. `nil` when it may as well be two.
  func content(ofOneIn region: UInt64) -> UInt64? {
    areAlike && region / 3 < smallestPacked / 2 ? contentSize : nil
  }
}
