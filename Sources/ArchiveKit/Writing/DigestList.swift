// SPDX-License-Identifier: Apache-2.0

/// Very many digests in memory.
internal import CodecKit

/// Digests in the order in which they came.
///
/// An array that grows is copied, and for that moment stands in memory twice; with ten million chunks that is more than
/// all the rest of the program. This grows by a part at a time.
struct DigestList: RandomAccessCollection {
  private static let partSize = 1 << 14

  private var parts: [[SHA256Digest]] = []
  private(set) var count = 0

  var startIndex: Int { 0 }
  var endIndex: Int { count }

  subscript(_ index: Int) -> SHA256Digest { parts[index / Self.partSize][index % Self.partSize] }

  mutating func append(_ digest: SHA256Digest) {
    if count % Self.partSize == 0 {
      parts.append([])
      // The first part is often the only one, and far from full.
      if count > 0 { parts[parts.count - 1].reserveCapacity(Self.partSize) }
    }
    parts[parts.count - 1].append(digest)
    count += 1
  }
}
