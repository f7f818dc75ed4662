// SPDX-License-Identifier: Apache-2.0

// Input and output that end where memory ends: nothing is read or written one byte too far, in Swift or in C.

import CodecKit
import Foundation
import TestSupport
import Testing

@Suite("Conformance: guard pages")
struct GuardPageTests {
  /// Where in its pages a buffer lies.
  enum Edge: CaseIterable { case front, back }

  /// Input and output pages, made once for many streams.
  private struct Arena {
    let input: GuardedPages
    let output: GuardedPages
    let size: Int

    init(_ size: Int) throws {
      self.size = size
      input = try GuardedPages(size)
      output = try GuardedPages(size)
    }

    /// Drives an engine with all of its input at one edge, and rooms of so many bytes at one edge.
    func run(_ engine: any StreamEngine, _ bytes: [UInt8], room: Int, _ edge: Edge, limit: Int) -> (
      output: [UInt8], error: CodecError?
    ) {
      let place = unsafe edge == .back ? input.last(bytes.count) : input.first(bytes.count)
      unsafe place.copyBytes(from: bytes)
      var result: [UInt8] = []
      var used = 0
      var idle = 0
      while result.count <= limit {
        let target = unsafe edge == .back ? output.last(room) : output.first(room)
        var span = unsafe OutputRawSpan(buffer: target, initializedCount: 0)
        let piece = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: place[used...]))
        do throws(CodecError) {
          let step = try engine.step(piece, into: &span, flush: .finish)
          used += step.consumed
          result += unsafe Array(target[..<span.byteCount])
          if step.state == .finished { return (result, nil) }
          idle = step.consumed == 0 && step.produced == 0 ? idle + 1 : 0
          if idle > 2 { return (result, nil) }
        } catch {
          return (result, error)
        }
      }
      return (result, nil)
    }
  }

  private static let sizes = Array(0...34) + [63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 4095, 4096, 4097, 20_000]

  @Test("streams of every size end exactly where memory ends", arguments: ConformanceSubject.all)
  func roundTrips(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    let arena = try Arena(128 << 10)
    let unpacking = try subject.codec.makeDecompressionEngine(.init())
    for level in Set([subject.levels.fastest, subject.levels.balanced]) {
      let packing = try subject.codec.makeCompressionEngine(.init { $0.level = .native(level) })
      for size in Self.sizes {
        for kind in [InputKind.text, .zeros, .random] {
          let content = TestInputs.bytes(kind, size)
          for edge in Edge.allCases {
            let label = "level \(level), \(size) bytes of \(kind), \(edge)"
            try packing.reset()
            let packed = arena.run(packing, content, room: 777, edge, limit: 1 << 20)
            failures.check(packed.error == nil, "\(label): \(String(describing: packed.error))")
            // Room for exactly the content, then for less than any piece.
            for room in [max(size, 1), 61] {
              try unpacking.reset()
              let plain = arena.run(unpacking, packed.output, room: room, edge, limit: 1 << 20)
              failures.check(plain.error == nil, "\(label), rooms of \(room): \(String(describing: plain.error))")
              failures.check(same(plain.output, content), "\(label), rooms of \(room): other content")
            }
          }
        }
      }
    }
    failures.report()
  }

  @Test("damaged streams are read to where memory ends and no further", arguments: ConformanceSubject.all)
  func damage(_ subject: ConformanceSubject) throws {
    let arena = try Arena(128 << 10)
    let packed = try subject.codec.compress(subject.smallContent + TestInputs.bytes(.rows, 700))
    let unpacking = try subject.codec.makeDecompressionEngine(.init())
    var runs = 0
    // Every cut, and every byte with two of its bits flipped: the length fields among them lead over the end.
    for place in 0..<packed.count {
      var damaged = packed
      damaged[place] ^= 0x81
      for bytes in [Array(packed[..<place]), damaged] {
        try unpacking.reset()
        let result = arena.run(unpacking, bytes, room: 4096, .back, limit: 4 << 20)
        runs += result.error == nil ? 0 : 1
      }
    }
    // Whatever bytes there are, `none` takes them.
    #expect(runs > 0 || subject.id == "none")
  }

  @Test(
    "what other programs wrote, sound and hostile, is read to where memory ends and no further",
    arguments: [
      ("gzip", "gzip"), ("lz4", "lz4"), ("snappy", "snappy"), ("zstd", "zstd"), ("s2", "s2"), ("s2", "s2-raw"),
      ("snappy", "snappy-raw"), ("quicklz", "quicklz"), ("quicklz", "quicklz-raw"),
    ])
  func vectors(_ format: String, _ codec: String) throws {
    let subject = try #require(ConformanceSubject.all.first { $0.id.rawValue == codec })
    let vectors = try Vectors(format)
    let arena = try Arena(256 << 10)
    var count = 0
    for vector in vectors.all {
      guard let bytes = try? vectors.bytes(vector), bytes.count <= arena.size else { continue }
      let options = DecompressionOptions { $0.limits.maximumOutputSize = 2 << 20 }
      for room in [65_536, 509] {
        let engine = try subject.codec.makeDecompressionEngine(options)
        let result = arena.run(engine, bytes, room: room, .back, limit: 3 << 20)
        if vector.expect.hasPrefix("ok"), result.error == nil { count += 1 }
      }
    }
    #expect(count > 0)
  }
}
