// SPDX-License-Identifier: Apache-2.0

// Frames, tables, heads and ends that are not what they should be.

import CodecKit
import SystemIO
import TestSupport

@testable import ArchiveKit

extension HostileCases {
  /// Frames of the sample: data, tree, directory, ids, blocks, index, copy.
  private static let data: UInt64 = 0
  private static let tree: UInt64 = 1

  /// The header of one frame, changed.
  private static func header(
    _ name: String, _ code: ArchiveError.Code?, frame: UInt64, check: ArchiveError.Code?? = .none, isLate: Bool = false,
    _ change: @escaping @Sendable (inout FrameHeader) -> Void
  ) -> HostileCase {
    .sample(name, code, check: check, isLate: isLate) { forged in
      forged.editHeader = { if $0.number == frame { change(&$0) } }
    }
  }

  /// One data block of one chunk, and a file that is it.
  private static func block(
    _ name: String, _ code: ArchiveError.Code?, check: ArchiveError.Code?? = .none,
    _ make: @escaping @Sendable (inout ForgedArchive) throws -> Void
  ) -> HostileCase {
    HostileCase(name, code, check: check, isLate: true) {
      var forged = ForgedArchive()
      try make(&forged)
      let file = ForgedArchive.file("a", 100, [.chunks(ordinal: 0, first: 0, count: 1, length: 100)])
      forged.addTree([file])
      forged.dataBytes = 100
      return try forged.bytes()
    }
  }

