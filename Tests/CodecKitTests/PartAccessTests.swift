// SPDX-License-Identifier: Apache-2.0

// What a report says about parallel and random access is what the reader of parts makes of the stream.

import CodecKit
import TestSupport
import Testing

@Suite("Access in reports")
struct PartAccessTests {
  private func report(_ codec: any Codec, _ stream: [UInt8]) throws -> StreamReport {
    let inspector = try #require(try codec.makeInspector(.init()))
    var offset = 0
    while true {
      let rest = Array(stream[min(offset, stream.count)...])
      let step = try unsafe inspector.inspect(rest.span.bytes, isEnd: true)
      offset += step.used + Int(step.skip)
      if step.used == 0, step.skip == 0 { return inspector.report }
    }
  }

  private func check(
    _ codec: any Codec, _ stream: [UInt8], parallel: String?, seekable: String?, _ name: String
  ) throws {
    let report = try report(codec, stream)
    #expect(report.parallelBy == parallel && report.seekableBy == seekable, "\(name): \(report.access)")
    // What is said to be seekable is not decoded from the start.
    let trial = PartTrial(codec, stream, .init { $0.trustsIndex = seekable?.hasSuffix("trusted") == true })
    let outcome = try trial.read(UInt64(trial.content.count - 1), 1)
    #expect((outcome.summary.start.outputOffset > 0) == (seekable != nil), "\(name): \(outcome)")
  }

  @Test("our own streams")
  func own() throws {
    let content = TestInputs.bytes(.rows, 500_000)
    func packed(_ codec: any Codec, _ chunk: Int?, size: Int? = nil) throws -> [UInt8] {
      try codec.compress(
        content,
        .init {
          $0.chunkSize = chunk
          $0.contentSize = size.map { UInt64($0) }
        })
    }
    try check(Zstd(), packed(Zstd(), nil), parallel: nil, seekable: nil, "zstd, one frame")
    let frames = try packed(Zstd(), 128 << 10)
    try check(Zstd(), frames, parallel: "frames", seekable: "the seek table", "zstd, table")
    let table = try pieces(Zstd(), frames).last?.lowerBound ?? 0
    try check(Zstd(), Array(frames[..<table]), parallel: "frames", seekable: "frame headers", "zstd, frames")
    let unsized = try packed(Zstd { $0.writesContentSize = false }, 128 << 10)
    try check(Zstd(), unsized, parallel: "frames", seekable: "the seek table, when trusted", "zstd, unsized")
    let bare = try pieces(Zstd(), unsized).last?.lowerBound ?? 0
    try check(Zstd(), Array(unsized[..<bare]), parallel: "frames", seekable: nil, "zstd, unsized, no table")
    try check(LZ4(), packed(LZ4(), nil), parallel: nil, seekable: nil, "lz4, one block")
    try check(LZ4(), packed(LZ4(), 64 << 10), parallel: "blocks", seekable: "block tokens", "lz4, blocks")
    try check(
      LZ4(), packed(LZ4(), 64 << 10, size: content.count), parallel: "blocks", seekable: "block sizes", "lz4, sized")
    try check(Snappy(), packed(Snappy(), nil), parallel: "chunks", seekable: "chunk headers", "snappy")
    try check(Snappy(), try Snappy().compress([1, 2, 3]), parallel: nil, seekable: nil, "snappy, one chunk")
    try check(QuickLZ(), packed(QuickLZ(), nil), parallel: "blocks", seekable: "block headers", "quicklz")
    try check(Gzip(), packed(Gzip(), 64 << 10), parallel: nil, seekable: nil, "gzip, members")
  }

  @Test("streams of other programs")
  func others() throws {
    let expected: [(format: String, file: String, parallel: String?, seekable: String?)] = [
      ("zstd", "seekable.zst", "frames", "the seek table, when trusted"), ("zstd", "pzstd.zst", nil, nil),
      ("zstd", "seekable-lying.zst", "frames", nil), ("gzip", "bgzf.gz", "sized members", "member sizes"),
      ("gzip", "ig-sized.gz", "sized members", "member sizes"), ("gzip", "members-3.gz", nil, nil),
      ("lz4", "b4-linked.lz4", nil, nil), ("lz4", "b4-indep.lz4", "blocks", "block tokens"),
      ("lz4", "legacy-2blocks.lz4", nil, nil),
    ]
    for each in expected {
      let codec = try CodecRegistry.builtin.codec(each.format)
      try check(
        codec, try Vectors(each.format).bytes(each.file), parallel: each.parallel, seekable: each.seekable, each.file)
    }
  }
}
