// SPDX-License-Identifier: Apache-2.0

// A flush makes everything readable; a reset begins a stream like any other.

import CodecKit
import TestSupport
import Testing

@Suite("Conformance: flush and reset")
struct FlushAndResetTests {
  @Test("after a flush the other end has everything", arguments: ConformanceSubject.all.filter(\.flushes))
  func flushing(_ subject: ConformanceSubject) throws {
    for room in [1, 5, 4096, 300_000] {
      let parts = [
        TestInputs.bytes(.text, 1), TestInputs.bytes(.text, 1000), TestInputs.bytes(.random, 50),
        [], TestInputs.bytes(.pages, 100_000), TestInputs.bytes(.zeros, 10),
      ]
      let compressor = try subject.codec.makeCompressionEngine(.init())
      let decompressor = try subject.codec.makeDecompressionEngine(.init())
      var driver = StreamDriver(pieces: room < 100 ? .fixed(40_000) : .whole, rooms: .fixed(room))
      driver.probesEnd = false
      var content: [UInt8] = []
      var delivered: [UInt8] = []
      for part in parts {
        content += part
        driver.flush = .none
        var packed = driver.run(compressor, part, ends: false)
        #expect(packed.violations == [] && packed.error == nil)
        driver.flush = .block
        let flushed = driver.run(compressor, [], ends: false)
        #expect(flushed.violations == [] && flushed.error == nil)
        packed.output += flushed.output
        driver.flush = .none
        let outcome = driver.run(decompressor, packed.output, ends: false)
        #expect(outcome.violations == [] && outcome.error == nil)
        delivered += outcome.output
        #expect(same(delivered, content), "room \(room): \(delivered.count) of \(content.count) bytes after a flush")
      }
      // Nothing comes between the last flush and the end.
      let ending = driver.run(compressor, [])
      let outcome = driver.run(decompressor, ending.output)
      #expect(ending.finished && outcome.finished, "room \(room): \(ending.summary), \(outcome.summary)")
      #expect(outcome.output == [])
    }
  }

  @Test("flushed streams decode like others, wherever the flushes are", arguments: ConformanceSubject.all)
  func flushedRoundTrip(_ subject: ConformanceSubject) throws {
    let content = TestInputs.bytes(.text, 3000)
    for size in [1, 2, 100, 1000, 2999, 3000] {
      var driver = StreamDriver(pieces: .fixed(size), finishesWithData: size % 3 == 0)
      driver.flush = .block
      let packed = driver.run(try subject.codec.makeCompressionEngine(.init()), content)
      #expect(packed.finished && packed.violations == [], "pieces of \(size): \(packed.summary)")
      #expect(same(try subject.codec.decompress(packed.output), content), "pieces of \(size)")
    }
  }

  @Test("the flush of a compressor handle works", arguments: ConformanceSubject.all.filter(\.flushes))
  func handleFlush(_ subject: ConformanceSubject) throws {
    let content = TestInputs.bytes(.text, 500)
    var stream = try Compressor(subject.codec)
    var driver = StreamDriver()
    driver.probesEnd = false
    var packed = driver.run(&stream, content, ends: false).output
    packed += driver.run([], ends: false) { (_, room, _) throws(CodecError) in try stream.flush(into: &room) }.output
    let outcome = driver.run(try subject.codec.makeDecompressionEngine(.init()), packed, ends: false)
    #expect(same(outcome.output, content))
  }

  @Test("a reset compressor writes the same bytes again", arguments: ConformanceSubject.all)
  func resetCompressor(_ subject: ConformanceSubject) throws {
    var open = StreamDriver(pieces: .fixed(700), rooms: .fixed(50))
    open.probesEnd = false
    for input in [subject.smallContent, TestInputs.bytes(.rows, 100_000)] {
      let expected = try subject.codec.compress(input)
      var stream = try Compressor(subject.codec)
      let other = TestInputs.bytes(.random, 90_000)
      // In the middle, after the end, and after a failure.
      _ = open.run(&stream, other, ends: false)
      try stream.reset()
      #expect(stream.totalIn == 0 && stream.totalOut == 0)
      #expect(same(StreamDriver().run(&stream, input).output, expected))
      try stream.reset()
      #expect(same(StreamDriver(pieces: .fixed(64)).run(&stream, input).output, expected))
      try stream.reset()
      open.flush = .block
      _ = open.run(&stream, other, ends: false)
      open.flush = .none
      try stream.reset()
      #expect(same(StreamDriver().run(&stream, input).output, expected))
    }
  }

  @Test("a reset decompressor starts afresh, also after an error", arguments: ConformanceSubject.all)
  func resetDecompressor(_ subject: ConformanceSubject) throws {
    let input = TestInputs.bytes(.rows, 100_000)
    let packed = try subject.codec.compress(input)
    let engine = try subject.codec.makeDecompressionEngine(.init())
    var open = StreamDriver(pieces: .fixed(700), rooms: .fixed(50))
    open.probesEnd = false
    var damaged = packed
    for index in stride(from: packed.count / 2, to: packed.count, by: 3) { damaged[index] ^= 0xFF }
    for _ in 0..<2 {
      _ = open.run(engine, Array(packed.dropLast(20)), ends: false)
      try engine.reset()
      #expect(same(StreamDriver().run(engine, packed).output, input))
      try engine.reset()
      _ = StreamDriver().run(engine, damaged)
      try engine.reset()
      _ = StreamDriver().run(engine, Array(packed.dropLast(1)))
      try engine.reset()
      #expect(engine.notices == [])
      let again = StreamDriver(pieces: .fixed(999), rooms: .fixed(1234)).run(engine, packed)
      #expect(same(again.output, input) && again.finished && again.violations == [])
      try engine.reset()
    }
  }
}
