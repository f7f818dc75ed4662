// SPDX-License-Identifier: Apache-2.0

// What fuzzing has found worth keeping, run again: all targets, all inputs, without the fuzzer.

import ArchiveKit
import CodecKit
import Foundation
import TestSupport
import Testing

@testable import FuzzTargets

@Suite("Fuzzing corpora")
struct CorpusReplayTests {
  static let corpora = Vectors.packageRoot.appending(path: "Fuzz/corpus")

  /// The inputs that are kept for a target.
  static func corpus(_ target: FuzzTarget) throws -> [[UInt8]] {
    try Corpus.inputs(of: String(contentsOf: corpora.appending(path: "\(target.name).txt"), encoding: .utf8))
  }

  @Test("every input that was kept holds what is promised", arguments: FuzzTarget.all)
  func corpus(_ target: FuzzTarget) throws {
    let inputs = try Self.corpus(target)
    #expect(!inputs.isEmpty)
    for input in inputs {
      #expect(throws: Never.self, "\(Corpus.text(of: [input]))") { try target.run(input) }
    }
  }

  @Test("every seed holds what is promised, and has the right checksums", arguments: FuzzTarget.all)
  func seeds(_ target: FuzzTarget) throws {
    let seeds = try target.seeds()
    #expect(!seeds.isEmpty)
    for seed in seeds {
      #expect(throws: Never.self, "\(Corpus.text(of: [seed]))") { try target.run(seed) }
    }
  }

  @Test("tar streams that fuzzing begins with are taken: what is refused at once leads nowhere")
  func tarSeeds() throws {
    let seeds = try #require(FuzzTarget.named("tar_members")).seeds()
    var refusals: [ArchiveError] = []
    for seed in seeds {
      let writer = try ArchiveWriter(to: MemoryArchiveOutput(), .init { $0.codec = Store() })
      do throws(ArchiveError) { _ = try TreeArchiver(to: writer).archiveTar(PieceStream(seed)) } catch {
        refusals.append(error)
      }
    }
    // The one that is cut on purpose.
    #expect(seeds.count > 15 && refusals.map(\.code) == [.truncated], "\(refusals)")
  }

  @Test("every finding that was mended holds what is promised")
  func findings() throws {
    let top = Vectors.packageRoot.appending(path: "fixtures/findings")
    var count = 0
    for folder in try FileManager.default.contentsOfDirectory(atPath: top.path).sorted() {
      let target = try #require(FuzzTarget.named(folder), "fixtures/findings/\(folder) belongs to no target")
      for name in try FileManager.default.contentsOfDirectory(atPath: top.appending(path: folder).path).sorted() {
        let input = Array(try Data(contentsOf: top.appending(path: "\(folder)/\(name)")))
        #expect(throws: Never.self, "\(folder)/\(name)") { try target.run(input) }
        count += 1
      }
    }
    #expect(count >= 3)
  }

  @Test("nothing but corpora of targets is kept, and not too much of them")
  func files() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.corpora.path).sorted()
    #expect(names == FuzzTarget.all.map { "\($0.name).txt" }.sorted())
    for name in names {
      let size = try Data(contentsOf: Self.corpora.appending(path: name)).count
      #expect(size <= 300_000, "\(name) has \(size) bytes")
    }
  }

  @Test("a corpus file holds any bytes")
  func form() throws {
    let inputs: [[UInt8]] = [[], [0], Array("a \"b\"\\\n\\n".utf8), Array("=".utf8), (0...255).map { $0 }]
    let text = Corpus.text(of: inputs)
    #expect(
      try Corpus.inputs(of: text).sorted { $0.lexicographicallyPrecedes($1) }
        == inputs.sorted { $0.lexicographicallyPrecedes($1) })
    #expect(throws: Finding.self) { try Corpus.inputs(of: "\u{1}") }
  }
}
