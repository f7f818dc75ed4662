// SPDX-License-Identifier: Apache-2.0

// Chunks that end where their content says, and packers that look back: the same in one thread and in many.

import Foundation
import TestSupport
import Testing

@testable import CodecKit

/// Cuts behind each `e`, but only into pieces of 3 to 7 bytes.
private final class LetterCutter: ChunkCutter {
  let maximumSize = 7
  func border(in bytes: RawSpan, searched: Int) -> Int? {
    for size in max(3, searched)..<max(3, searched, min(bytes.byteCount, 7)) + 1 where size <= bytes.byteCount {
      if size >= 3, bytes.byte(at: size - 1) == UInt8(ascii: "e") || size == 7 { return size }
    }
    return nil
  }
}

/// Writes each chunk in brackets, with its index, `!` on the last, and the 5 bytes before it.
private final class HistoryAssembler: ChunkAssembler {
  let chunkSize = 4
  let cutter: (any ChunkCutter)?
  let historySize = 5
  let failsAt: UInt64?
  private(set) var seen: [UInt8] = []
  private(set) var noted: [UInt64] = []
  /// How many packers were made.
  private(set) var packers = 0

  init(cuts: Bool, failsAt: UInt64? = nil) {
    cutter = cuts ? LetterCutter() : nil
    self.failsAt = failsAt
  }

  func makePacker() -> any ChunkPacker {
    packers += 1
    return Packer(failsAt)
  }
  func begin(_ first: ChunkPlace, into output: inout ByteBuffer) {
    output.append(Array((first.isOnly ? "<only" : "<").utf8))
  }
  func see(_ content: RawSpan) { seen += content.array }
  func note(_ packed: PackedChunk, at place: ChunkPlace) { noted.append(place.index) }
  func end(into output: inout ByteBuffer) { output.append(Array(">".utf8)) }
  func reset() { (seen, noted) = ([], []) }

  final class Packer: ChunkPacker {
    let failsAt: UInt64?
    init(_ failsAt: UInt64?) { self.failsAt = failsAt }
    func packedBound(_ count: Int) -> Int { count + 40 }
    func pack(
      _ chunk: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan
    ) throws(CodecError) -> PackedChunk {
      throw CodecError(.internalInconsistency, reason: "the history is missing")
    }
    func pack(
      _ chunk: RawSpan, after history: RawSpan, at place: ChunkPlace, into output: inout OutputRawSpan
    ) throws(CodecError) -> PackedChunk {
      if let failsAt, place.index >= failsAt {
        throw CodecError(.corrupt, inputOffset: place.index, reason: "as planned")
      }
      let text =
        Array("[\(place.index)\(place.isLast ? "!" : "") ".utf8) + history.array + [UInt8(ascii: "|")] + chunk.array
        + [UInt8(ascii: "]")]
      for byte in text { output.append(byte) }
      return PackedChunk(contentSize: chunk.byteCount, packedSize: text.count)
    }
  }
}

@Suite("Cutting by content, and history")
struct ChunkCuttingTests {
  private static func letters(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix(seed: seed)
    return (0..<count).map { _ in UInt8(ascii: "a") + UInt8(random.below(7)) }
  }

  /// The rules, written down plainly. Flushes cut too.
  private static func expected(_ input: [UInt8], cuts: Bool, flushes: [Int] = []) -> String {
    var borders: [Int] = []
    var start = 0
    for end in 1...max(1, input.count) where end <= input.count {
      let size = end - start
      let isFull = cuts ? size == 7 || (size >= 3 && input[end - 1] == UInt8(ascii: "e")) : size == 4
      if isFull || flushes.contains(end) || end == input.count {
        borders.append(end)
        start = end
      }
    }
    if input.isEmpty { borders = [0] }
    // A flush at the very end comes before it is known to be the end.
    let flushedAtEnd = !input.isEmpty && flushes.contains(input.count)
    var text = borders.count == 1 && !flushedAtEnd ? "<only" : "<"
    start = 0
    for (index, end) in borders.enumerated() {
      let isLast = index == borders.count - 1 && !flushedAtEnd
      text += "[\(index)\(isLast ? "!" : "") "
      text += String(decoding: input[max(0, start - 5)..<start], as: UTF8.self) + "|"
      text += String(decoding: input[start..<end], as: UTF8.self) + "]"
      start = end
    }
    return text + ">"
  }

  private static func engine(_ assembler: HistoryAssembler, _ threads: Int) throws -> any StreamEngine {
    try makeChunkedEngine(assembler, threads: threads)
  }

  @Test("the cutting and the history depend on the content alone", arguments: [1, 2, 3, 8])
  func cutting(threads: Int) throws {
    var failures = Failures()
    for seed in SplitMix.runSeed..<SplitMix.runSeed + 150 {
      var random = SplitMix(seed: seed)
      let input = Self.letters(random.below(60), seed: seed)
      for cuts in [false, true] {
        let driver = StreamDriver(
          pieces: seed % 5 == 0 ? .whole : .random(seed: seed, upTo: 20), rooms: .random(seed: seed &+ 1, upTo: 90),
          finishesWithData: seed % 2 == 0)
        let assembler = HistoryAssembler(cuts: cuts)
        let outcome = driver.run(try Self.engine(assembler, threads), input)
        let text = String(decoding: outcome.output, as: UTF8.self)
        failures.check(
          text == Self.expected(input, cuts: cuts) && outcome.violations.isEmpty,
          "seed \(seed), cuts \(cuts): \(text) instead of \(Self.expected(input, cuts: cuts)), \(outcome.violations)")
        failures.check(assembler.seen == input, "seed \(seed): all content is seen once, in order")
        failures.check(assembler.noted == Array(0..<UInt64(assembler.noted.count)), "seed \(seed): notes in order")
        failures.check(assembler.packers <= threads, "seed \(seed): \(assembler.packers) packers")
      }
    }
    failures.report()
  }

