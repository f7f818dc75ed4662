// SPDX-License-Identifier: Apache-2.0

// What goes in comes out, for all sorts of data, sizes and levels.

import CodecKit
import TestSupport
import Testing

@Suite("Conformance: round trips")
struct RoundTripTests {
  private func check(
    _ subject: ConformanceSubject, _ input: [UInt8], _ options: CompressionOptions, _ label: @autoclosure () -> String,
    _ failures: inout Failures
  ) {
    do throws(CodecError) {
      let packed = try subject.codec.compress(input, options)
      if let bound = subject.codec.compressedBound(input.count, options) {
        failures.check(packed.count <= bound, "\(label()): \(packed.count) bytes, over the bound \(bound)")
      }
      failures.check(same(try subject.codec.decompress(packed), input), "\(label()): another result")
    } catch {
      failures.add("\(label()): \(error)")
    }
  }

  @Test("small inputs of every kind survive", arguments: ConformanceSubject.all)
  func small(_ subject: ConformanceSubject) {
    var failures = Failures()
    for kind in InputKind.allCases {
      for size in TestInputs.smallSizes {
        check(subject, TestInputs.bytes(kind, size), .init(), "\(kind) \(size)", &failures)
      }
    }
    for size in isLongRun ? Array(0...70_000) : Array(0...1024) {
      check(subject, TestInputs.bytes(.text, size), .init(), "text \(size)", &failures)
    }
    failures.report()
  }

  @Test("sizes around powers of two survive", arguments: ConformanceSubject.all)
  func large(_ subject: ConformanceSubject) {
    var failures = Failures()
    for size in TestInputs.borders(11...17) where size <= subject.largestInput {
      for kind in [InputKind.text, .random, .pages] {
        check(subject, TestInputs.bytes(kind, size), .init { $0.level = .fastest }, "\(kind) \(size)", &failures)
      }
    }
    let kinds: [InputKind] = isLongRun ? InputKind.allCases : [.rows]
    for size in TestInputs.borders(18...23) where size <= subject.largestInput {
      for kind in kinds {
        check(subject, TestInputs.bytes(kind, size), .init { $0.level = .fastest }, "\(kind) \(size)", &failures)
      }
    }
    failures.report()
  }

  @Test("every level works", arguments: ConformanceSubject.all)
  func levels(_ subject: ConformanceSubject) {
    var failures = Failures()
    for level in subject.allLevels {
      for kind in isLongRun ? InputKind.allCases : [.text, .pages, .random] {
        for size in [0, 1, 100, 5000, 70_001] {
          let options = CompressionOptions { $0.level = .native(level) }
          check(subject, TestInputs.bytes(kind, size), options, "level \(level) \(kind) \(size)", &failures)
        }
      }
      let options = CompressionOptions { $0.level = .native(level) }
      let size = min(subject.largestInput, 300_000)
      check(subject, TestInputs.bytes(.rows, size), options, "level \(level) rows \(size)", &failures)
    }
    for level in [CompressionLevel.fastest, .fast, .balanced, .better, .smallest] {
      check(subject, subject.smallContent, .init { $0.level = level }, "level \(level)", &failures)
    }
    failures.report()
  }

  @Test("sizes around chunk borders survive, at once and in pieces", arguments: ConformanceSubject.all)
  func chunkBorders(_ subject: ConformanceSubject) {
    var failures = Failures()
    for chunkSize in subject.legalChunkSizes where chunkSize * 2 < subject.largestInput {
      let options = CompressionOptions {
        $0.chunkSize = chunkSize
        $0.level = .fastest
      }
      for size in [chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize - 1, 2 * chunkSize, 2 * chunkSize + 1] {
        let label = "chunk \(chunkSize), size \(size)"
        let input = TestInputs.bytes(.rows, size)
        check(subject, input, options, label, &failures)
        do throws(CodecError) {
          let expected = try subject.codec.compress(input, options)
          for pieces in [Sizes.fixed(chunkSize), .cut(chunkSize), .cut(1), .cut(size - 1), .fixed(chunkSize + 1)] {
            let driver = StreamDriver(pieces: pieces, rooms: .fixed(100_000), finishesWithData: size % 2 == 0)
            let outcome = driver.run(try subject.codec.makeCompressionEngine(options), input)
            failures.check(
              outcome.error == nil && outcome.violations.isEmpty && same(outcome.output, expected),
              "\(label), \(driver.summary): \(outcome.summary) instead of \(expected.count)")
          }
        } catch {
          failures.add("\(label): \(error)")
        }
      }
    }
    failures.report()
  }

  @Test("the same input gives the same bytes, without a checksum too", arguments: ConformanceSubject.all)
  func determinism(_ subject: ConformanceSubject) throws {
    for kind in InputKind.allCases {
      let input = TestInputs.bytes(kind, 20_000)
      let first = try subject.codec.compress(input)
      #expect(same(first, try subject.codec.compress(input)), "\(kind)")
      let threaded = try subject.codec.compress(input, .init { $0.threads = 3 })
      #expect(same(first, threaded), "threads must not change the output: \(kind)")
      let bare = try subject.codec.compress(input, .init { $0.checksum = false })
      #expect(same(try subject.codec.decompress(bare), input), "\(kind)")
      if subject.can(.optionalChecksum) { #expect(bare.count < first.count) } else { #expect(same(bare, first)) }
    }
  }
}
