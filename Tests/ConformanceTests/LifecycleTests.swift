// SPDX-License-Identifier: Apache-2.0

// Engines come and go without leaving anything behind, and streams of any length need little memory. Memory is measured
// in a process of its own: other tests must not disturb the figures.

import CodecKit
import Foundation
import TestSupport
import Testing

@Suite("Conformance: life-cycle and memory")
struct LifecycleTests {
  private static func subject(_ name: String) throws -> ConformanceSubject {
    try #require(ConformanceSubject.all.first { $0.id.rawValue == name })
  }

  @Test(
    "abandoned engines leave nothing behind", .enabled(if: ResidentMemory.tellsLeaks),
    arguments: ConformanceSubject.all)
  func abandoning(_ subject: ConformanceSubject) async {
    let name = subject.id.rawValue
    await #expect(processExitsWith: .success) { [name = name as String] in
      let subject = try Self.subject(name)
      let content = TestInputs.bytes(.rows, 3000)
      let packed = try subject.codec.compress(content, .init { $0.level = .fastest })
      let damaged = packed.map { $0 ^ 0x11 }
      var driver = StreamDriver(rooms: .fixed(500))
      driver.probesEnd = false
      func cycle(_ index: Int) throws {
        let options = CompressionOptions { $0.level = .fastest }
        _ = driver.run(try subject.codec.makeCompressionEngine(options), content, ends: index % 2 == 0)
        let half = Array(packed.prefix(packed.count * (index % 3 + 1) / 3))
        let bytes = index % 7 == 0 ? damaged : half
        _ = driver.run(try subject.codec.makeDecompressionEngine(.init()), bytes, ends: index % 5 == 0)
      }
      for index in 0..<500 { try cycle(index) }
      let before = ResidentMemory.current
      for index in 0..<(isLongRun ? 50_000 : 10_000) { try cycle(index) }
      let growth = ResidentMemory.current - before
      #expect(growth < 3 << 20, "\(name) grew by \(growth) bytes")
      if growth >= 3 << 20 { exit(1) }
    }
  }

  @Test(
    "long streams need constant memory", .enabled(if: ResidentMemory.tellsLeaks),
    arguments: ConformanceSubject.all.filter(\.isConstantInMemory))
  func constantMemory(_ subject: ConformanceSubject) async {
    let name = subject.id.rawValue
    await #expect(processExitsWith: .success) { [name = name as String] in
      let subject = try Self.subject(name)
      // What is slow in debug builds proves the same with less.
      let total: UInt64 = subject.largestInput < 1 << 20 && !isLongRun ? 4 << 20 : 256 << 20
      let options = CompressionOptions { $0.level = .fastest }
      _ = try StreamRelay.pages(total: 1 << 20).run(subject.codec, options)
      let before = ResidentMemory.current
      var most = before
      let size = try StreamRelay.pages(total: total).run(subject.codec, options) {
        most = max(most, ResidentMemory.current)
      }
      let growth = most - before
      #expect(growth < 48 << 20, "\(name) grew by \(growth) bytes")
      #expect(size > 0)
      if growth >= 48 << 20 { exit(1) }
    }
  }

  @Test(
    "data on both sides of 2 and 4 GiB survives", .enabled(if: isLongRun),
    arguments: ConformanceSubject.all.filter { $0.isConstantInMemory && $0.largestInput >= 8 << 20 })
  func beyondFourGigabytes(_ subject: ConformanceSubject) throws {
    let total: UInt64 = 5 << 30
    let relay = StreamRelay.sparse(total: total, islands: [0, 2 << 30, 4 << 30, total])
    let size = try relay.run(subject.codec, .init { $0.level = .fastest })
    #expect(size > 0)
  }
}
