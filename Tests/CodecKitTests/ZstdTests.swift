// SPDX-License-Identifier: Apache-2.0

// zstd writes what zstd reads: levels, sizes, pieces, options.

import CodecKit
import Testing

@Suite("zstd")
struct ZstdTests {
  @Test("every level round-trips", arguments: Array(-7...22))
  func levels(level: Int) throws {
    let input = ZstdTrial.text(200_000)
    let packed = try Zstd.default.compress(input, .init { $0.level = .native(level) })
    #expect(packed.count < input.count)
    #expect(try Zstd.default.decompress(packed) == input)
  }

  @Test("levels beyond the range are refused")
  func levelRange() {
    for level in [-8, 23, Int.max] {
      let error = ZstdTrial.error { _ = try Zstd.default.compress([1], .init { $0.level = .native(level) }) }
      #expect(error?.code == .levelOutOfRange)
    }
  }

  @Test("sizes around every border round-trip, as one frame and as a stream")
  func sizes() throws {
    let all = ZstdTrial.text(300_000)
    let borders = (0...18).flatMap { [(1 << $0) - 1, 1 << $0, (1 << $0) + 1] }
    for count in [0] + borders + [255, 256, 65791, 65792, 131_071, 131_073, 300_000] {
      let input = Array(all.prefix(count))
      #expect(try Zstd.default.decompress(Zstd.default.compress(input)) == input, "\(count) bytes")
      let single = Zstd { $0.framing = .single }
      #expect(try Zstd.default.decompress(single.compress(input)) == input, "\(count) bytes, streamed")
    }
  }

  @Test("an empty input is one empty frame")
  func empty() throws {
    for codec in [Zstd.default, Zstd { $0.framing = .single }] {
      let packed = try codec.compress([UInt8]())
      #expect((9...14).contains(packed.count))
      #expect(try ZstdTrial.inspect(packed).report.frameCount == 1)
      #expect(try Zstd.default.decompress(packed) == [])
    }
  }

  @Test(
    "the bytes do not depend on how input arrives",
    arguments: [Zstd.default, Zstd { $0.framing = .single }, Zstd { $0.longDistanceMatching = true }])
  func sameBytes(codec: Zstd) throws {
    let input = ZstdTrial.text(700_000)
    let options = CompressionOptions { $0.chunkSize = codec == .default ? 128 << 10 : nil }
    let whole = try codec.compress(input, options)
    for (piece, room) in [(1 << 20, 100), (131_072, 1 << 20), (131_073, 5000), (1000, 1 << 16), (393_216, 1 << 20)] {
      let outcome = ZstdTrial.run(try codec.makeCompressionEngine(options), input, piece: piece, room: room)
      #expect(outcome.finished && outcome.error == nil)
      #expect(outcome.output == whole, "pieces of \(piece), room for \(room)")
    }
    let small = Array(input.prefix(3000))
    let bytewise = ZstdTrial.run(try codec.makeCompressionEngine(options), small, piece: 1, room: 1)
    #expect(try bytewise.output == codec.compress(small, options))
  }

  @Test("any sizes of input and output decode the same")
  func pieces() throws {
    let input = ZstdTrial.text(300_000)
    let packed = try Zstd.default.compress(input, .init { $0.chunkSize = 128 << 10 })
    for (piece, room) in [(1, 1 << 20), (1 << 20, 1), (7, 13), (100_000, 131_072), (1 << 20, 131_071)] {
      let outcome = try ZstdTrial.decode(packed, piece: piece, room: room)
      #expect(outcome.error == nil && outcome.finished && outcome.output == input, "\(piece), \(room)")
    }
  }

  @Test("a flush makes everything readable, and a flush of nothing writes nothing")
  func flush() throws {
    for codec in [Zstd.default, Zstd { $0.framing = .single }] {
      var stream = try Compressor(codec)
      let decoder = try Zstd.default.makeDecompressionEngine(.init())
      var read: [UInt8] = []
      for round in 0..<3 {
        let part = ZstdTrial.text(1000, seed: UInt64(round + 5))
        var sent = [UInt8](repeating: 0, count: 4096)
        let count = try Self.step(&stream, part, .block, &sent)
        #expect(count > 0)
        var again = [UInt8](repeating: 0, count: 4096)
        #expect(try Self.step(&stream, [], .block, &again) == 0)
        var room = [UInt8](repeating: 0, count: 4096)
        let bytes = Array(sent.prefix(count))
        let step = try unsafe room.withUnsafeMutableBytes { memory in
          var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
          return try unsafe decoder.step(bytes.span.bytes, into: &output, flush: .none)
        }
        read += room.prefix(step.produced)
        #expect(Array(read.suffix(1000)) == part, "round \(round)")
      }
      try stream.finish { (_: RawSpan) throws(CodecError) in }
    }
  }

  private static func step(
    _ stream: inout Compressor, _ input: [UInt8], _ flush: Flush, _ room: inout [UInt8]
  ) throws -> Int {
    try unsafe room.withUnsafeMutableBytes { memory in
      var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      return try unsafe stream.step(input.span.bytes, into: &output, flush: flush).produced
    }
  }

  @Test("without the checksum option, frames carry none")
  func checksum() throws {
    let input = ZstdTrial.text(400_000)
    for chunk in [nil, 128 << 10] {
      let with = try Zstd.default.compress(input, .init { $0.chunkSize = chunk })
      let without = try Zstd.default.compress(
        input,
        .init {
          $0.chunkSize = chunk
          $0.checksum = false
        })
      #expect(try ZstdTrial.inspect(with).report.checksum == "XXH64")
      #expect(try ZstdTrial.inspect(without).report.checksum == nil)
      #expect(with.count - without.count == (chunk == nil ? 4 : 16))
      #expect(try Zstd.default.decompress(without) == input)
    }
  }

