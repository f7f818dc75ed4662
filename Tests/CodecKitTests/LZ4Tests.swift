// SPDX-License-Identifier: Apache-2.0

// LZ4 frames: what is written, and that it comes back.

import TestSupport
import Testing

@testable import CodecKit

@Suite("lz4: frames")
struct LZ4Tests {
  private typealias Trial = BlockCodecTrial

  @Test("every level round-trips", arguments: [-65536, -9, -1, 0, 1, 2, 3, 6, 9, 10, 12])
  func levels(level: Int) throws {
    let input = TestInputs.bytes(.rows, 200_000)
    let packed = try Trial.compress(LZ4(), input) { $0.level = .native(level) }
    try Trial.expect(LZ4(), packed, gives: input)
  }

  @Test("sizes around block borders round-trip", arguments: [0, 1, 12, 13, 65535, 65536, 65537, 131_072, 200_001])
  func sizes(size: Int) throws {
    for kind in [InputKind.text, .random] {
      let input = TestInputs.bytes(kind, size)
      let packed = try Trial.compress(LZ4(), input) { $0.chunkSize = 64 << 10 }
      try Trial.expect(LZ4(), packed, gives: input)
    }
  }

  @Test("the frame does not depend on how input arrives")
  func deterministic() throws {
    let input = TestInputs.bytes(.pages, 300_000)
    let whole = try Trial.compress(LZ4(), input) { $0.chunkSize = 64 << 10 }
    for shape in Trial.shapes {
      let packed = try Trial.compress(LZ4(), input, shape) { $0.chunkSize = 64 << 10 }
      #expect(TestInputs.same(packed, whole), "\(shape.summary)")
    }
  }

  @Test("large blocks of all sizes round-trip", arguments: [256 << 10, 1 << 20, 4 << 20])
  func largeBlocks(size: Int) throws {
    let input = TestInputs.bytes(.text, 9_000_000)
    let packed = try Trial.compress(LZ4(), input) { $0.chunkSize = size }
    try Trial.expect(LZ4(), packed, gives: input, [StreamDriver(), StreamDriver(pieces: .fixed(100_000))])
    try Trial.expect(LZ4(), packed, gives: input, [StreamDriver(rooms: .fixed(4 << 20))])
  }

  @Test("no input gives an empty frame: header, end mark, checksum")
  func empty() throws {
    let packed = try Trial.compress(LZ4(), [])
    #expect(packed == [4, 0x22, 0x4D, 0x18, 0x64, 0x70, 0xB9, 0, 0, 0, 0, 0x05, 0x5D, 0xCC, 0x02])
    try Trial.expect(LZ4(), packed, gives: [])
  }

  @Test("the header says what the options ask for")
  func headers() throws {
    let input = TestInputs.bytes(.text, 1000)
    #expect(try Trial.compress(LZ4(), input)[4...5] == [0x64, 0x70])
    #expect(try Trial.compress(LZ4(), input) { $0.checksum = false }[4...5] == [0x60, 0x70])
    let sized = try Trial.compress(LZ4(), input) { $0.contentSize = 1000 }
    // Content that is known to fit into a small block gets one.
    #expect(sized[4...13] == [0x6C, 0x40, 0xE8, 0x03, 0, 0, 0, 0, 0, 0])
    var codec = LZ4()
    codec.blockChecksums = true
    codec.dictionaryID = 7
    let checked = try Trial.compress(codec, input)
    #expect(checked[4...9] == [0x75, 0x70, 7, 0, 0, 0])
    try Trial.expect(codec, checked, gives: input)
    let selection = try CodecRegistry.builtin.codec("lz4:blockchecksum=yes,dictid=7")
    #expect(try Trial.compress(selection, input) == checked)
  }

  @Test("blocks that do not shrink are stored")
  func stored() throws {
    let input = TestInputs.bytes(.random, 100_000)
    let packed = try Trial.compress(LZ4(), input) { $0.chunkSize = 64 << 10 }
    #expect(packed.count == 7 + 4 + 65536 + 4 + 34464 + 8)
    #expect(packed[7...10] == [0, 0, 1, 0x80])
  }

