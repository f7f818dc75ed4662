// SPDX-License-Identifier: Apache-2.0

// Cut, flipped and invented streams: an error that names the fault, never another result.

import CodecKit
import TestSupport
import Testing

@Suite("Conformance: damage")
struct DamageTests {
  private func streams(_ subject: ConformanceSubject) throws -> [(name: String, content: [UInt8], packed: [UInt8])] {
    let contents = [
      ("empty", []), ("one byte", [0x41]), ("small", subject.smallContent), ("random", TestInputs.bytes(.random, 300)),
      ("zeros", TestInputs.bytes(.zeros, 2000)),
    ]
    return try contents.map { ($0.0, $0.1, try subject.codec.compress($0.1)) }
  }

  @Test("a stream that is cut anywhere reports truncated", arguments: ConformanceSubject.all)
  func truncation(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    for (name, content, packed) in try streams(subject) {
      let engine = try subject.codec.makeDecompressionEngine(.init())
      for length in 0..<packed.count {
        let label = "\(name) cut at \(length) of \(packed.count)"
        // Byte by byte costs a call for each byte: a part of the cuts will do.
        for pieces in length < 40 || length % 11 == 0 ? [Sizes.whole, .fixed(1)] : [.whole] {
          try engine.reset()
          let driver = StreamDriver(pieces: pieces, finishesWithData: length % 2 == 0)
          let outcome = driver.run(engine, Array(packed[..<length]))
          failures.trials += 1
          failures.check(outcome.violations.isEmpty, "\(label): \(outcome.violations)")
          failures.check(TestInputs.startsWith(content, outcome.output), "\(label): other content")
          if let error = outcome.error {
            failures.check(error.code == .truncated, "\(label): \(error)")
          } else {
            failures.check(mayEnd(subject, at: length), "\(label) is taken for complete")
          }
        }
      }
    }
    failures.report("cut streams of \(subject.codec.descriptor.id)")
  }

  private func mayEnd(_ subject: ConformanceSubject, at length: Int) -> Bool {
    if length == 0 { return subject.emptyStreamIsValid }
    return switch subject.end {
    case .marked: false
    // Small contents are one piece: only the header alone can pass for a stream.
    case .betweenPieces: length <= 16
    case .anywhere: true
    }
  }

  @Test("an empty stream is truncated where the format says so", arguments: ConformanceSubject.all)
  func emptyStream(_ subject: ConformanceSubject) throws {
    let code = codeThrown { () throws(CodecError) in try subject.codec.decompress([]) }
    #expect(code == (subject.emptyStreamIsValid ? nil : .truncated))
  }

  @Test("every flipped bit is noticed, or harmless", arguments: ConformanceSubject.all)
  func bitFlips(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    for (name, content, packed) in try streams(subject) {
      let engine = try subject.codec.makeDecompressionEngine(.init())
      for bit in 0..<packed.count * 8 {
        var damaged = packed
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        try engine.reset()
        let outcome = StreamDriver(maximumOutput: 4 << 20).run(engine, damaged)
        failures.trials += 1
        judge(subject, outcome, content, "\(name), bit \(bit)", &failures)
      }
    }
    failures.report("flipped bits of \(subject.codec.descriptor.id)")
  }

  /// A content checksum leaves no room for another result; without one, the output must at least stay bounded.
  private func judge(
    _ subject: ConformanceSubject, _ outcome: StreamOutcome, _ content: [UInt8], _ label: @autoclosure () -> String,
    _ failures: inout Failures
  ) {
    failures.check(outcome.violations.isEmpty, "\(label()): \(outcome.violations)")
    failures.check(outcome.finished != (outcome.error != nil), "\(label()): neither finished nor failed")
    if let error = outcome.error {
      let isFault =
        [
          .truncated, .corrupt, .checksumMismatch, .unsupportedFeature, .dictionaryRequired, .limitExceeded,
          .contentSizeMismatch, .unknownFormat, .outOfMemory,
        ].contains(error.code)
      failures.check(isFault, "\(label()): \(error)")
      failures.check(!error.reason.isEmpty, "\(label()): no reason")
    } else if subject.can(.contentChecksum) {
      // Where a piece may be skipped for its kind alone, one bit can hide it.
      let hidden = subject.end == .betweenPieces && outcome.output.isEmpty
      failures.check(same(outcome.output, content) || hidden, "\(label()): wrong output without an error")
    }
  }

  @Test("mutated streams give errors or bounded output", arguments: ConformanceSubject.all)
  func mutations(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    let seed = SplitMix.runSeed
    var random = SplitMix(seed: seed)
    let content = TestInputs.bytes(.rows, 4000) + TestInputs.bytes(.runs, 2000)
    let packed = try subject.codec.compress(content)
    let options = DecompressionOptions { $0.limits.maximumOutputSize = 1 << 20 }
    var stream = try Decompressor(subject.codec, options)
    for round in 0..<(isLongRun ? 100_000 : 1500) {
      var damaged = packed
      for _ in 0...random.below(3) { mutate(&damaged, &random) }
      try stream.reset()
      let driver = StreamDriver(
        pieces: round % 4 == 0 ? .random(seed: random.next(), upTo: 300) : .whole,
        rooms: round % 3 == 0 ? .random(seed: random.next(), upTo: 9000) : .whole, maximumOutput: 3 << 20)
      let outcome = driver.run(&stream, damaged)
      let label = "seed \(seed) round \(round)"
      failures.trials += 1
      failures.check(outcome.violations.isEmpty, "\(label): \(outcome.violations)")
      if outcome.finished, subject.can(.contentChecksum), subject.end == .marked {
        failures.check(same(outcome.output, content), "\(label): wrong output without an error")
      }
      failures.check(outcome.error?.code != .internalInconsistency, "\(label): \(outcome.summary)")
    }
    failures.report("mutated streams of \(subject.codec.descriptor.id)")
  }

  /// Flips, overwrites, cuts out, or sets to zero; nothing that could make a second valid stream.
  private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    guard !bytes.isEmpty else { return }
    let place = random.below(random.below(2) == 0 ? bytes.count : min(32, bytes.count))
    switch random.below(6) {
    case 0, 1: bytes[place] ^= 1 << UInt8(random.below(8))
    case 2: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(20)))
    case 4: for index in place..<min(bytes.count, place + 1 + random.below(20)) { bytes[index] = 0 }
    default: bytes.insert(contentsOf: random.bytes(1 + random.below(8)), at: place)
    }
  }

  @Test("noise gives errors or bounded output", arguments: ConformanceSubject.all)
  func garbage(_ subject: ConformanceSubject) throws {
    var failures = Failures()
    let seed = SplitMix.runSeed &+ 1
    var random = SplitMix(seed: seed)
    let beginning = Array(try subject.codec.compress(TestInputs.bytes(.text, 100)).prefix(12))
    let options = DecompressionOptions { $0.limits.maximumOutputSize = 1 << 20 }
    var stream = try Decompressor(subject.codec, options)
    for round in 0..<(isLongRun ? 100_000 : 2000) {
      let noise = Array(beginning.prefix(random.below(13))) + random.bytes(random.below(200))
      try stream.reset()
      let outcome = StreamDriver(rooms: .fixed(30_000), maximumOutput: 3 << 20).run(&stream, noise)
      failures.trials += 1
      failures.check(outcome.violations.isEmpty, "seed \(seed) round \(round): \(outcome.violations)")
    }
    failures.report("noise for \(subject.codec.descriptor.id)")
  }
}
