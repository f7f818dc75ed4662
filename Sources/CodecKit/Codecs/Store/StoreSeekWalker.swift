// SPDX-License-Identifier: Apache-2.0

// Where to begin in bytes that are not compressed: anywhere.

extension Store {
  /// Every byte is a point.
  public func makeSeekWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SeekWalker)? {
    try options.refuseDictionary(codec: descriptor.id)
    return StoreSeekWalker()
  }
}

/// Answers with the position itself.
final class StoreSeekWalker: SeekWalker {
  func point(after point: SeekPoint, in input: SalvageInput) -> SeekPoint? { nil }

  func closestPoint(to outputOffset: UInt64, in input: SalvageInput) -> SeekPoint? {
    let offset = min(outputOffset, input.size)
    return SeekPoint(inputOffset: offset, outputOffset: offset)
  }

  func makeEngine(at point: SeekPoint, in input: SalvageInput) throws(CodecError) -> any StreamEngine { StoreEngine() }
}
