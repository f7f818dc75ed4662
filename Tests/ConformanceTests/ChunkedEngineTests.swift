// SPDX-License-Identifier: Apache-2.0

// The engine that cuts streams into chunks, with chunks so small that every border is met.

import TestSupport
import Testing

@testable import CodecKit

/// Writes what it was asked to do: `<`, then each chunk in brackets with its index and `!` on the last, then `>`.
private final class TinyAssembler: ChunkAssembler {
  let chunkSize: Int
  /// The index of the chunk at which packing fails.
  var failsAt: UInt64?
  /// Whether the bound is far above what packing needs.
  var isGenerous = false
  private(set) var noted: [UInt8] = []
  private(set) var begun = 0
  private(set) var counted = 0

  init(_ chunkSize: Int) { self.chunkSize = chunkSize }

  func makePacker() throws(CodecError) -> any ChunkPacker { TinyPacker(self) }

  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) throws(CodecError) {
    begun += 1
    output.append(Array((first.isOnly ? "<only " : "<").utf8))
  }

  func see(_ content: RawSpan) { noted += content.array }

  func note(_ packed: PackedChunk, at place: ChunkPlace) throws(CodecError) {
    counted += packed.contentSize
    #expect(counted <= noted.count)
  }

  func end(into output: inout ByteBuffer) throws(CodecError) { output.append(Array(">".utf8)) }

  func reset() {
    noted = []
    begun = 0
    counted = 0
  }
}

private final class TinyPacker: ChunkPacker {
  let owner: TinyAssembler

  init(_ owner: TinyAssembler) { self.owner = owner }

  func packedBound(_ count: Int) -> Int { count + 30 + (owner.isGenerous ? 1000 : 0) }

  func pack(
    _ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan
  ) throws(CodecError) -> PackedChunk {
    if owner.failsAt == place.index { throw CodecError(.internalInconsistency, reason: "as asked") }
    #expect(output.freeCapacity >= packedBound(chunk.byteCount))
    let text = Array("[\(place.index)\(place.isLast ? "!" : "") ".utf8) + chunk.array + Array("]".utf8)
    for byte in text { output.append(byte) }
    return PackedChunk(contentSize: chunk.byteCount, packedSize: text.count)
  }
}

@Suite("Chunked compression")
struct ChunkedEngineTests {
  private static let letters = Array("abcdefghijklmnopqrstuvwxyz".utf8)

  /// What the cutting rule says, written down plainly.
  private func expected(_ input: [UInt8], _ chunkSize: Int) -> String {
    let pieces = max(1, (input.count + chunkSize - 1) / chunkSize)
    var text = pieces == 1 ? "<only " : "<"
    for index in 0..<pieces {
      let piece = input[index * chunkSize..<min(input.count, (index + 1) * chunkSize)]
      text += "[\(index)\(index == pieces - 1 ? "!" : "") \(String(decoding: piece, as: UTF8.self))]"
    }
    return text + ">"
  }

  @Test("cutting depends on the input alone", arguments: [1, 2, 3, 4, 7, 100])
  func cutting(_ chunkSize: Int) throws {
    var failures = Failures()
    for count in 0...26 {
      let input = Array(Self.letters.prefix(count))
      let wanted = expected(input, chunkSize)
      for pieces in [Sizes.whole, .fixed(1), .fixed(2), .fixed(3), .fixed(chunkSize), .fixed(chunkSize + 1)] {
        for rooms in [Sizes.fixed(1), .fixed(2), .fixed(29), .fixed(chunkSize + 31), .whole] {
          for finishesWithData in [true, false] {
            for isGenerous in [true, false] {
              let assembler = TinyAssembler(chunkSize)
              assembler.isGenerous = isGenerous
              let driver = StreamDriver(pieces: pieces, rooms: rooms, finishesWithData: finishesWithData)
              let outcome = driver.run(try ChunkedCompressionEngine(assembler), input)
              let text = String(decoding: outcome.output, as: UTF8.self)
              failures.check(
                text == wanted && outcome.violations.isEmpty && outcome.finished,
                "\(count) bytes, \(driver.summary): \(text) instead of \(wanted), \(outcome.violations)")
              failures.check(assembler.noted == input && assembler.begun == 1, "\(count) bytes: notes")
            }
          }
        }
      }
    }
    failures.report()
  }

  @Test("cutting does not depend on random sizes either")
  func randomSizes() throws {
    var failures = Failures()
    for seed in SplitMix.runSeed..<SplitMix.runSeed + 1000 {
      var random = SplitMix(seed: seed)
      let chunkSize = 1 + random.below(9)
      let input = Array(Self.letters.prefix(random.below(27)))
      let driver = StreamDriver(
        pieces: .random(seed: seed, upTo: 12), rooms: .random(seed: seed &+ 1, upTo: 80),
        finishesWithData: seed % 2 == 0)
      let outcome = driver.run(try ChunkedCompressionEngine(TinyAssembler(chunkSize)), input)
      let text = String(decoding: outcome.output, as: UTF8.self)
      failures.check(
        text == expected(input, chunkSize) && outcome.violations.isEmpty, "seed \(seed): \(text) \(outcome.violations)")
    }
    failures.report()
  }

