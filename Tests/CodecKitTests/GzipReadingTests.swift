// SPDX-License-Identifier: Apache-2.0

// Reading gzip: the vectors, joined and padded members, damage, limits, memory.

import CodecKit
import Foundation
import Testing

/// One entry of the vectors' manifest.
private struct Vector: Decodable, CustomStringConvertible {
  var file: String
  var expect: String
  var outBytes: Int?
  var outSha256: String?
  var description: String { file }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("fixtures/vectors/gzip")

  private struct Manifest: Decodable { var vectors: [Vector] }

  static let all: [Vector] = {
    guard let data = try? Data(contentsOf: folder.appendingPathComponent("manifest.json")) else { return [] }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return (try? decoder.decode(Manifest.self, from: data).vectors) ?? []
  }()

  func bytes() throws -> [UInt8] { Array(try Data(contentsOf: Self.folder.appendingPathComponent(file))) }
}

@Suite("gzip reading")
struct GzipReadingTests {
  private static let libraries: [DeflateLibrary] = [.isal, .zlib]

  private func reader(
    _ library: DeflateLibrary = .automatic, _ trailing: DecompressionOptions.TrailingData = .reject,
    proven: Bool = false
  ) throws -> any StreamEngine {
    try Gzip { $0.library = library }.makeDecompressionEngine(
      .init {
        $0.trailingData = trailing
        $0.requiresProvenEnd = proven
      })
  }