  static let layouts: [HostileCase] = [
    .sample("an index record outside of the file", .truncated, check: .corrupt) { forged in
      forged.editIndex = { $0[0].offset = 1 << 40 }
    },
    .sample("an index record at the end of the numbers", .truncated, check: .corrupt) { forged in
      forged.editIndex = { $0[0].offset = .max }
    },
    .sample("an index record of another size", .corrupt) { forged in forged.editIndex = { $0[0].storedLength = .max } },
    .sample("an index record that lies of its digest", nil, check: .checksumMismatch) { forged in
      forged.editIndex = { $0[0].digest = .zero }
    },
    .sample("a block record outside of the file", .truncated, check: .corrupt, isLate: true) { forged in
      forged.editBlocks = { $0[0].offset = 1 << 62 }
    },
    .sample("a block record that begins behind its chunks", .corrupt, isLate: true) { forged in
      forged.editBlocks = { $0[0].firstChunk = 2 }
    },
    .sample("a block record at the end of the numbers", .corrupt, isLate: true) { forged in
      forged.editBlocks = { $0[0].firstChunk = .max }
    },
    .sample("a block record inside of another frame", .corrupt, isLate: true) { forged in
      forged.editBlocks = { $0[0].offset += 8 }
    },
    .sample("a block record that begins where the one before it does", .corrupt, isLate: true) { forged in
      forged.addBlock([ForgedArchive.content(50, 4)])
      forged.editBlocks = { $0[1].firstChunk = 0 }
    },
    .sample("blocks that are listed twice", nil, check: .corrupt) { forged in
      forged.editBlocks = { $0 += $0 }
    },
    .sample("no block table", .corrupt, isLate: true) { forged in forged.editBlocks = { $0 = [] } },
    .sample("no index table", .corrupt) { forged in forged.editIndex = { $0 = [] } },
    block("a chunk with the digest of another", .checksumMismatch) { forged in
      forged.addBlock([ForgedArchive.content(100, 1)], payload: ForgedArchive.content(100, 2))
    },
    block("chunks that changed places, with their digests", .checksumMismatch) { forged in
      forged.addBlock([ForgedArchive.content(100, 1), ForgedArchive.content(100, 2)])
      forged.ids.swapAt(0, 1)
    },
    block("chunks that do not fill their block", .corrupt) { forged in
      forged.addBlock([ForgedArchive.content(100, 1)], rawLength: 120)
    },
    block("chunks longer than their block", .corrupt) { forged in
      forged.addBlock([ForgedArchive.content(100, 1)], lengths: [200])
    },
    block("a chunk of nothing", .corrupt) { forged in
      forged.addBlock([ForgedArchive.content(100, 1), [], ForgedArchive.content(10, 2)])
    },
    block("a payload longer than it says", .corrupt) { forged in
      forged.addBlock([ForgedArchive.content(100, 1)], payload: ForgedArchive.content(200, 1))
    },
    block("a payload that decodes to more than it says", .corrupt) { forged in
      let bomb = try Zstd.default.compress([UInt8](repeating: 0, count: 1 << 20))
      forged.addBlock([[UInt8](repeating: 0, count: 100)], codec: 1, payload: bomb)
    },
    block("a payload that decodes to less than it says", .corrupt) { forged in
      let short = try Zstd.default.compress([UInt8](repeating: 0, count: 50))
      forged.addBlock([[UInt8](repeating: 0, count: 100)], codec: 1, payload: short)
    },
    block("bytes behind a payload", .corrupt) { forged in
      let packed = try Zstd.default.compress([UInt8](repeating: 0, count: 100))
      forged.addBlock([[UInt8](repeating: 0, count: 100)], codec: 1, payload: packed + [0])
    },
    block("a payload that is no stream", .corrupt) { forged in
      forged.addBlock([ForgedArchive.content(100, 1)], codec: 1)
    },
    block("an unknown codec", .unsupportedFeature) { forged in
      forged.addBlock([ForgedArchive.content(100, 1)], codec: 9)
    },
    block("a codec that nobody names", .unsupportedFeature) { forged in
      forged.addBlock([ForgedArchive.content(100, 1)], codec: 64)
    },
    block("a codec that is named and not there", .unsupportedFeature) { forged in
      forged.superblock.fields = [.init(Superblock.Field.codec, [64] + Array("magic".utf8))]
      forged.addBlock([ForgedArchive.content(100, 1)], codec: 64)
    },
    .sample("an unknown frame that may be skipped", nil) { forged in
      forged.addFrame(kind: 77, flags: .skippable, [1, 2, 3])
    },
    .sample("an unknown frame that may not be skipped", nil, check: .unsupportedFeature) { forged in
      forged.addFrame(kind: 77, [1, 2, 3])
    },
    header("an encrypted block", .unsupportedFeature, frame: data, isLate: true) { $0.flags = .encrypted },
    header("an encrypted tree", .unsupportedFeature, frame: tree) { $0.flags = .encrypted },
    header("a block that decodes to 4 GiB", .corrupt, frame: data, isLate: true) { $0.rawLength = .max },
    header("a tree that decodes to 17 MiB", .corrupt, frame: tree) { $0.rawLength = 17 << 20 },
    header("a body of 4 GiB", .corrupt, frame: data, isLate: true) { $0.storedLength = .max },
    header("a body to behind the end", .corrupt, frame: tree, check: .truncated) { $0.storedLength = 1 << 20 },
    header("2^32 chunks", .corrupt, frame: data, isLate: true) { $0.count = .max },
    header("no chunks", .corrupt, frame: data, isLate: true) { $0.count = 0 },
    header("chunks at the end of the numbers", .corrupt, frame: data, isLate: true) { $0.first = .max - 1 },
    header("another number of entries", .corrupt, frame: tree) { $0.count = 3 },
    header("another index block", .corrupt, frame: tree) { $0.first = 3 },
    header("a frame of another number", nil, frame: data, check: .corrupt) { $0.number = 9 },
    header("a frame at the end of the numbers", nil, frame: data, check: .corrupt) { $0.number = .max },
    header("a frame of another place", .corrupt, frame: data, isLate: true) { $0.offset += 64 },
    header("a frame with another tag", .corrupt, frame: data, isLate: true) { $0.tag ^= 1 },
    header("a directory of 2^32 leaves", .corrupt, frame: 2) { $0.count = .max },
    header("a directory that begins later", .corrupt, frame: 2) { $0.first = 1 },
    header("ids with another number", .corrupt, frame: 3) { $0.count = 2 },
    header("compressed ids", .corrupt, frame: 3) { $0.codec = 1 },
    HostileCase("data blocks that changed places", .corrupt, isLate: true) {
      var forged = ForgedArchive()
      for seed in 0..<2 { forged.addBlock([ForgedArchive.content(100, UInt64(seed))]) }
      forged.addTree([ForgedArchive.file("a", 200, [.chunks(ordinal: 0, first: 0, count: 2, length: 200)])])
      forged.dataBytes = 200
      var bytes = try forged.bytes()
      let size = 64 + 33 + 100
      let (first, second) = (4096..<(4096 + size), (4096 + size)..<(4096 + 2 * size))
      let both = Array(bytes[second]) + Array(bytes[first])
      bytes.replaceSubrange(4096..<(4096 + 2 * size), with: both)
      return bytes
    },
    checkpoint("a checkpoint of nonsense", [UInt8](repeating: 0xFF, count: 40)),
    checkpoint("a checkpoint of nothing", []),
    checkpoint("a checkpoint of 2^63 leaves", [UInt8](repeating: 0, count: 32) + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0]),
    checkpoint("a checkpoint that lies", [UInt8](repeating: 0, count: 34)),
  ]

  private static func checkpoint(_ name: String, _ raw: [UInt8]) -> HostileCase {
    .sample(name, nil, check: .corrupt) { $0.addFrame(kind: FrameKind.checkpoint.rawValue, raw) }
  }

  /// The footer of the sample, changed.
  private static func footer(
    _ name: String, _ code: ArchiveError.Code?, check: ArchiveError.Code?? = .none,
    _ change: @escaping @Sendable (inout Footer) -> Void
  ) -> HostileCase {
    .sample(name, code, check: check) { $0.editFooter = change }
  }

  /// The head of the sample, changed.
  private static func head(
    _ name: String, _ code: ArchiveError.Code?, _ change: @escaping @Sendable (inout [UInt8]) -> Void
  ) -> HostileCase {
    .sample(name, code) { $0.editSuperblock = change }
  }

  /// The bytes of the sample, changed.
  private static func bytes(
    _ name: String, _ code: ArchiveError.Code?, check: ArchiveError.Code?? = .none,
    _ change: @escaping @Sendable (inout [UInt8]) throws -> Void
  ) -> HostileCase {
    HostileCase(name, code, check: check) {
      var bytes = try ForgedArchive.sample().bytes()
      try change(&bytes)
      return bytes
    }
  }

  static let heads: [HostileCase] = [
    head("a major version of the future", .unsupportedFeature) { $0[8] = 2 },
    head("a minor version of the future", nil) { $0[10] = 9 },
    head("a feature that must be understood", .unsupportedFeature) { $0[12] = 2 },
    head("a feature for writers", nil) { $0[20] = 1 },
    head("a feature that may be ignored", nil) { $0[35] = 0x80 },
    head("ids of another algorithm", .unsupportedFeature) { $0[120] = 2 },
    head("ids of another length", .unsupportedFeature) { $0[121] = 16 },
    head("another checksum", .unsupportedFeature) { $0[122] = 2 },
    head("another cutter", nil) { $0[123] = 2 },
    head("impossible cut sizes", nil) { head in for index in 124..<136 { head[index] = 0xFF } },
    head("a field that must be understood", .unsupportedFeature) {
      $0.replaceSubrange(144..<148, with: [9, 0x80, 0, 0])
    },
    head("a field that need not be understood", nil) { $0.replaceSubrange(144..<149, with: [9, 0, 1, 0, 7]) },
    head("a field longer than the head", .corrupt) { $0.replaceSubrange(144..<148, with: [1, 0, 0xFF, 0xFF]) },
    .sample("an increment without ancestry", .corrupt) { $0.superblock.depth = 1 },
    .sample("an increment of great depth", .limitExceeded) { $0.superblock.depth = .max },
    footer("2^40 chunks in the table", .corrupt) { $0.chunks = 1 << 40 },
    footer("2^40 entries", .corrupt) { $0.entries = 1 << 40 },
    footer("other data", .corrupt) { $0.dataBytes = 1 << 50 },
    footer("another number of frames", nil, check: .checksumMismatch) { $0.frames = .max },
    footer("other stored bytes", nil, check: .corrupt) { $0.storedBytes += 1 },
    footer("other raw bytes", nil, check: .corrupt) { $0.rawBytes += 1 },
    footer("another contentRoot", .checksumMismatch) { $0.contentRoot = .zero },
    footer("another layoutRoot", nil, check: .checksumMismatch) { $0.layoutRoot = .zero },
    footer("the footer of another archive", .corrupt) { $0.uuid = ArchiveUUID(high: 5, low: 5) },
    footer("the footer of another tag", .corrupt) { $0.tag += 1 },
    footer("another depth than in the head", .corrupt) { $0.depth = 1 },
    footer("a directory behind the end", .corrupt) { $0.directory.offset = 1 << 60 },
    footer("a directory of 2^60 bytes", .corrupt) { $0.directory.length = 1 << 60 },
    footer("a directory that overflows", .corrupt) { $0.directory = .init(offset: .max, length: .max) },
    footer("a directory at the end of the numbers", .corrupt) { $0.directory = .init(offset: .max - 10, length: 5) },
    footer("a directory of nothing", .corrupt) { $0.directory.length = 0 },
    footer("a table of 2^60 ids", .corrupt) { footer in
      footer.ids.length = 1 << 60
      footer.chunks = 1 << 55
    },
    footer("a table that overflows", .corrupt) { $0.blocks = .init(offset: .max, length: 65) },
    footer("a table with a part of a record", .corrupt) { $0.index.length += 1 },
    footer("a table that is another", .corrupt) { $0.index = $0.directory },
    bytes("two footers", nil, check: .corrupt) { $0 += $0.suffix(256) },
    bytes("zeros behind the end", nil) { $0 += [UInt8](repeating: 0, count: 10_240) },
    bytes("bytes behind the end", nil, check: .corrupt) { $0 += [UInt8](repeating: 7, count: 10) },
    bytes("an archive behind the end", nil, check: .corrupt) { $0 += $0 },
    bytes("garbage before", .notAnArchive) { $0 = [UInt8](repeating: 7, count: 512) + $0 },
    bytes("a damaged head", nil, check: .checksumMismatch) { $0[40] ^= 1 },
    bytes("a damaged magic", nil, check: .checksumMismatch) { $0[0] ^= 1 },
    bytes("no head", nil, check: .checksumMismatch) { bytes in for index in 0..<4096 { bytes[index] = 0 } },
    bytes("nothing", .notAnArchive) { $0 = [] },
    bytes("half a head", .truncated) { $0 = Array($0[..<2000]) },
    bytes("a head alone", .truncated) { $0 = Array($0[..<4096]) },
    bytes("an end alone", .notAnArchive) { $0 = Array($0.suffix(256)) },
    bytes("no end", .truncated) { $0 = Array($0.dropLast(1)) },
  ]
}