  @Test("a flush makes everything readable")
  func flush() throws {
    var stream = try Compressor(LZ4())
    var packed: [UInt8] = []
    let input = TestInputs.bytes(.text, 3000)
    var driver = StreamDriver(pieces: .fixed(1000))
    driver.flush = .block
    driver.probesEnd = false
    let outcome = driver.run(&stream, input, ends: false)
    packed = outcome.output
    var decoder = try Decompressor(LZ4())
    driver.flush = .none
    #expect(driver.run(&decoder, packed, ends: false).output == input)
  }

  @Test("options that make no sense are refused")
  func refusals() {
    for configure: (inout CompressionOptions) -> Void in [{ $0.chunkSize = 100_000 }, { $0.chunkSize = 0 }] {
      #expect(throws: CodecError.self) { try LZ4().makeCompressionEngine(.init(configure)) }
    }
    do {
      _ = try LZ4().makeCompressionEngine(.init { $0.level = 13 })
      Issue.record("level 13 was accepted")
    } catch {
      #expect(error.code == .levelOutOfRange)
    }
  }

  @Test("the compressed bound holds, for incompressible input too")
  func bound() throws {
    for size in [0, 1, 100, 65536, 65537, 200_000] {
      for chunk in [64 << 10, 4 << 20] {
        let options = CompressionOptions { $0.chunkSize = chunk }
        let packed = try LZ4().compress(TestInputs.bytes(.random, size), options)
        #expect(packed.count <= LZ4().compressedBound(size, options) ?? 0)
      }
    }
  }

  @Test("engines can be reset at any time, also after failures")
  func reset() throws {
    let input = TestInputs.bytes(.rows, 150_000)
    var driver = StreamDriver(pieces: .fixed(10_000))
    let packer = try LZ4().makeCompressionEngine(.init { $0.chunkSize = 64 << 10 })
    let packed = driver.run(packer, input).output
    try packer.reset()
    _ = driver.run(packer, Array(input.prefix(70_000)), ends: false)
    try packer.reset()
    #expect(driver.run(packer, input).output == packed)

    let unpacker = try LZ4().makeDecompressionEngine(.init())
    for cut in [3, 6, 9, 5000, packed.count - 3] {
      #expect(driver.run(unpacker, Array(packed.prefix(cut))).error?.code == .truncated)
      try unpacker.reset()
      driver.probesEnd = false
      _ = driver.run(unpacker, Array(packed.prefix(cut)), ends: false)
      driver.probesEnd = true
      try unpacker.reset()
      #expect(driver.run(unpacker, packed).output == input)
      try unpacker.reset()
    }
  }

  @Test("engines free their memory")
  func lifecycle() throws {
    let packed = try LZ4().compress(TestInputs.bytes(.text, 2000))
    try Trial.expectNoLeak {
      let packer = try LZ4().makeCompressionEngine(.init())
      _ = StreamDriver().run(packer, [1, 2, 3], ends: false)
      let unpacker = try LZ4().makeDecompressionEngine(.init())
      _ = StreamDriver().run(unpacker, Array(packed.prefix(300)), ends: false)
    }
  }

  @Test("recognition tells frames, legacy frames and skippable frames apart")
  func recognition() {
    func recognition(_ bytes: [UInt8]) -> Recognition { unsafe LZ4().recognizes(bytes.span.bytes) }
    #expect(recognition([0x04, 0x22, 0x4D, 0x18]) == .certain)
    #expect(recognition([0x02, 0x21, 0x4C, 0x18]) == .certain)
    #expect(recognition([0x5A, 0x2A, 0x4D, 0x18]) == .possible)
    #expect(recognition([0x28, 0xB5, 0x2F, 0xFD]) == .no)
    #expect(recognition([0x04, 0x22, 0x4D]) == .no)
  }
}