  @Test("flushes cut, and the history goes on over them", arguments: [1, 2, 5])
  func flushes(threads: Int) throws {
    var failures = Failures()
    for seed in SplitMix.runSeed..<SplitMix.runSeed + 100 {
      var random = SplitMix(seed: seed)
      let input = Self.letters(1 + random.below(60), seed: seed)
      for cuts in [false, true] {
        let engine = try Self.engine(HistoryAssembler(cuts: cuts), threads)
        var (output, position, flushes): ([UInt8], Int, [Int]) = ([], 0, [])
        while position < input.count {
          let end = min(input.count, position + 1 + random.below(15))
          var driver = StreamDriver(pieces: .whole, rooms: .random(seed: seed, upTo: 50))
          driver.flush = .block
          driver.probesEnd = false
          let outcome = driver.run(engine, Array(input[position..<end]), ends: false)
          failures.check(outcome.violations.isEmpty && outcome.error == nil, "seed \(seed): \(outcome.summary)")
          let all = String(decoding: output + outcome.output, as: UTF8.self)
          failures.check(all.hasSuffix(String(decoding: input[..<end].suffix(1), as: UTF8.self) + "]"), "\(all)")
          output += outcome.output
          position = end
          flushes.append(end)
        }
        output += StreamDriver(rooms: .fixed(20)).run(engine, []).output
        let text = String(decoding: output, as: UTF8.self)
        let wanted = Self.expected(input, cuts: cuts, flushes: flushes)
        failures.check(text == wanted, "seed \(seed), cuts \(cuts): \(text) instead of \(wanted)")
      }
    }
    failures.report()
  }

  @Test("the error of a chunk in the middle comes after all chunks before it, and reset makes all good")
  func errors() throws {
    let input = Self.letters(300, seed: 5)
    let whole = Self.expected(input, cuts: true)
    for failsAt in [UInt64(0), 1, 2, 3, 10, 30] {
      for threads in [1, 2, 4] {
        let engine = try Self.engine(HistoryAssembler(cuts: true, failsAt: failsAt), threads)
        for _ in 0..<2 {
          let outcome = StreamDriver(pieces: .fixed(11), rooms: .fixed(37)).run(engine, input)
          #expect(outcome.error?.inputOffset == failsAt && outcome.violations == [])
          let text = String(decoding: outcome.output, as: UTF8.self)
          let fault = try #require(whole.range(of: "[\(failsAt) "))
          #expect(text == whole[..<fault.lowerBound])
          try engine.reset()
        }
      }
    }
  }

  @Test("the pump drives the ring's own memory, and the result is the same", arguments: [1, 2, 3])
  func pump(threads: Int) throws {
    let codec = HistoryCodec()
    for (size, step) in [(0, 1), (1, 1), (50, 1), (5000, 7), (20_000, 4096), (20_000, 20_000)] {
      let input = Self.letters(size, seed: 9)
      var pump = try StreamPump(compressing: codec, .init { $0.threads = threads })
      var source = MemorySource(input, step: step)
      var sink = MemorySink()
      try pump.run(from: &source, to: &sink, prefix: Array(input.prefix(0)))
      #expect(String(decoding: sink.bytes, as: UTF8.self) == Self.expected(input, cuts: true))
    }
  }

  @Test("a gear cutter keeps its limits, forgets after 64 bytes, and does not care how bytes arrive")
  func gear() throws {
    let input = TestInputs.bytes(.random, 300_000)
    let cutter = GearCutter(around: 4096, limit: 1 << 20)
    let borders = Self.borders(cutter, input)
    #expect(borders.count > 40 && borders.count < 150)
    for (before, border) in zip([0] + borders, borders.dropLast()) {
      #expect((1024...8192).contains(border - before))
    }
    // An insertion moves what is near it only.
    var changed = input
    changed.insert(contentsOf: [1, 2, 3], at: 150_000)
    let moved = Set(Self.borders(cutter, changed).map { $0 > 150_000 ? $0 - 3 : $0 })
    #expect(moved.intersection(borders).count >= borders.count - 8)
    // In any pieces.
    var (start, searched) = (0, 0)
    var found: [Int] = []
    for end in stride(from: 0, through: input.count, by: 97) {
      while true {
        let piece = Array(input[start..<end])
        guard let size = unsafe cutter.border(in: piece.span.bytes, searched: searched) else {
          searched = end - start
          break
        }
        start += size
        searched = 0
        found.append(start)
      }
    }
    #expect(found == borders.filter { $0 <= input.count / 97 * 97 })
    #expect(unsafe cutter.border(in: [UInt8](repeating: 0, count: 8191).span.bytes, searched: 0) == nil)
    #expect(unsafe cutter.border(in: [UInt8](repeating: 0, count: 8192).span.bytes, searched: 8191) == 8192)
  }

  private static func borders(_ cutter: GearCutter, _ input: [UInt8]) -> [Int] {
    var borders: [Int] = []
    var start = 0
    while true {
      let rest = Array(input[start...])
      guard let size = unsafe cutter.border(in: rest.span.bytes, searched: 0) else { return borders }
      start += size
      borders.append(start)
    }
  }
}

private struct HistoryCodec: Codec {
  var descriptor: CodecDescriptor { CodecDescriptor(id: "history", summary: "a test") }
  func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    try makeChunkedEngine(HistoryAssembler(cuts: true), threads: options.threads)
  }
  func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    throw CodecError(.unsupportedFeature, reason: "a test")
  }
}
