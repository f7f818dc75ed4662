// SPDX-License-Identifier: Apache-2.0

// How zstd output is cut, the table behind it, and what verification catches.

import Testing

@testable import CodecKit

@Suite("zstd: frames")
struct ZstdFramingTests {
  private func frames(_ codec: Zstd, _ level: Int, chunk: Int? = nil) throws -> Int? {
    try ZstdPlan(
      codec,
      .init {
        $0.level = .native(level)
        $0.chunkSize = chunk
      }
    ).frameSize
  }

  @Test("the frame size follows level, window and wishes")
  func plan() throws {
    #expect(try [-7, 0, 6, 7, 9].map { try frames(.default, $0) } == [4 << 20, 4 << 20, 4 << 20, 8 << 20, 8 << 20])
    #expect(try [10, 15, 16, 19].map { try frames(.default, $0) } == [16 << 20, 16 << 20, 32 << 20, 32 << 20])
    #expect(try [20, 22].map { try frames(.default, $0) } == [nil, nil])
    #expect(try frames(.default, 22, chunk: 1 << 20) == 1 << 20)
    #expect(try frames(Zstd { $0.framing = .single }, 3) == nil)
    #expect(try frames(Zstd { $0.framing = .single }, 3, chunk: 1 << 20) == 1 << 20)
    #expect(try frames(Zstd { $0.longDistanceMatching = true }, 3) == nil)
    #expect(try frames(Zstd { $0.longDistanceMatching = true }, 3, chunk: 1 << 30) == 1 << 30)
    #expect(try frames(Zstd { $0.windowLog = 22 }, 3) == 4 << 20)
    #expect(try frames(Zstd { $0.windowLog = 23 }, 3) == nil)
    for size in [0, 131_071, (1 << 30) + 1] {
      let error = ZstdTrial.error { _ = try frames(.default, 3, chunk: size) }
      #expect(error?.code == .invalidOption && error?.reason.contains("128 KiB") == true)
    }
    for log in [9, 32] {
      #expect(ZstdTrial.error { _ = try frames(Zstd { $0.windowLog = log }, 3) }?.code == .invalidOption)
    }
  }

  @Test("up to one frame there is no table; above, it is true")
  func table() throws {
    let size = 128 << 10
    let input = ZstdTrial.text(3 * size + 5)
    for (count, expected) in [(1, 1), (size, 1), (size + 1, 2), (3 * size, 3), (3 * size + 5, 4)] {
      let packed = try Zstd.default.compress(Array(input.prefix(count)), .init { $0.chunkSize = size })
      let (report, error) = try ZstdTrial.inspect(packed)
      #expect(error == nil && report.contentFrameCount == UInt64(expected) && report.contentSize == UInt64(count))
      #expect(report.frameCount == UInt64(expected == 1 ? 1 : expected + 1))
      let summary = report.details.first { $0.name == "seek table" }?.value
      #expect(summary == (expected == 1 ? nil : "\(expected) entries, consistent with the frames"))
      #expect(report.access.contains("parallel") == (expected > 1))
      guard expected > 1, let last = report.frames.last else { continue }
      // The footer is the end of the file, and the entries add up to where the table starts.
      #expect(last.kind == "skippable" && Int(last.offset + last.packedSize) == packed.count)
      let payload = Array(packed.dropFirst(Int(last.offset) + 8))
      let table = try #require(unsafe ZstdSeekTable(payload: payload.span.bytes))
      #expect(table.entries.reduce(0) { $0 + UInt64($1.packedSize) } == last.offset)
      #expect(table.entries.map { UInt64($0.contentSize) } == report.frames.dropLast().compactMap(\.contentSize))
    }
  }

  @Test("the default level cuts at 4 MiB, and each frame decodes alone")
  func defaultCut() throws {
    let input = ZstdTrial.large((8 << 20) + 100)
    let packed = try Zstd.default.compress(input)
    let (report, _) = try ZstdTrial.inspect(packed)
    #expect(report.frames.map { $0.contentSize ?? 0 } == [4 << 20, 4 << 20, 100, 0])
    #expect(report.checksum == "XXH64")
    for (index, frame) in report.frames.dropLast().enumerated() {
      let bytes = Array(packed[Int(frame.offset)..<Int(frame.offset + frame.packedSize)])
      let start = index * (4 << 20)
      #expect(try Zstd.default.decompress(bytes) == Array(input[start..<start + Int(frame.contentSize ?? 0)]))
    }
    #expect(try Zstd.default.decompress(packed) == input)
  }

  @Test("a table that does not describe the frames is told from one that does")
  func lyingTable() throws {
    let packed = try Zstd.default.compress(ZstdTrial.text(400_000), .init { $0.chunkSize = 128 << 10 })
    for (place, word) in [(9, "footer"), (5, "descriptor"), (1, "magic"), (17, "content"), (13 + 8, "packed")] {
      var bytes = packed
      bytes[packed.count - place] ^= 0x10
      let summary = try ZstdTrial.inspect(bytes).report.details.first { $0.name == "seek table" }?.value
      #expect(summary?.contains("but") == true, "\(word): \(summary ?? "none")")
      #expect(try Zstd.default.decompress(bytes).count == 400_000, "the table is nothing to a serial reader")
    }
  }

