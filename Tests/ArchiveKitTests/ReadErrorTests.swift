// SPDX-License-Identifier: Apache-2.0

// An archive that cannot be read is not called damaged: what the system answers stays what it is.

import CodecKit
import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

/// An archive of which one read fails.
private final class FailingArchiveSource: ArchiveSource {
  private struct State {
    var reads = 0
    var hasFailed = false
  }

  private let bytes: MemoryArchiveSource
  private let failing: Int
  private let state = Monitor(State())

  /// The one whose read of this number fails, the first is 1.
  init(_ bytes: [UInt8], failing: Int) {
    self.bytes = MemoryArchiveSource(bytes)
    self.failing = failing
  }

  var size: UInt64 { bytes.size }

  var hasFailed: Bool { state.withLock { $0.hasFailed } }

  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    let fails = state.withLock { state in
      state.reads += 1
      if state.reads == failing { state.hasFailed = true }
      return state.reads == failing
    }
    if fails { throw ArchiveError(IOError("read", errno: .inputOutput)) }
    return try bytes.read(at: offset, into: &room)
  }
}

@Suite("Archives that cannot be read")
struct ReadErrorTests {
  /// What is done with an archive.
  enum Work: String, CaseIterable {
    case quickCheck, fullCheck, deepCheck, rebuild, copy, recompress, extract
  }

  private static func archive() throws -> [UInt8] {
    let output = MemoryArchiveOutput()
    let options = ArchiveWriterOptions {
      $0.codec = Store.none
      $0.blockSize = 64 << 10
      $0.checkpointBytes = 100_000
      $0.cutSizes = CutSizes(minimum: 4096, average: 16384, maximum: 65536) ?? .standard
    }
    let writer = try ArchiveWriter(to: output, options)
    for number in 0..<6 {
      let entry = ArchiveEntry(Array("f\(number)".utf8), .file)
      try writer.add(entry, SampleTree.bytes(40_000, UInt64(number)), .contentDefined)
    }
    // One whose runs are so many that they stand in a frame of their own.
    let sparse = ArchiveEntry(Array("g".utf8), .file)
    try writer.beginFile(sparse)
    for number in 0..<900 {
      try writer.append(hole: 5000)
      try writer.append(SampleTree.bytes(20, UInt64(number))[...], .whole)
    }
    try writer.endFile(sparse)
    _ = try writer.finish()
    return output.bytes
  }

  private static func run(_ work: Work, _ source: FailingArchiveSource) throws {
    switch work {
    case .quickCheck: _ = try ArchiveVerifier(try ArchiveReader(source), source, .quick).run()
    case .fullCheck: _ = try ArchiveVerifier(try ArchiveReader(source), source, .full, threads: 1).run()
    case .deepCheck: _ = try ArchiveVerifier(try ArchiveReader(source), source, .deep, threads: 1).run()
    case .rebuild: _ = try ArchiveRebuilder(try ArchiveReader(recovering: source)).run(to: MemoryArchiveOutput())
    case .copy: _ = try ArchiveRebuilder(try ArchiveReader(source)).run(to: MemoryArchiveOutput())
    case .recompress:
      _ = try ArchiveRecompressor(
        try ArchiveReader(source), source, to: MemoryArchiveOutput(), .init { $0.threads = 1 }
      )
      .run()
    case .extract:
      let folder = try TemporaryFolder()
      let report = try Extractor(try ArchiveReader(source), into: folder.path, .init { $0.keepsGoing = true }).run()
      if let problem = report.problems.first { throw problem.error }
    }
  }

  @Test("whichever read fails, that is what is said", arguments: Work.allCases)
  func everyRead(_ work: Work) throws {
    let bytes = try Self.archive()
    for call in 1... {
      let source = FailingArchiveSource(bytes, failing: call)
      do {
        try Self.run(work, source)
        #expect(!source.hasFailed, "\(work), read \(call) was passed over")
      } catch let error as ArchiveError {
        #expect(error.system?.errno == .inputOutput, "\(work), read \(call): \(error)")
      }
      if !source.hasFailed {
        #expect(call > 5)
        break
      }
    }
  }

  @Test("an archive that ends behind its index is truncated there, and not corrupt")
  func truncated() throws {
    let bytes = try Self.archive()
    let archive = try ArchiveReader(MemoryArchiveSource(bytes))
    let record = try archive.blocks.record(1)
    for cut in [record.offset, record.offset + 10, record.offset + 70] {
      let frames = FrameReader(
        source: MemoryArchiveSource(Array(bytes[..<Int(cut)])), tag: archive.summary.superblock.tag)
      let error = #expect(throws: ArchiveError.self) { try frames.frame(at: record.offset, .data, ahead: 100) }
      #expect(error?.code == .truncated, "cut at \(cut)")
    }
  }
}
