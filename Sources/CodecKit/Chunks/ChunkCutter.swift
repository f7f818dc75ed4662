// SPDX-License-Identifier: Apache-2.0

/// Chooses where chunks end by looking at their bytes, so that equal stretches of two inputs become equal chunks.
protocol ChunkCutter: AnyObject {
  /// The most bytes that a chunk has.
  var maximumSize: Int { get }

  /// Finds the end of a chunk.
  ///
  /// The answer depends on the chunk's bytes and on nothing else: neither on how many more are there, nor on earlier calls.
  ///
  /// - Parameters:
  ///   - bytes: the chunk's first bytes, and perhaps bytes behind it.
  ///   - searched: no border was found in so many of them before.
  /// - Returns: the chunk's size, or `nil` when it does not end within `bytes`.
  func border(in bytes: RawSpan, searched: Int) -> Int?
}

/// Where chunks end: after a number of bytes, or where a cutter says.
struct ChunkCutting {
  /// The most bytes that a chunk has.
  let maximumSize: Int
  /// Chooses, if sizes are not all the same.
  let cutter: (any ChunkCutter)?

  init(_ assembler: any ChunkAssembler) {
    cutter = assembler.cutter
    maximumSize = cutter?.maximumSize ?? assembler.chunkSize
  }

  /// As ``ChunkCutter/border(in:searched:)``.
  func border(in bytes: RawSpan, searched: Int) -> Int? {
    if let cutter { return cutter.border(in: bytes, searched: searched) }
    return bytes.byteCount >= maximumSize ? maximumSize : nil
  }
}
