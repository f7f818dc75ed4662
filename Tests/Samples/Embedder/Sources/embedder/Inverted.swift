// SPDX-License-Identifier: Apache-2.0

// A codec of this program's own: every bit turned over.

import CodecKit

/// The format.
struct Inverted: Codec {
  var descriptor: CodecDescriptor {
    CodecDescriptor(id: "inverted", summary: "every bit turned over", suffixes: [".inv"])
  }

  func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    InvertedEngine()
  }

  func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    InvertedEngine()
  }
}

/// Turns bits over, in either direction.
final class InvertedEngine: StreamEngine {
  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    let count = min(input.byteCount, output.freeCapacity)
    for offset in 0..<count {
      output.append(~input.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
    }
    guard count == input.byteCount else { return StreamStep(consumed: count, produced: count, state: .needsOutput) }
    return StreamStep(consumed: count, produced: count, state: flush == .finish ? .finished : .needsInput)
  }

  func reset() {}
}
