// SPDX-License-Identifier: Apache-2.0

// The seek index at the end of a stream.

extension S2Index {
  /// Reads the index at the end of a stream.
  ///
  /// Of joined streams, it describes the last one only; ``totalCompressed``, if it is known, tells that.
  ///
  /// - Parameter source: the stream.
  /// - Returns: the index and where in the stream it begins; `nil` when the stream does not end with an index.
  /// - Throws: what the source throws.
  public static func find<Source: RandomAccessSource>(
    in source: Source
  ) throws(Source.Failure) -> (index: S2Index, offset: UInt64)? {
    let box = SourceBox(source)
    let found = last(of: box.input())
    if let failure = box.takeFailure() { throw failure }
    return found
  }

  /// Writers need at most twenty bytes for an entry.
  private static let sensibleSize = 64 + 20 * maximumEntries

  static func last(of input: SalvageInput) -> (index: S2Index, offset: UInt64)? {
    guard input.size >= 10 else { return nil }
    let size = input.withBytes(at: input.size - 10, count: 10) { S2Index.size(fromTail: $0) }
    guard let size, size <= sensibleSize, UInt64(size) <= input.size else { return nil }
    let offset = input.size - UInt64(size)
    let index = input.withBytes(at: offset, count: size) { bytes in try? S2Index(bytes) }
    return index.map { ($0, offset) }
  }
}
