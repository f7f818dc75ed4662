// SPDX-License-Identifier: Apache-2.0

// Each rule chooses what it says it chooses.
import Testing

@testable import archivetool

@Suite("bench: recommendations")
struct RecommendationTests {
  private func choices(_ results: [BenchResult]) -> [String: String] {
    Recommendation.all(results).reduce(into: [:]) { choices, item in
      choices[item.purpose] = item.choice.map { results[$0].case.name } ?? "none"
    }
  }

  @Test("the link gets what brings most data through it: neither the fastest nor the smallest")
  func link() {
    let results = [
      BenchResult.of("fast", ratio: 1.5, compress: [900]),  // 187 by the link
      BenchResult.of("good", ratio: 3, compress: [300]),  // 300 by the codec
      BenchResult.of("small", ratio: 6, compress: [20]),  // 20 by the codec
    ]
    #expect(choices(results)["for sending over a 1 Gbit/s link"] == "good")
    #expect(Recommendation.all(results)[0].effect.contains("300 MB/s"))
    #expect(Recommendation.all([results[2]])[0].effect.contains("does not fill the link"))
  }

  @Test("backups get the smallest of those that compress at 100 MB/s, or nothing")
  func backups() {
    let slow = BenchResult.of("slow", ratio: 9, compress: [99])
    let enough = BenchResult.of("enough", ratio: 3, compress: [101])
    let fast = BenchResult.of("fast", ratio: 2, compress: [999])
    #expect(choices([slow, enough, fast])["for backups at 100 MB/s"] == "enough")
    #expect(choices([slow])["for backups at 100 MB/s"] == "none")
  }

  @Test("restores get the smallest of those at least half as fast as the fastest")
  func restores() {
    let results = [
      BenchResult.of("a", ratio: 2, compress: [1], decompress: [2000]),
      BenchResult.of("b", ratio: 4, compress: [1], decompress: [1000]),
      BenchResult.of("c", ratio: 8, compress: [1], decompress: [999]),
    ]
    #expect(choices(results)["for quick restores"] == "b")
  }

  @Test("what is kept for years gets the smallest, but not for half a percent at a tenth of the speed")
  func years() {
    let results = [
      BenchResult.of("nearly", ratio: 4.99, compress: [50]), BenchResult.of("smallest", ratio: 5, compress: [5]),
      BenchResult.of("quick", ratio: 4, compress: [500]),
    ]
    #expect(choices(results)["for keeping for years"] == "nearly")
  }

  @Test("data that nothing makes smaller is to be stored")
  func incompressible() {
    let all = Recommendation.all([BenchResult.of("zstd", ratio: 1.01, compress: [900])])
    #expect(all.count == 1)
    #expect(all[0].choice == nil)
    #expect(all[0].effect.contains("store it as it is"))
    #expect(Recommendation.all([]).isEmpty)
  }
}
