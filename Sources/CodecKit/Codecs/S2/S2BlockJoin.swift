// SPDX-License-Identifier: Apache-2.0

// Bare blocks joined to one, without decoding them.

extension S2Raw {
  /// Joins blocks: the result decodes to their contents, one behind the other.
  ///
  /// Only the sizes at their beginnings are looked at; what is wrong with the rest of a block is wrong with the result.
  /// Blocks that were made with a dictionary cannot be joined.
  ///
  /// - Parameter blocks: S2 or Snappy blocks.
  /// - Returns: one block. Of no blocks, or empty ones, the block without content.
  /// - Throws: ``CodecError`` with `truncated` or `corrupt` for a block whose size cannot be read, with the number of the
  ///   block in the reason; with `limitExceeded` when the sum is 4 GiB or more.
  public static func join(_ blocks: [[UInt8]]) throws(CodecError) -> [UInt8] {
    var total: UInt64 = 0
    var sizes: [Int] = []
    for (number, block) in blocks.enumerated() {
      let size: (value: UInt32, length: Int)?
      do throws(CodecError) { size = try unsafe SnappyFormat.declaredSize(block.span.bytes) } catch {
        throw CodecError(error.code, codec: id, inputOffset: 0, reason: "block \(number): \(error.reason)")
      }
      guard let size else {
        throw CodecError(
          .truncated, codec: id, inputOffset: UInt64(block.count), reason: "block \(number) ends inside its size")
      }
      guard size.value > 0 || block.count == size.length else {
        throw CodecError(
          .corrupt, codec: id, inputOffset: UInt64(size.length),
          reason: "block \(number) has no content, and goes on")
      }
      total += UInt64(size.value)
      sizes.append(size.length)
    }
    guard total <= UInt32.max else {
      throw CodecError(
        .limitExceeded, codec: id, reason: "the blocks hold \(total) bytes together; a block holds less than 4 GiB",
        requiredLimit: total)
    }
    var joined = S2Format.varint(total)
    joined.reserveCapacity(joined.count + zip(blocks, sizes).reduce(0) { $0 + $1.0.count - $1.1 })
    for (block, size) in zip(blocks, sizes) { joined += block[size...] }
    return joined
  }
}
