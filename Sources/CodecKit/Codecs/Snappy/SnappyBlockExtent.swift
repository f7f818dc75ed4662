// SPDX-License-Identifier: Apache-2.0

/// How far a raw block reaches, found by walking its elements without decoding them.
///
/// libsnappy says only that a block is invalid. This says why, after the fact: a block that was cut, one that breaks the
/// rules, and one that is complete with other bytes behind it are different things.
enum SnappyBlockExtent: Hashable {
  /// The block ends after so many bytes.
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
  /// - Complexity: O(n) in the number of elements.
  init(of block: RawSpan, size: (value: UInt32, length: Int)) {
    var offset = size.length
    var produced: UInt64 = 0
    let declared = UInt64(size.value)
    while produced < declared {
      guard let element = Element(block, at: offset) else {
        self = .truncated
        return
      }
      if let distance = element.distance, distance == 0 || UInt64(distance) > produced {
        self = .corrupt(offset)
        return
      }
      guard element.content <= declared - produced else {
        self = .corrupt(offset)
        return
      }
      guard element.size <= block.byteCount - offset else {
        self = .truncated
        return
      }
      produced += element.content
      offset += element.size
    }
    self = .complete(offset)
  }

  /// One literal or copy.
  private struct Element {
    /// How many bytes it takes in the block.
    let size: Int
    /// How many bytes it stands for.
    let content: UInt64
    /// How far back a copy reaches; `nil` for a literal.
    let distance: UInt32?

    /// Reads the element's own bytes; `nil` when they are not all there.
    init?(_ block: RawSpan, at offset: Int) {
      guard offset < block.byteCount else { return nil }
      let tag = Int(block.byte(at: offset))
      let headerSize = [(tag >> 2) < 60 ? 1 : (tag >> 2) - 58, 2, 3, 5][tag & 3]
      guard headerSize <= block.byteCount - offset else { return nil }
      var number: UInt32 = 0
      for index in stride(from: headerSize - 1, to: 0, by: -1) {
        number = number << 8 | UInt32(block.byte(at: offset + index))
      }
      switch tag & 3 {
      case 0:
        content = UInt64(headerSize == 1 ? UInt32(tag >> 2) : number) + 1
        size = headerSize + Int(content)
        distance = nil
      case 1:
        content = UInt64(4 + ((tag >> 2) & 7))
        size = headerSize
        distance = UInt32(tag >> 5) << 8 | number
      default:
        content = UInt64(1 + (tag >> 2))
        size = headerSize
        distance = number
      }
    }
  }
}
