// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a block that does not decode, found by walking its elements without decoding them.
///
/// The decoder says only that a block is wrong: its fast loop has no time for more.
enum S2BlockExtent: Hashable {
  /// Nothing: the block ends after so many bytes. More may follow.
  case complete(Int)
  /// The input ends first.
  case truncated
  /// The element at this offset is not possible.
  case corrupt(Int)

  /// Walks a block.
  ///
  /// - Parameters:
  ///   - block: the block from its declared size on.
  ///   - size: the declared size and how many bytes it takes.
  ///   - dictionary: how many bytes lie in front of the output, and the offset to begin with.
  /// - Complexity: O(n) in the number of elements.
  init(of block: RawSpan, size: (value: UInt32, length: Int), dictionary: (count: Int, offset: Int) = (0, 0)) {
    let declared = Int(size.value)
    var offset = size.length
    var produced = 0
    var remembered = dictionary.offset
    while produced < declared {
      let element = unsafe block.withUnsafeBytes { bytes -> S2Element? in
        guard let base = bytes.baseAddress else { return nil }
        return unsafe S2Element(base + offset, count: bytes.count - offset)
      }
      guard let element else {
        self = .truncated
        return
      }
      let end: Int
      switch element.kind {
      case .literal:
        end = offset + element.size + element.length
      case .copy(let back):
        remembered = back
        end = offset + element.size
      case .repeated:
        end = offset + element.size
      }
      guard element.length <= declared - produced else {
        self = .corrupt(offset)
        return
      }
      if element.kind != .literal, !Self.reaches(remembered, element.length, produced, dictionary.count) {
        self = .corrupt(offset)
        return
      }
      guard end <= block.byteCount else {
        self = .truncated
        return
      }
      produced += element.length
      offset = end
    }
    self = .complete(offset)
  }

  /// Whether a copy stays within what there is.
  private static func reaches(_ back: Int, _ length: Int, _ produced: Int, _ dictionary: Int) -> Bool {
    guard back > 0 else { return false }
    if back <= produced { return true }
    let position = dictionary - (back - produced)
    return produced <= S2Format.dictionaryReach && position >= 0 && length <= dictionary - position
  }
}