  @Test("the content size is in the frame, unless it is unknown or unwanted")
  func contentSize() throws {
    let input = ZstdTrial.text(10_000)
    let single = Zstd { $0.framing = .single }
    func declared(_ codec: Zstd, _ size: UInt64?) throws -> UInt64? {
      try ZstdTrial.inspect(codec.compress(input, .init { $0.contentSize = size })).report.contentSize
    }
    #expect(try declared(.default, nil) == 10_000)
    #expect(try declared(single, nil) == nil)
    #expect(try declared(single, 10_000) == 10_000)
    #expect(try declared(Zstd { $0.writesContentSize = false }, 10_000) == nil)
  }

  @Test("a wrong declared size is found by the engine itself", arguments: [9_999 as UInt64, 10_001, 0, 1 << 40])
  func wrongSize(size: UInt64) throws {
    let input = ZstdTrial.text(10_000)
    for codec in [Zstd.default, Zstd { $0.framing = .single }] {
      let engine = try codec.makeCompressionEngine(.init { $0.contentSize = size })
      #expect(ZstdTrial.run(engine, input, piece: 1000).error?.code == .contentSizeMismatch)
    }
  }

  @Test("reset gives a new engine, at the end, in the middle and after an error")
  func reset() throws {
    let input = ZstdTrial.text(200_000)
    for codec in [Zstd.default, Zstd { $0.framing = .single }] {
      let options = CompressionOptions { $0.chunkSize = codec == .default ? 128 << 10 : nil }
      let packed = try codec.compress(input, options)
      let encoder = try codec.makeCompressionEngine(options)
      let decoder = try codec.makeDecompressionEngine(.init())
      for _ in 0..<3 {
        #expect(ZstdTrial.run(encoder, input).output == packed)
        try encoder.reset()
        var some = [UInt8](repeating: 0, count: 1000)
        _ = try unsafe some.withUnsafeMutableBytes { memory in
          var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
          return try unsafe encoder.step(input.span.bytes.extracting(0..<150_000), into: &output, flush: .none)
        }
        try encoder.reset()
        #expect(ZstdTrial.run(decoder, packed).output == input)
        try decoder.reset()
        #expect(ZstdTrial.run(decoder, Array(packed.prefix(packed.count / 2)), piece: 999).error?.code == .truncated)
        #expect(ZstdTrial.run(decoder, packed).error?.code == .streamFinished)
        try decoder.reset()
      }
    }
  }

  @Test("names, suffixes and the spec string lead to the codec")
  func names() throws {
    let registry = CodecRegistry.builtin
    #expect(registry.named("zst")?.descriptor.id == "zstd")
    #expect(registry.named("BACKUP_COMPRESSION_ZSTD")?.descriptor.id == "zstd")
    #expect(registry.forSuffix(of: "dump.sql.zst")?.codec.descriptor.id == "zstd")
    let spec = "zstd:level=5,frames=one,long=24,contentsize=no,strategy=btopt"
    let codec = try #require(try registry.codec(spec).codec as? Zstd)
    #expect(
      codec
        == Zstd {
          $0.framing = .single
          $0.windowLog = 24
          $0.longDistanceMatching = true
          $0.writesContentSize = false
          $0.strategy = .btopt
        })
    let long = try #require(try registry.codec("zstd:long").codec as? Zstd)
    #expect(long.longDistanceMatching && long.windowLog == nil)
    for bad in ["zstd:long=9", "zstd:window=32", "zstd:frames=two", "zstd:strategy=lazy3", "zstd:speed=1"] {
      #expect(ZstdTrial.error { _ = try registry.codec(bad) }?.code == .invalidOption, "\(bad)")
    }
  }

  @Test("detection is certain by the magic number, and unsure of skippable frames")
  func detection() throws {
    let frame = try Zstd.default.compress([1, 2, 3])
    let skippable: [UInt8] = [0x53, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9]
    #expect(ZstdTrial.recognition(frame) == .certain)
    let behind = skippable + frame
    #expect(ZstdTrial.recognition(behind) == .certain)
    #expect(ZstdTrial.recognition(skippable) == .possible)
    let long: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 255, 255, 255, 255]
    #expect(ZstdTrial.recognition(long) == .possible)
    let other: [UInt8] = [0x1F, 0x8B, 8, 0]
    #expect(ZstdTrial.recognition(other) == .no)
    let short: [UInt8] = [0x28, 0xB5]
    #expect(ZstdTrial.recognition(short) == .no)
  }

  @Test("the bound holds for what does not compress")
  func bound() throws {
    for count in [0, 1, 1000, 131_072, 400_000] {
      for (codec, chunk) in [(Zstd.default, nil), (.default, 128 << 10), (Zstd { $0.framing = .single }, nil)] {
        let options = CompressionOptions { $0.chunkSize = chunk }
        let packed = try codec.compress(ZstdTrial.noise(count), options)
        #expect(packed.count <= codec.compressedBound(count, options) ?? 0)
      }
    }
  }

  @Test("the linked libraries tell their versions")
  func libraries() {
    let all = LinkedLibraries.all
    #expect(all.map(\.name) == ["zstd", "lz4", "snappy", "zlib", "libdeflate", "ISA-L", "xxhash", "libcrypto"])
    for library in all { #expect(library.version.first?.isNumber == true && library.version.contains(".")) }
  }
}