  @Test("the manifest was found")
  func manifest() { #expect(Vector.all.count >= 60) }

  @Test("every vector ends as the manifest says", arguments: Vector.all, libraries)
  fileprivate func vectors(vector: Vector, library: DeflateLibrary) throws {
    let packed = try vector.bytes()
    var expected: [UInt8]?
    let all: [Feeding.Pieces] = [.whole, .init(input: 13, output: 4096), .init(input: 1, output: 1 << 16)]
    for pieces in all where packed.count < 100_000 || pieces.input > 1 {
      let outcome = Feeding.run(try reader(library, .report), packed, pieces)
      if vector.expect == "reject" {
        #expect(outcome.error != nil)
        continue
      }
      #expect(outcome.error == nil)
      #expect(outcome.bytes.count == vector.outBytes)
      #expect(outcome.notices.isEmpty == (vector.expect != "ok-with-warning"))
      if expected == nil {
        #expect(try Tool.sha256(outcome.bytes) == vector.outSha256)
        expected = outcome.bytes
      }
      #expect(outcome.bytes == expected)
    }
  }

  @Test("each kind of damage has its own code and offset")
  func codes() throws {
    for (file, code, offset) in [
      ("bad-crc.gz", .checksumMismatch, 8180), ("bad-isize.gz", .contentSizeMismatch, 8184),
      ("bad-cm.gz", .unsupportedFeature, 2), ("bad-magic.gz", .corrupt, 0),
      ("reserved-flags.gz", .unsupportedFeature, 3),
      ("hcrc-bad.gz", .checksumMismatch, nil), ("raw-btype3.gz", .corrupt, nil), ("raw-too-far.gz", .corrupt, nil),
      ("raw-stored-nlen.gz", .corrupt, nil), ("zlib-wrapped.gz", .corrupt, 0), ("zero-length-file.gz", .truncated, 0),
      ("truncated-header.gz", .truncated, 6), ("truncated-deflate.gz", .truncated, 4094),
      ("truncated-crc.gz", .truncated, 8182), ("trailing-partial-header.gz", .truncated, 3081),
      ("trailing-garbage.gz", .corrupt, 3074), ("trailing-garbage-1f.gz", .corrupt, 3074),
    ] as [(String, CodecError.Code, UInt64?)] {
      let packed = Array(try Data(contentsOf: Vector.folder.appendingPathComponent(file)))
      for pieces in [Feeding.Pieces.whole, .init(input: 1, output: 4096)] {
        let error = try #require(Feeding.run(try reader(), packed, pieces).error)
        #expect(error.code == code, "\(file): \(error)")
        if code != .truncated, offset == 0 || offset == 2 || offset == 3 {
          #expect(!error.reason.contains("member"), "\(file): \(error)")
        }
        if let offset { #expect(error.inputOffset == offset, "\(file): \(error)") }
      }
    }
    let second = Feeding.run(try reader(), try Gzip.default.compress([1]) + [0x1F, 0x8B, 7]).error
    #expect(second?.code == .unsupportedFeature && second?.reason.contains("member 2") == true)
  }

  @Test("a file cut anywhere is truncated, and only a cut between members is not")
  func everyCut() throws {
    let first = try Gzip { $0.fileName = "a" }.compress(Sample.text(600))
    let packed = first + (try Gzip.default.compress(Sample.noise(90), .init { $0.level = 1 }))
    for library in Self.libraries {
      for cut in packed.indices {
        for pieces in [Feeding.Pieces.whole, .bytes] {
          let outcome = Feeding.run(try reader(library, .report), Array(packed[..<cut]), pieces)
          if cut == first.count || cut == first.count + 1 {
            // One byte 1F behind a member is foreign.
            #expect(outcome.error == nil && outcome.notices.count == cut - first.count)
          } else {
            #expect(outcome.error?.code == .truncated, "cut at \(cut)")
            #expect(outcome.error?.inputOffset == UInt64(cut))
          }
        }
      }
    }
  }

  @Test("a flipped bit never gives other data without an error")
  func bitFlips() throws {
    let content = Sample.text(700)
    let packed = try Gzip.default.compress(content)
    for bit in 0..<packed.count * 8 {
      var damaged = packed
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let outcomes = try Self.libraries.map { Feeding.run(try reader($0), damaged) }
      for outcome in outcomes where outcome.error == nil { #expect(outcome.bytes == content) }
      #expect((outcomes[0].error == nil) == (outcomes[1].error == nil), "bit \(bit): the libraries disagree")
    }
  }

  @Test("the place of damage is near it, within what a library reads ahead, however the file is cut")
  func places() throws {
    let packed = try Gzip.default.compress(Sample.text(700)) + (try Gzip.default.compress(Sample.noise(200)))
    var (widest, ahead) = (0, Int.max)
    for bit in 80..<packed.count * 8 {
      var damaged = packed
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      for library in Self.libraries {
        var places: [Int] = []
        for pieces in [Feeding.Pieces.whole, .bytes, .init(input: 7, output: 100), .init(input: 64, output: 3)] {
          guard let error = Feeding.run(try reader(library), damaged, pieces).error else { continue }
          places.append(Int(try #require(error.inputOffset, "\(error)")))
        }
        guard let first = places.min(), let last = places.max() else { continue }
        widest = max(widest, last - first)
        ahead = min(ahead, first - bit / 8)
      }
    }
    // As the documentation of the offset has it.
    #expect(widest <= 16 && ahead >= -16, "\(widest) bytes apart, \(ahead) behind")
  }

  @Test("members join in any feeding, with zeros between and after")
  func joined() throws {
    let parts = [Sample.text(1000), [], Sample.noise(300), [], [], Sample.text(70_000)]
    var packed: [UInt8] = []
    for (index, part) in parts.enumerated() {
      packed += try Gzip.default.compress(part, .init { $0.level = .native([0, 1, 6, 9][index % 4]) })
      packed += Array(repeating: 0, count: index * 5)
    }
    for library in Self.libraries {
      for (input, output) in [(1, 1), (2, 3), (3, 1000), (8, 64), (9, 70_000), (.max, 7), (.max, 1 << 20)] {
        let outcome = Feeding.run(try reader(library), packed, .init(input: input, output: output))
        #expect(outcome.error == nil)
        #expect(outcome.bytes == parts.flatMap { $0 }, "\(input) in, \(output) out")
      }
    }
  }

  @Test("trailing bytes are rejected, reported or ignored, after all data")
  func trailing() throws {
    let packed = try Gzip.default.compress([1, 2, 3]) + [0, 0] + Array("garbage".utf8)
    let end = UInt64(packed.count - 7)
    for pieces in [Feeding.Pieces.whole, .bytes] {
      let rejected = Feeding.run(try reader(), packed, pieces)
      #expect(rejected.error?.code == .corrupt && rejected.error?.inputOffset == end && rejected.bytes == [1, 2, 3])
      let reported = Feeding.run(try reader(.automatic, .report), packed, pieces)
      #expect(reported.error == nil && reported.bytes == [1, 2, 3])
      #expect(reported.notices.map(\.kind) == [.trailingData] && reported.notices[0].inputOffset == end)
      let ignored = Feeding.run(try reader(.automatic, .ignore), packed, pieces)
      #expect(ignored.error == nil && ignored.bytes == [1, 2, 3] && ignored.notices.isEmpty)
    }
  }

  @Test("sized members without their end are reported, or an error when the end must be proven")
  func missingEnd() throws {
    for (file, isCut) in [
      ("ig-no-end.gz", true), ("ig-cut-at-member.gz", true), ("ig-sized.gz", false), ("py-pgzip.gz", false),
      ("bgzf-no-eof.gz", false), ("members-3.gz", false),
    ] {
      let packed = Array(try Data(contentsOf: Vector.folder.appendingPathComponent(file)))
      let outcome = Feeding.run(try reader(), packed)
      #expect(outcome.error == nil)
      #expect(outcome.notices.map(\.kind) == (isCut ? [.possiblyTruncated] : []), "\(file)")
      #expect(Feeding.run(try reader(proven: true), packed).error?.code == (isCut ? .truncated : nil), "\(file)")
    }
  }

  @Test("names and comments beyond 64 KiB are refused")
  func hugeNames() throws {
    let head: [UInt8] = [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3]
    let name = [UInt8](repeating: 0x61, count: 65_535)
    let rest = Array(try Gzip.default.compress([5])[10...])
    #expect(Feeding.run(try reader(), head + name + [0] + rest).bytes == [5])
    for pieces in [Feeding.Pieces.whole, .init(input: 1000, output: 10)] {
      #expect(Feeding.run(try reader(), head + name + [0x61, 0] + rest, pieces).error?.code == .limitExceeded)
    }
  }

  @Test("a bomb is stopped by the output limit, and small limits hold")
  func limits() throws {
    let bomb = Array(try Data(contentsOf: Vector.folder.appendingPathComponent("zeros-bomb.gz")))
    for maximum in [0, 1, 1000, 1 << 20] as [UInt64] {
      #expect { try Gzip.default.decompress(bomb, limits: .init(maximumOutputSize: maximum)) } throws: {
        ($0 as? CodecError)?.code == .limitExceeded
      }
    }
    #expect(try Gzip.default.decompress(bomb, limits: .init(maximumOutputSize: 8_388_608)).count == 8_388_608)
  }

  @Test("a million empty members cost no memory")
  func manyMembers() throws {
    let one = try Gzip.default.compress([])
    let thousand = Array(repeatElement(one, count: 1000).joined())
    var stream = try Decompressor(Gzip.default)
    var room = [UInt8](repeating: 0, count: 4096)
    func feed(_ rounds: Int) throws {
      for _ in 0..<rounds {
        let step = try unsafe room.withUnsafeMutableBytes { (memory) throws -> StreamStep in
          var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
          return try unsafe stream.update(thousand.span.bytes, into: &output)
        }
        #expect(step == StreamStep(consumed: thousand.count, produced: 0, state: .needsInput))
      }
    }
    try feed(10)
    #expect(try smallestGrowth { try feed(198) } < 256)
  }

  @Test("engines that are made and abandoned leave nothing behind")
  func lifeCycle() throws {
    let packed = try Gzip.default.compress(Sample.text(3000))
    func cycle(_ rounds: Int) throws {
      for round in 0..<rounds {
        let reader = try reader(Self.libraries[round % 2])
        _ = Feeding.run(reader, Array(packed[..<(round % packed.count)]), .init(input: .max, output: 4096))
        let writer = try Gzip.default.makeCompressionEngine(.init { $0.level = .native(round % 4) })
        var room = [UInt8](repeating: 0, count: 64)
        try unsafe room.withUnsafeMutableBytes { memory in
          var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
          _ = try unsafe writer.step(packed.span.bytes, into: &output, flush: .none)
        }
      }
    }
    try cycle(500)
    // A context has at least 40 KiB: leaking them would take 20,000 pages.
    #expect(try smallestGrowth { try cycle(2000) } < 1024)
  }

  /// By how many pages the process grows in the best of five rounds: other tests may grow it meanwhile, but a leak grows
  /// it in each.
  private func smallestGrowth(_ round: () throws -> Void) throws -> Int {
    try (0..<5).map { _ in
      let before = try residentPages()
      try round()
      return try residentPages() - before
    }.min() ?? 0
  }

  private func residentPages() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .ascii)
    return try #require(Int(text.split(separator: " ")[1]))
  }
}