  @Test("a table that lists another number of frames is told by that")
  func otherCount() throws {
    let options = CompressionOptions { $0.chunkSize = 128 << 10 }
    let (three, two) = (
      try Zstd.default.compress(ZstdTrial.text(300_000), options),
      try Zstd.default.compress(ZstdTrial.text(200_000), options)
    )
    let table = 17 + 2 * 8
    let mixed = three.dropLast(17 + 3 * 8) + two.suffix(table)
    let summary = try ZstdTrial.inspect(Array(mixed)).report.details.first { $0.name == "seek table" }?.value
    #expect(summary?.contains("but 3 frames precede it") == true, "\(summary ?? "none")")
  }

  @Test("a corrupt frame is noticed and written again, without trace")
  func repair() throws {
    let input = ZstdTrial.text(500_000)
    let options = CompressionOptions {
      $0.level = 13
      $0.chunkSize = 128 << 10
    }
    let good = try Zstd.default.compress(input, options)
    for strategy in [nil, Zstd.Strategy.btultra] {
      let codec = Zstd {
        $0.strategy = strategy
        $0.seam.damagedFrame = 1
      }
      let repaired = try codec.compress(input, options)
      #expect(repaired != good)
      #expect(try Zstd.default.decompress(repaired) == input)
      let (report, _) = try ZstdTrial.inspect(repaired)
      #expect(report.contentFrameCount == 4 && report.access.contains("seek table"))
    }
    // Without verification the same fault goes out, so the test can fail.
    let blind = try Zstd {
      $0.seam.damagedFrame = 1
      $0.seam.verifies = false
    }.compress(input, options)
    #expect(try ZstdTrial.decode(blind).error?.code == .checksumMismatch)
  }

  @Test("a frame that stays corrupt is an error, also without its checksum")
  func lost() throws {
    for checksum in [true, false] {
      let codec = Zstd {
        $0.seam.damagedFrame = 0
        $0.seam.damagesAgain = true
        $0.seam.verifies = true
      }
      let options = CompressionOptions { $0.checksum = checksum }
      // Noise is stored as it is: without a checksum, the fault shows in nothing but the content.
      for input in [ZstdTrial.text(100_000), ZstdTrial.noise(100_000)] {
        let error = ZstdTrial.error { _ = try codec.compress(input, options) }
        #expect(error?.code == .internalInconsistency)
      }
    }
  }

  @Test("a corrupt stream is an error", arguments: [true, false])
  func stream(checksum: Bool) throws {
    let input = ZstdTrial.text(400_000)
    let options = CompressionOptions {
      $0.level = 14
      $0.checksum = checksum
    }
    let damaged = Zstd {
      $0.framing = .single
      $0.seam.damagedFrame = 0
    }
    for input in [input, ZstdTrial.noise(100_000)] {
      #expect(ZstdTrial.error { _ = try damaged.compress(input, options) }?.code == .internalInconsistency)
    }
    let sound = Zstd { $0.framing = .single }
    for piece in [Int.max, 1000] {
      let outcome = ZstdTrial.run(try sound.makeCompressionEngine(options), input, piece: piece, room: 3000)
      #expect(outcome.finished)
      #expect(try Zstd.default.decompress(outcome.output) == input)
    }
  }

  @Test("verification starts at level 13, or with the strategies of those levels, while the library needs it")
  func verified() throws {
    func verifies(_ codec: Zstd, _ level: Int) throws -> Bool {
      try ZstdPlan(codec, .init { $0.level = .native(level) }).verifies
    }
    guard LinkedLibraries.all.first?.version == "1.5.4" else { return }
    #expect(try !verifies(.default, 12))
    #expect(try verifies(.default, 13) && verifies(.default, 22))
    #expect(try verifies(Zstd { $0.strategy = .btlazy2 }, 1) && !verifies(Zstd { $0.strategy = .lazy2 }, 1))
  }

  @Test("a stream of more frames than a table can hold has none")
  func tableLimit() throws {
    let plan = try ZstdPlan(.default, .init { $0.chunkSize = 128 << 10 })
    let assembler = ZstdFrameAssembler(plan, maximumFrames: 3)
    for (count, size) in [(3, ZstdSeekTable.packedSize(frames: 3)), (4, 0)] {
      assembler.reset()
      for index in 0..<count {
        assembler.note(
          PackedChunk(contentSize: 5, packedSize: 4), at: ChunkPlace(index: UInt64(index), isLast: false))
      }
      var output = ByteBuffer()
      try assembler.end(into: &output)
      let written = output.count
      #expect(written == size)
    }
  }

  @Test("streams are inspected wherever they are cut")
  func inspectCut() throws {
    let packed = try Zstd.default.compress(ZstdTrial.text(300_000), .init { $0.chunkSize = 128 << 10 })
    let report = try ZstdTrial.inspect(packed).report
    let borders = Set(report.frames.map { Int($0.offset) })
    for length in stride(from: 0, to: packed.count, by: 97) where !borders.contains(length) {
      #expect(try ZstdTrial.inspect(Array(packed.prefix(length))).error?.code == .truncated, "\(length)")
    }
    let trailing = try ZstdTrial.inspect(packed + [1, 2, 3, 4])
    #expect(trailing.error?.code == .corrupt && trailing.report.contentFrameCount == 3)
    #expect(try ZstdTrial.inspect(Array("not zstd".utf8)).error?.code == .unknownFormat)
  }
}
