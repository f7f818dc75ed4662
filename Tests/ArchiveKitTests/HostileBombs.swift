// SPDX-License-Identifier: Apache-2.0

// Small files that want to become large, or to take for ever.

import CodecKit
import TestSupport

@testable import ArchiveKit

/// What asks for more than it is worth.
enum HostileBombs {
  static let all: [HostileFile] = limits + ratios + endless + claims + archives

  private static func zeros(_ id: String) throws -> [UInt8] {
    try CodecRegistry.builtin.codec(id).codec.compress(
      [UInt8](repeating: 0, count: 8 << 20), .init { $0.level = .fastest })
  }

  /// More than was allowed.
  private static let limits: [HostileFile] = ["zstd", "lz4", "snappy", "s2", "gzip", "pgzip", "zlib", "deflate"].map {
    id in
    HostileFile(
      "bomb", "8 MiB of zeros in \(id), where 1 MiB is allowed", "x.bin",
      [["test", "--codec", id, "--max-output", "1MiB", "x.bin"]]
    ) { try zeros(id) }
  }

  /// More than so many times the input.
  private static let ratios: [HostileFile] = [("zstd", "2000"), ("lz4", "100"), ("gzip", "500"), ("s2", "15")].map {
    id, ratio in
    HostileFile(
      "bomb", "8 MiB of zeros in \(id), where \(ratio):1 is allowed", "x.bin",
      [["test", "--codec", id, "--max-ratio", ratio, "x.bin"]]
    ) { try zeros(id) }
  }

  private static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
    var all: [UInt8] = []
    all.reserveCapacity(bytes.count * count)
    for _ in 0..<count { all += bytes }
    return all
  }

  /// Pieces that bring nothing, in great number: each must be passed, none on a stack.
  private static let endless: [HostileFile] = [
    HostileFile("endless", "100 000 empty members", "x.gz", [["test", "x.gz"]]) {
      repeated(try Gzip.default.compress([]), 100_000)
    },
    HostileFile("endless", "a million skippable frames", "x.zst", [["test", "x.zst"]]) {
      repeated([0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0], 1_000_000)
    },
    HostileFile("endless", "a million skippable frames", "x.lz4", [["test", "x.lz4"]]) {
      repeated([0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0], 1_000_000)
    },
    HostileFile("endless", "a million blocks of nothing, without an end", "x.zst", [["test", "x.zst"]]) {
      [0x28, 0xB5, 0x2F, 0xFD, 0, 0x58] + repeated([0, 0, 0], 1_000_000)
    },
    HostileFile(
      "endless", "a million stored blocks of nothing, without an end", "x.deflate",
      [
        ["test", "--codec", "deflate", "x.deflate"]
      ]
    ) { repeated([0, 0, 0, 0xFF, 0xFF], 1_000_000) },
    HostileFile("endless", "100 000 empty frames", "x.zst", [["test", "x.zst"]]) {
      repeated(try Zstd.default.compress([]), 100_000)
    },
    HostileFile("endless", "a million chunks of padding", "x.sz", [["test", "x.sz"]]) {
      [0xFF, 6, 0, 0] + Array("sNaPpY".utf8) + repeated([0xFE, 0, 0, 0], 1_000_000)
    },
    HostileFile("endless", "a million stream identifiers", "x.sz", [["test", "x.sz"]]) {
      repeated([0xFF, 6, 0, 0] + Array("sNaPpY".utf8), 1_000_000)
    },
  ]

  private static func claim(_ name: String, _ file: String, _ codec: String, _ bytes: [UInt8]) -> HostileFile {
    HostileFile("claim", name, file, [["test", "--codec", codec, file]]) { bytes }
  }

  /// Sizes that are only declared.
  private static let claims: [HostileFile] = [
    claim(
      "a content of 2^63 bytes", "x.zst", "zstd",
      [0x28, 0xB5, 0x2F, 0xFD, 0xC0, 0x58, 0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0]),
    claim("a window of 2^31 bytes", "x.zst", "zstd", [0x28, 0xB5, 0x2F, 0xFD, 0, 0xA8, 1, 0, 0]),
    claim("a window of 2^41 bytes", "x.zst", "zstd", [0x28, 0xB5, 0x2F, 0xFD, 0, 0xF8, 1, 0, 0]),
    claim("a skippable frame of 4 GiB", "x.zst", "zstd", [0x50, 0x2A, 0x4D, 0x18, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
    claim("a skippable frame of 4 GiB", "x.lz4", "lz4", [0x50, 0x2A, 0x4D, 0x18, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
    claim("a legacy block of 2 GiB", "x.lz4", "lz4", [0x02, 0x21, 0x4C, 0x18, 0xFF, 0xFF, 0xFF, 0x7F, 1]),
    claim("a dictionary that nobody has", "x.zst", "zstd", [0x28, 0xB5, 0x2F, 0xFD, 0x03, 0x58, 9, 9, 9, 9, 1, 0, 0]),
    claim("a block of 4 GiB in 5 bytes", "x.raw", "snappy-raw", [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
    claim("a block of 4 GiB in 5 bytes", "x.raw", "s2-raw", [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
    claim("a literal of 4 GiB", "x.raw", "snappy-raw", [100, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
    claim("a literal of 4 GiB", "x.raw", "s2-raw", [100, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
    claim(
      "an extra field that is longer than the file", "x.gz", "gzip",
      [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF, 1]),
    claim(
      "a name without an end", "x.gz", "gzip",
      [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3] + [UInt8](repeating: 65, count: 100_000)),
    claim("a preset dictionary", "x.zz", "zlib", [0x78, 0xBB, 0, 0, 0, 1, 3, 0]),
    claim("a wrong header check", "x.zz", "zlib", [0x78, 0x9D, 3, 0, 0, 0, 0, 1]),
    claim("a wrong Adler-32", "x.zz", "zlib", [0x78, 0x9C, 3, 0, 0, 0, 0, 2]),
  ]

  /// Trees that are large without data.
  private static let archives: [HostileFile] = [
    HostileFile(
      "archive", "a hole of 4 EiB", "x.cka", [["extract", "-C", "out", "x.cka"], ["test", "--full", "x.cka"]]
    ) {
      try ForgedArchive.tree(
        [ForgedArchive.file("a", 1 << 62, [.hole(length: 1 << 62)])], dataBytes: 1 << 62
      ).bytes()
    },
    HostileFile("archive", "a chunk that is used ten thousand times", "x.cka", [["test", "--deep", "x.cka"]]) {
      var forged = ForgedArchive()
      forged.addBlock([ForgedArchive.content(1000, 1)])
      let runs = [ContentRun](repeating: .chunks(ordinal: 0, first: 0, count: 1, length: 1000), count: 10_000)
      forged.addTree([ForgedArchive.file("a", 10_000_000, runs)])
      forged.dataBytes = 10_000_000
      return try forged.bytes()
    },
  ]
}
