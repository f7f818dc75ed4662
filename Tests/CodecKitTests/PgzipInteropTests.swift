// SPDX-License-Identifier: Apache-2.0

// What pgzip writes, read by the programs of others.

import CodecKit
import Foundation
import TestSupport
import Testing

@Suite("pgzip and other programs")
struct PgzipInteropTests {
  private static let readers: [(name: String, arguments: [String])] = [
    ("gzip", ["-dc"]), ("zcat", []), ("pigz", ["-dc"]), ("igzip", ["-dc"]), ("libdeflate-gzip", ["-dc"]),
    ("bgzip", ["-dc"]), ("rapidgzip", ["-dc", "-P2"]),
    ("python3", ["-c", "import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))"]),
  ]

  /// Programs that are there without being installed as packages.
  private static let optional: Set = ["rapidgzip"]

  /// Checks that every program reads a file as its content.
  private func expectReadable(_ packed: [UInt8], _ content: [UInt8], _ what: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("file.gz", packed)
    for (name, arguments) in Self.readers {
      guard ToolRunner.find(name) != nil else {
        #expect(Self.optional.contains(name), "\(name) is not installed")
        continue
      }
      // Its command line counts on a seekable input.
      let takesFile = name == "rapidgzip"
      let result = try ToolRunner.run(
        name, arguments + (takesFile ? [folder.location("file.gz")] : []), input: takesFile ? [] : packed)
      // A program that is only a stand-in for one that is not installed says so.
      if Self.optional.contains(name), result.status == 127 { continue }
      #expect(
        result.status == 0 && TestInputs.same(result.output, content),
        "\(name), \(what): \(result.status) \(result.output.count) bytes \(result.errorText)")
    }
  }

  @Test("every form, by each library, is read by every program", arguments: PgzipTests.specs)
  func forms(spec: String) throws {
    let content = TestInputs.bytes(.text, 400_000)
    for level in [0, 1, 6] {
      var codec = try CodecRegistry.builtin.codec(spec)
      codec.level = .native(level)
      try expectReadable(try codec.compress(content, .init { $0.threads = 2 }), content, "\(spec), level \(level)")
    }
    let codec = try CodecRegistry.builtin.codec(spec)
    for size in [0, 131_072] {
      let content = TestInputs.bytes(.pages, size)
      try expectReadable(try codec.compress(content), content, "\(spec), \(size) bytes")
    }
    let flushed = Feeding.run(
      try codec.makeCompressionEngine(.init { $0.threads = 2 }), content, flushes: [70_000, content.count])
    try expectReadable(flushed.bytes, content, "\(spec), with flushes")
  }

  @Test("files with a name are read, by gzip under that name")
  func named() throws {
    let content = TestInputs.bytes(.rows, 200_000)
    let codec = Pgzip { $0.fileName = "rows.csv" }
    let packed = try codec.compress(content, .init { $0.chunkSize = 64 << 10 })
    try expectReadable(packed, content, "with a name")
    let folder = try TemporaryFolder()
    try folder.write("other.gz", packed)
    let result = try ToolRunner.run("gzip", ["-dN", folder.location("other.gz")])
    #expect(result.status == 0)
    #expect(folder.contents("rows.csv") == content)
  }

  @Test("bgzip tests the blocked form, indexes it, and reads from the middle")
  func blocked() throws {
    let content = TestInputs.bytes(.rows, 500_000)
    for level in [0, 1, 6] {
      let codec = try CodecRegistry.builtin.codec("pgzip:bgzf=yes,level=\(level)")
      let folder = try TemporaryFolder()
      try folder.write("rows.gz", try codec.compress(content))
      for argument in ["-t", "-r"] {
        let result = try ToolRunner.run("bgzip", [argument, folder.location("rows.gz")])
        #expect(result.status == 0, "bgzip \(argument): \(result.errorText)")
      }
      #expect(folder.names == ["rows.gz", "rows.gz.gzi"])
      for offset in [0, 65_279, 65_280, 400_001] {
        let result = try ToolRunner.run(
          "bgzip", ["-c", "-b", "\(offset)", "-s", "1000", folder.location("rows.gz")])
        #expect(result.output == Array(content[offset..<offset + 1000]), "offset \(offset): \(result.errorText)")
      }
    }
  }

  @Test("the blocked form is what bgzip writes, but for the compressed bytes")
  func likeBgzip() throws {
    let content = TestInputs.bytes(.rows, 200_000)
    let theirs = try ToolRunner.run("bgzip", ["-c"], input: content).output
    let ours = try CodecRegistry.builtin.codec("pgzip:bgzf=yes").compress(content)
    #expect(ours.prefix(16) == theirs.prefix(16))
    #expect(ours.suffix(28) == theirs.suffix(28))
    #expect(try Gzip.default.decompress(theirs) == content)
  }
}
