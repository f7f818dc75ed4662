// SPDX-License-Identifier: Apache-2.0

// Blocks that are not worth compressing.

import CodecKit
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("probe of incompressible blocks")
struct IncompressibleProbeTests {
  private static func isIncompressible(_ bytes: [UInt8]) -> Bool {
    unsafe IncompressibleProbe.isIncompressible(bytes.span.bytes)
  }

  @Test(
    "random bytes of any size are not worth it", arguments: [1024, 1025, 2048, 5001, 16_384, 16_385, 100_000, 1 << 20])
  func random(_ size: Int) {
    let bytes = TestInputs.bytes(.random, 4 << 20)
    for start in stride(from: 0, to: bytes.count - size, by: 200_003) {
      #expect(Self.isIncompressible(Array(bytes[start..<(start + size)])), "\(size) at \(start)")
    }
  }

  @Test("what was compressed is not worth it")
  func compressed() throws {
    let packed = try Zstd().compress(TestInputs.bytes(.rows, 4 << 20))
    #expect(packed.count > 1 << 17)
    #expect(Self.isIncompressible(packed))
    let deflated = try Gzip().compress(TestInputs.bytes(.text, 4 << 20))
    #expect(Self.isIncompressible(deflated))
  }

  @Test(
    "text, tables and pages are worth it",
    arguments: InputKind.allCases.filter { ![InputKind.random, .packed].contains($0) },
    [1024, 4096, 16_384, 65_536, 1 << 20])
  func compressible(_ kind: InputKind, _ size: Int) {
    let bytes = TestInputs.bytes(kind, 4 << 20)
    for start in stride(from: 0, to: bytes.count - size, by: 300_007) {
      #expect(!Self.isIncompressible(Array(bytes[start..<(start + size)])), "\(kind), \(size) at \(start)")
    }
  }

  @Test("an eighth of text among noise is worth it, and so is noise that comes again")
  func mixed() {
    var bytes = TestInputs.bytes(.random, 1 << 20)
    bytes.replaceSubrange(..<(1 << 17), with: [UInt8](repeating: 32, count: 1 << 17))
    #expect(!Self.isIncompressible(bytes))
    let noise = TestInputs.bytes(.random, 700)
    #expect(!Self.isIncompressible((0..<20).flatMap { _ in noise }))
  }

  @Test("of tiny blocks nothing is known")
  func tiny() {
    #expect(!Self.isIncompressible([]))
    #expect(!Self.isIncompressible(TestInputs.bytes(.random, 1023)))
  }
}
