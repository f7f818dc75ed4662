// SPDX-License-Identifier: Apache-2.0

// Threads change time and nothing else: the same bytes, the same errors, nothing left behind.

import TestSupport
import Testing

@testable import CodecKit

@Suite("Threads")
struct ThreadTests {
  /// Compresses in pieces, with a flush after some of them.
  private func compress(
    _ codec: any Codec, _ input: [UInt8], _ options: CompressionOptions, piece: Int, room: Int, flushEvery: Int? = nil
  ) throws(CodecError) -> [UInt8] {
    var stream = try Compressor(codec, options)
    var result: [UInt8] = []
    var offset = 0
    var number = 0
    while true {
      let end = min(input.count, offset + piece)
      let isLast = end == input.count
      number += 1
      let flushes = flushEvery.map { number % $0 == 0 } ?? false
      let flush: Flush = isLast ? .finish : flushes ? .block : .none
      var buffer = ByteBuffer()
      while true {
        buffer.reserve(room)
        var free = buffer.room()
        let step = try unsafe stream.step(input.span.bytes.extracting(offset..<end), into: &free, flush: flush)
        buffer.didAppend(step.produced)
        result += buffer.bytes.array
        buffer.removeAll()
        offset += step.consumed
        if step.state == .finished { return result }
        if step.state == .needsInput && offset == end { break }
      }
    }
  }

  @Test("the output does not depend on threads", arguments: ConformanceSubject.all)
  func sameBytes(_ subject: ConformanceSubject) throws {
    let chunk = subject.legalChunkSizes.first
    let unit = chunk ?? 4096
    var failures = Failures()
    for size in [0, 1, unit - 1, unit, unit + 1, 3 * unit, 20 * unit + 7, 1_700_000] {
      let input = TestInputs.bytes(.text, min(size, subject.largestInput))
      var options = CompressionOptions()
      options.chunkSize = chunk
      let expected = try subject.codec.compress(input, options)
      for threads in [2, 3, 8, 0] {
        options.threads = threads
        let whole = try subject.codec.compress(input, options)
        failures.check(same(whole, expected), "\(size) bytes, \(threads) threads")
        let pieces = try compress(subject.codec, input, options, piece: 70_001, room: 5000)
        failures.check(same(pieces, expected), "\(size) bytes in pieces, \(threads) threads")
        var pump = try StreamPump(compressing: subject.codec, options)
        var source = MemorySource(input, step: 30_011)
        var sink = MemorySink()
        try pump.run(from: &source, to: &sink)
        failures.check(same(sink.bytes, expected), "\(size) bytes through a pump, \(threads) threads")
        failures.trials += 3
      }
      #expect(same(try subject.codec.decompress(expected), input))
    }
    failures.report("outputs of several threads of \(subject.id)")
  }

  @Test("chunks of the default size too", arguments: ConformanceSubject.all.filter { $0.largestInput >= 8 << 20 })
  func defaultChunks(_ subject: ConformanceSubject) throws {
    let input = TestInputs.bytes(.text, 9 << 20)
    let expected = try subject.codec.compress(input)
    for threads in [2, 5] {
      #expect(same(try subject.codec.compress(input, .init { $0.threads = threads }), expected))
    }
  }

  @Test("flushes cut in the same places", arguments: ConformanceSubject.all)
  func flushes(_ subject: ConformanceSubject) throws {
    guard subject.flushes else { return }
    let input = TestInputs.bytes(.text, 300_000)
    for every in [1, 3] {
      var options = CompressionOptions()
      options.chunkSize = subject.legalChunkSizes.first
      let one = try compress(subject.codec, input, options, piece: 33_333, room: 100_000, flushEvery: every)
      options.threads = 4
      let four = try compress(subject.codec, input, options, piece: 33_333, room: 7000, flushEvery: every)
      #expect(same(one, four), "a flush every \(every) pieces")
    }
  }

  @Test("a stream that is left, or reset, in the middle waits for its workers", arguments: ConformanceSubject.all)
  func abandoned(_ subject: ConformanceSubject) throws {
    let input = TestInputs.bytes(.text, 200_000)
    let options = CompressionOptions {
      $0.threads = 3
      $0.chunkSize = subject.legalChunkSizes.first
    }
    let expected = try subject.codec.compress(input, options)
    for _ in 0..<20 {
      let engine = try subject.codec.makeCompressionEngine(options)
      var buffer = ByteBuffer()
      buffer.reserve(1 << 20)
      var room = buffer.room()
      _ = try unsafe engine.step(input.span.bytes, into: &room, flush: .none)
      try engine.reset()
      var again = ByteBuffer()
      again.reserve(expected.count + 1)
      var free = again.room()
      var step = try unsafe engine.step(input.span.bytes, into: &free, flush: .finish)
      var used = step.consumed
      while step.state != .finished {
        step = try unsafe engine.step(input.span.bytes.extracting(droppingFirst: used), into: &free, flush: .finish)
        used += step.consumed
      }
      let produced = free.byteCount
      again.didAppend(produced)
      #expect(same(again.bytes.array, expected))
    }
  }

  /// Copies chunks, and fails at one of them.
  private final class FailingAssembler: ChunkAssembler {
    let chunkSize = 1000
    let failsAt: UInt64
    init(failsAt: UInt64) { self.failsAt = failsAt }
    func makePacker() -> any ChunkPacker { Packer(failsAt) }
    func begin(_ first: ChunkPlace, into output: inout ByteBuffer) {}
    func note(_ packed: PackedChunk, at place: ChunkPlace) {}
    func end(into output: inout ByteBuffer) {}
    func reset() {}

    final class Packer: ChunkPacker {
      let failsAt: UInt64
      init(_ failsAt: UInt64) { self.failsAt = failsAt }
      func packedBound(_ count: Int) -> Int { count }
      func pack(
        _ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan
      ) throws(CodecError) -> PackedChunk {
        // Later chunks fail too: the first error in order must win.
        if place.index >= failsAt { throw CodecError(.corrupt, inputOffset: place.index, reason: "as planned") }
        _ = output.append(prefixOf: chunk)
        return PackedChunk(contentSize: chunk.byteCount, packedSize: chunk.byteCount)
      }
    }
  }

  @Test("the first error in order wins, after everything before it", arguments: [0, 1, 7, 530, 2000, 5000])
  func errors(failsAt: UInt64) throws {
    let input = TestInputs.bytes(.random, 4_000_000)
    for workers in [2, 4] {
      let engine = ParallelCompressionEngine(FailingAssembler(failsAt: failsAt), workers: workers)
      var buffer = ByteBuffer()
      buffer.reserve(input.count)
      var room = buffer.room()
      var used = 0
      var failure: CodecError?
      do throws(CodecError) {
        while true {
          let step = try unsafe engine.step(
            input.span.bytes.extracting(droppingFirst: used), into: &room, flush: .finish)
          used += step.consumed
          if step.state == .finished { break }
        }
      } catch {
        failure = error
      }
      #expect(failure?.inputOffset == (failsAt < 4000 ? failsAt : nil))
      let produced = room.byteCount
      buffer.didAppend(produced)
      #expect(same(buffer.bytes.array, Array(input.prefix(produced))))
      #expect(failsAt < 4000 || produced == input.count)
    }
  }
}
