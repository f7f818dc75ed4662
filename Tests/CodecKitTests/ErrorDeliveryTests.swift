// SPDX-License-Identifier: Apache-2.0

// What a caller holds after an error: valid data, and never more than the limits allow.

import TestSupport
import Testing

@testable import CodecKit

@Suite("delivery before an error")
struct ErrorDeliveryTests {
  private func drive(_ codec: any Codec, _ input: [UInt8], limit: UInt64? = nil, ratio: UInt64? = nil) throws
    -> StreamOutcome
  {
    var options = DecompressionOptions()
    options.limits.maximumOutputSize = limit
    options.limits.maximumRatio = ratio
    var stream = try Decompressor(codec, options)
    return StreamDriver(rooms: .fixed(4 << 20)).run(&stream, input)
  }

  @Test("a match that cannot be delivers nothing of the memory that it was to fill")
  func impossibleMatch() throws {
    // Fixed codes: the literal A, then 258 bytes from 24577 back, then the end.
    let input: [UInt8] = [0x73, 0x1C, 0xBD, 0x00, 0x00, 0x00] + [UInt8](repeating: 0, count: 32)
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    defer { unsafe room.deallocate() }
    unsafe room.initializeMemory(as: UInt8.self, repeating: 0xEE)
    var output = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    let engine = try RawDeflate().makeDecompressionEngine(.init())
    var error: CodecError?
    do throws(CodecError) { _ = try unsafe engine.step(input.span.bytes, into: &output, flush: .finish) } catch let e {
      error = e
    }
    let code = error?.code
    let count = output.byteCount
    #expect(code == .corrupt)
    #expect(count <= 1)
  }

  @Test("a block above the largest size, and a size that goes beyond its chunk, are found at one place in every cut")
  func sizesOfBlocks() throws {
    // A window of 1 KiB, and a run of 6753 bytes.
    let zstd: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0x0B, 0xD3, 0, 0x20]
    // A chunk of 5 bytes ends inside the size that its block declares; more of that could stand behind it.
    let snappy = Array([0xFF, 6, 0, 0] + Array("sNaPpY".utf8) + [0, 5, 0, 0]) + [UInt8](repeating: 0xFF, count: 20)
    for (codec, stream, offset) in [(Zstd() as any Codec, zstd, UInt64(6)), (Snappy(), snappy, 10)] {
      for pieces in [Sizes.whole, .fixed(1), .fixed(9)] {
        var decoder = try Decompressor(codec)
        let outcome = StreamDriver(pieces: pieces).run(&decoder, stream)
        #expect(outcome.output.isEmpty, "\(outcome.summary)")
        #expect(outcome.error?.code == .corrupt && outcome.error?.inputOffset == offset, "\(outcome.summary)")
      }
    }
  }

  @Test("a limit holds when an error comes in the same step")
  func limitBeforeError() throws {
    let content = TestInputs.bytes(.text, 100_000)
    for codec in [Gzip(), Zstd(), LZ4(), Snappy()] as [any Codec] {
      var packed = try codec.compress(content)
      packed += packed
      packed[packed.count - 1] ^= 0x55
      let outcome = try drive(codec, packed, limit: 1000)
      #expect(outcome.error?.code == .limitExceeded, "\(codec.descriptor.id): \(outcome.summary)")
      #expect(outcome.output.elementsEqual(content.prefix(1000)), "\(codec.descriptor.id): \(outcome.summary)")
    }
  }

  @Test("a snappy piece with a wrong checksum is not delivered")
  func snappyChecksum() throws {
    let content = TestInputs.bytes(.text, 100_000)
    var packed = try Snappy().compress(content)
    packed[packed.count - 3] ^= 1
    let outcome = try drive(Snappy(), packed)
    #expect(outcome.error != nil)
    #expect(outcome.output.elementsEqual(content.prefix(65_536)), "\(outcome.summary)")
  }

  @Test("an lz4 block that passes the declared size is not delivered")
  func lz4ContentSize() throws {
    let content = TestInputs.bytes(.text, 1000)
    var header = LZ4FrameHeader()
    header.contentSize = 1000
    let honest = try LZ4().compress(content, .init { $0.contentSize = 1000 })
    let size = header.encoded.count
    header.blockSize = 64 << 10
    header.contentSize = 600
    let lying = header.encoded + honest[size...]
    for rooms in [Sizes.fixed(4 << 20), .fixed(100)] {
      var stream = try Decompressor(LZ4())
      let outcome = StreamDriver(rooms: rooms).run(&stream, lying)
      #expect(outcome.error?.code == .contentSizeMismatch)
      #expect(outcome.output.isEmpty, "\(rooms): \(outcome.summary)")
    }
  }
}
