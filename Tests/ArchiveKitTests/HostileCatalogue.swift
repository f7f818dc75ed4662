// SPDX-License-Identifier: Apache-2.0

// Everything hostile there is, in one list: fixtures, forged archives, streams of members, and bombs.

import CodecKit
import TestSupport

@testable import ArchiveKit

/// A hostile file and how the tool is run on it.
struct HostileFile: Sendable {
  /// The kind of file.
  let group: String
  /// What is wrong with it.
  let name: String
  /// The name that the file gets.
  let file: String
  /// Arguments of the tool, one list for each run.
  let runs: [[String]]
  /// The bytes, and other files that are to stand beside it.
  let make: @Sendable () throws -> (bytes: [UInt8], others: [(name: String, bytes: [UInt8])])

  init(
    _ group: String, _ name: String, _ file: String, _ runs: [[String]],
    _ bytes: @escaping @Sendable () throws -> [UInt8]
  ) {
    self.init(group, name, file, runs) { (try bytes(), []) }
  }

  init(
    _ group: String, _ name: String, _ file: String, _ runs: [[String]],
    together: @escaping @Sendable () throws -> (bytes: [UInt8], others: [(name: String, bytes: [UInt8])])
  ) {
    (self.group, self.name, self.file, self.runs, make) = (group, name, file, runs, together)
  }
}

/// The list.
enum HostileCatalogue {
  static func all() throws -> [HostileFile] {
    try fixtures("gzip", suffix: "gz") + fixtures("lz4", suffix: "lz4") + fixtures("zstd", suffix: "zst")
      + snappy() + s2() + quickLZ() + archives + increments + HostileBombs.all + HostileMembers.all
  }

  private static let archiveRuns = [["extract", "-C", "out", "x.cka"], ["test", "--deep", "x.cka"]]

  /// What a manifest wants refused.
  private static func refused(_ format: String) throws -> (Vectors, [Vectors.Vector]) {
    let vectors = try Vectors(format)
    return (vectors, vectors.all.filter { ["reject", "limit"].contains($0.expect) })
  }

  private static func fixtures(_ format: String, suffix: String) throws -> [HostileFile] {
    let (vectors, refused) = try refused(format)
    return refused.map { vector in
      HostileFile(format, vector.file, "x.\(suffix)", [["test", "--codec", format, "x.\(suffix)"]]) {
        try vectors.bytes(vector)
      }
    }
  }

  private static func snappy() throws -> [HostileFile] {
    let (vectors, refused) = try refused("snappy")
    return refused.map { vector in
      let codec = vector.file.hasPrefix("raw") ? "snappy-raw" : "snappy"
      return HostileFile("snappy", vector.file, "x.sz", [["test", "--codec", codec, "x.sz"]]) {
        try vectors.bytes(vector)
      }
    }
  }

  private static func s2() throws -> [HostileFile] {
    let (vectors, refused) = try refused("s2")
    return refused.compactMap { vector in
      let kinds = ["stream": "s2", "block": "s2-raw"]
      guard let codec = vector.texts["kind"].flatMap({ kinds[$0] }) else { return nil }
      return HostileFile("s2", vector.file, "x.s2", [["test", "--codec", codec, "x.s2"]]) { try vectors.bytes(vector) }
    }
  }

  private static func quickLZ() throws -> [HostileFile] {
    let (vectors, refused) = try refused("quicklz")
    return refused.compactMap { vector in
      if vector.texts["kind"] == "archive" {
        return HostileFile("quicklz", vector.file, "x.qp", [["extract", "-C", "out", "x.qp"], ["test", "x.qp"]]) {
          try vectors.bytes(vector)
        }
      }
      // What is wrong only for a decoder with another history is nothing that a file can say.
      guard vector.texts["kind"] == "packets", vector.numbers["streamingBuffer"] ?? 0 == 0 else { return nil }
      return HostileFile("quicklz", vector.file, "x.qlz", [["test", "--codec", "quicklz-raw", "x.qlz"]]) {
        try vectors.bytes(vector)
      }
    }
  }

  private static let archives = HostileArchiveTests.cases.map { hostile in
    HostileFile("archive", hostile.name, "x.cka", archiveRuns) { try hostile.bytes() }
  }

  private static let increments = HostileIncrement.cases.map { hostile in
    HostileFile(
      "increment", hostile.name, "x.cka",
      [["extract", "-C", "out", "x.cka"], ["test", "--deep", "--chain", "x.cka"]],
      together: {
        let full = try HostileIncrement.full()
        let (increment, others) = try hostile.make(try ArchiveReader(MemoryArchiveSource(full)).summary)
        let hasOther = others.contains { $0.name == "forged.cka" }
        return (increment, others + (hasOther ? [] : [("0.cka", full)]))
      })
  }
}
