// SPDX-License-Identifier: Apache-2.0

// Compresses and decompresses, in one call and in a sequence, with every codec of the library and one of its own.

import CodecKit

let bytes = (0..<48_000).map { UInt8(truncatingIfNeeded: $0 / 100) }

/// Ends the program when bytes did not come back as they were.
func check(_ found: [UInt8], _ codec: any Codec) throws {
  guard found == bytes else {
    throw CodecError(.internalInconsistency, codec: codec.descriptor.id, reason: "the bytes are not the same")
  }
}

var registry = CodecRegistry.builtin
try registry.register(Inverted())

for codec in registry.codecs where !codec.descriptor.id.rawValue.hasSuffix("-raw") {
  let packed = try codec.compress(bytes)
  try check(try codec.decompress(packed, limits: .init(maximumOutputSize: 1 << 20)), codec)
}

let selection = try registry.codec("inverted")
let chunks = AsyncStream { continuation in
  for start in stride(from: 0, to: bytes.count, by: 1000) { continuation.yield(Array(bytes[start..<start + 1000])) }
  continuation.finish()
}
var received: [UInt8] = []
for try await chunk in chunks.compressed(with: selection) { received += chunk }
try check(received.map { ~$0 }, selection)

/// Compresses by hand. In a function: a stream that is consumed cannot be a global variable.
func compressedByHand(_ input: [UInt8], _ codec: some Codec) throws -> [UInt8] {
  var stream = try Compressor(codec)
  var packed: [UInt8] = []
  var rest = input[...]
  while !rest.isEmpty {
    var consumed = 0
    packed += try [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      var room = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
      let step = try stream.update(rest.span.bytes, into: &room)
      consumed = step.consumed
      count = room.finalize(for: UnsafeMutableRawBufferPointer(buffer))
    }
    rest = rest.dropFirst(consumed)
  }
  try stream.finish { (bytes: RawSpan) throws(CodecError) in
    for offset in bytes.byteOffsets { packed.append(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)) }
  }
  return packed
}
try check(try compressedByHand(bytes, selection).map { ~$0 }, selection)

print("\(bytes.count) bytes came back as they were")