  @Test("a flush cuts early, and only when there is something to cut")
  func flushing() throws {
    for room in [1, 3, 1000] {
      let engine = try ChunkedCompressionEngine(TinyAssembler(4))
      var driver = StreamDriver(pieces: .whole, rooms: .fixed(room))
      driver.probesEnd = false
      func text(_ input: String, _ flush: Flush, ends: Bool = false) -> String {
        driver.flush = flush
        let outcome = driver.run(engine, Array(input.utf8), ends: ends)
        #expect(outcome.violations == [] && outcome.error == nil)
        return String(decoding: outcome.output, as: UTF8.self)
      }
      #expect(text("", .block) == "", "nothing was given")
      #expect(text("ab", .none) == "")
      #expect(text("", .block) == "<[0 ab]")
      #expect(text("", .block) == "", "nothing is held")
      #expect(text("cdefg", .block) == "[1 cdef][2 g]")
      #expect(text("hijk", .none) == "", "a full chunk waits for what follows")
      #expect(text("", .block) == "[3 hijk]")
      #expect(text("lmnop", .none) == "[4 lmno]")
      #expect(text("q", .none, ends: true) == "[5! pq]>")
    }
  }

  @Test("a stream that ends right after a flush has no last chunk")
  func endAfterFlush() throws {
    let engine = try ChunkedCompressionEngine(TinyAssembler(4))
    var driver = StreamDriver()
    driver.probesEnd = false
    driver.flush = .block
    _ = driver.run(engine, Self.letters, ends: false)
    #expect(String(decoding: driver.run(engine, []).output, as: UTF8.self) == ">")
  }

  @Test("after a failure nothing is taken until a reset", arguments: [0, 1, 3] as [UInt64])
  func failing(_ index: UInt64) throws {
    for pieces in [Sizes.whole, .fixed(1), .fixed(5)] {
      let assembler = TinyAssembler(4)
      let engine = try ChunkedCompressionEngine(assembler)
      assembler.failsAt = index
      let outcome = StreamDriver(pieces: pieces, rooms: .fixed(7)).run(engine, Self.letters)
      #expect(outcome.error?.code == .internalInconsistency && outcome.violations == [])
      assembler.failsAt = nil
      engine.reset()
      let again = StreamDriver(pieces: pieces, rooms: .fixed(7)).run(engine, Self.letters)
      #expect(String(decoding: again.output, as: UTF8.self) == expected(Self.letters, 4))
    }
  }
}

/// An engine that lies.
private final class LyingEngine: StreamEngine {
  let answer: StreamStep

  init(_ answer: StreamStep) { self.answer = answer }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    answer
  }
  func reset() {}
  var preferredInputSize: Int { 0 }
  var preferredOutputSize: Int { -1 }
}

private struct LyingCodec: Codec {
  var answer: StreamStep
  var descriptor: CodecDescriptor { CodecDescriptor(id: "liar", summary: "a test") }
  func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    LyingEngine(answer)
  }
  func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    LyingEngine(answer)
  }
}

@Suite("Guarded engines")
struct GuardedEngineTests {
  @Test(
    "a codec that lies is found out, and neither memory nor time is lost",
    arguments: [
      StreamStep(consumed: 0, produced: 0, state: .needsInput), .init(consumed: 0, produced: 0, state: .needsOutput),
      .init(consumed: 0, produced: 5, state: .needsOutput), .init(consumed: 0, produced: 5, state: .finished),
      .init(consumed: 99, produced: 0, state: .finished), .init(consumed: -1, produced: 0, state: .finished),
      .init(consumed: 0, produced: -1, state: .finished),
    ])
  func liars(_ answer: StreamStep) throws {
    let codec = LyingCodec(answer: answer)
    let code = CodecError.Code.internalInconsistency
    #expect(codeThrown { () throws(CodecError) in try codec.compress([1, 2, 3]) } == code)
    #expect(codeThrown { () throws(CodecError) in try codec.decompress([1, 2, 3]) } == code)
    let stream = try Compressor(codec)
    do throws(CodecError) {
      try stream.finish { (_: RawSpan) throws(CodecError) in Issue.record("there is nothing to deliver") }
      Issue.record("a lie is believed")
    } catch {
      #expect(error.code == code && error.codec == "liar")
    }
    var pump = try StreamPump(decompressing: codec)
    var source = MemorySource([1, 2, 3], step: 2)
    var sink = MemorySink()
    #expect(throws: PumpError<MemorySource.Failure, MemorySink.Failure>.self) {
      try pump.run(from: &source, to: &sink)
    }
    #expect(sink.bytes == [])
  }
}
