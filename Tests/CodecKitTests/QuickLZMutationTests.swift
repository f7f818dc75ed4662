// SPDX-License-Identifier: Apache-2.0

// Damaged packets: the fast decoder and the naive one give the same content or the same reason.

import TestSupport
import Testing

@testable import CodecKit

@Suite("QuickLZ mutations")
struct QuickLZMutationTests {
  @Test("both decoders agree on damaged packets of all levels and buffers")
  func agreement() {
    let isLong = ProcessEnvironment.isSet("CODECKIT_LONG")
    let seed = SplitMix.runSeed
    var mutants = QuickLZMutants(seed: seed)
    let tally = mutants.run(isLong ? 10_000_000 : 8000)
    #expect(tally.disagreements == [], "seed \(seed)")
    #expect(tally.accepted * 3 >= tally.count, "\(tally.accepted) of \(tally.count)")
  }
}
