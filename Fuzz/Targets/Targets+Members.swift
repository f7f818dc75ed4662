// SPDX-License-Identifier: Apache-2.0

// Streams of members that become archives: tar and xbstream.

import ArchiveKit
import CodecKit
import SystemIO
import TestSupport

extension FuzzTarget {
  static let members: [FuzzTarget] = [
    FuzzTarget(
      "tar_members", "tar streams of any kind: what becomes an archive is a sound one", longestInput: 24 << 10,
      words: [
        "ustar\u{0}00", "ustar  \u{0}", "GNU.sparse.major=1", "30 mtime=1350244992.02396010", "SCHILY.xattr.user.a=",
        "path=",
      ],
      seeds: {
        let plain = try ArchiveReader(MemoryArchiveSource(try ArchiveSamples.full()))
        let output = MemoryArchiveOutput()
        _ = try plain.writeTar(to: output)
        return [Array(output.bytes.prefix(9 << 10)), output.bytes] + tarKinds
      }, repair: StreamRepair.tar,
      check: { input in
        try members(input) { (archiver: TreeArchiver, stream: PieceStream) throws(ArchiveError) in
          try archiver.archiveTar(stream)
        }
      }),
    FuzzTarget(
      "xbstream_members", "xbstreams of any kind: what becomes an archive is a sound one", longestInput: 8 << 10,
      words: ["XBSTCK01"],
      seeds: {
        let files = [("a", "one"), ("db/t.ibd", "two and more"), ("db/u.ibd", "")]
        let chunks = files.map { chunk($0.0, Array($0.1.utf8), 0) } + files.map { end($0.0) }
        let mixed = chunk("x", [1, 2, 3], 0) + chunk("y", [4], 0) + chunk("x", [5], 3) + end("y") + end("x")
        let sparse = xbstreamSparse("s", [(7, [1, 2]), (0, [3])]) + end("s")
        return [Array(chunks.joined()), mixed, sparse, chunks[0] + end("a")]
      }, repair: StreamRepair.xbstream,
      check: { input in
        try members(input) { (archiver: TreeArchiver, stream: PieceStream) throws(ArchiveError) in
          try archiver.archiveXBStream(stream, modified: Timestamp(seconds: 1_700_000_000))
        }
      }),
  ]

  /// Takes a stream, and expects a sound archive of it, or an error.
  private static func members(
    _ input: [UInt8], _ take: (TreeArchiver, PieceStream) throws(ArchiveError) -> TreeArchiverReport
  ) throws {
    let output = BoundedOutput()
    let writer = try ArchiveWriter(
      to: output,
      ArchiveWriterOptions {
        $0.codec = Store()
        $0.isReproducible = true
        $0.blockSize = 64 << 10
        $0.cutSizes = CutSizes(minimum: 64, average: 256, maximum: 1024) ?? .standard
      })
    let piece = 1 + Int(XXH3.of(input) % 5000)
    let report: TreeArchiverReport
    do throws(ArchiveError) {
      report = try take(TreeArchiver(to: writer), PieceStream(input, piece: piece))
      _ = try writer.finish()
    } catch {
      return
    }
    try require(report.bytes <= UInt64(input.count), "\(report.bytes) bytes of \(input.count)")
    let archive = try ArchiveReader(MemoryArchiveSource(output.bytes))
    let content = try ArchiveProbe.read(archive)
    try require(content.isComplete, "what was written cannot be read")
    try require((try ArchiveProbe.verify(archive, output.bytes)).isSound, "what was written is not sound")
    // It must also be one that can be extracted: in a tree, nothing lies below what is no directory.
    try ArchiveProbe.confined { target in
      do throws(ArchiveError) {
        _ = try Extractor(archive, into: target, ArchiveProbe.options(1)).run()
      } catch {
        throw Finding("what was written is refused: \(error)")
      }
    }
  }

  private static func header(_ path: String, _ kind: Character, size: Int = 0, link: String = "") -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    block.put(Array(path.utf8), at: 0)
    block.put(Array("0000644\0".utf8), at: 100)
    for place in [108, 116] { block.put(Array("0001750\0".utf8), at: place) }
    let digits = String(size, radix: 8)
    block.put(Array((String(repeating: "0", count: 11 - digits.count) + digits + "\0").utf8), at: 124)
    block.put(Array("14000000000\0".utf8), at: 136)
    block[156] = kind.asciiValue ?? 0
    block.put(Array(link.utf8), at: 157)
    block.put(Array("ustar\u{0}00".utf8), at: 257)
    block.put(Array("joe".utf8), at: 265)
    return block
  }

  private static func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }

  /// A tar archive of one member for each kind there is, with what goes before it.
  private static var tarKinds: [[UInt8]] {
    func pax(_ records: [String]) -> [UInt8] {
      let text = records.map { record in
        var length = record.utf8.count + 3
        while "\(length) \(record)\n".utf8.count != length { length += 1 }
        return "\(length) \(record)\n"
      }.joined()
      return header("pax", "x", size: text.utf8.count) + padded(Array(text.utf8))
    }
    let data = Array("some data".utf8)
    let long = String(repeating: "long/", count: 40) + "name"
    var archives: [[UInt8]] = [
      header("f", "0", size: data.count) + padded(data), header("d/", "5"), header("l", "2", link: "f"),
      header("f", "0", size: 1) + padded([65]) + header("h", "1", link: "f"), header("c", "3"), header("p", "6"),
      header("././@LongLink", "L", size: long.utf8.count + 1) + padded(Array(long.utf8) + [0]) + header("x", "0"),
      header("././@LongLink", "K", size: long.utf8.count + 1) + padded(Array(long.utf8) + [0]) + header("x", "2"),
      pax(["path=\(long)", "mtime=1700000000.5", "uid=5", "size=9", "SCHILY.xattr.user.a=b"])
        + header("x", "0", size: 9)
        + padded(data),
      pax(["GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=s", "GNU.sparse.realsize=20"])
        + header("GNUSparseFile.0/s", "0", size: 521) + padded(Array("1\n3\n9\n".utf8)) + padded(data),
      pax(["GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=s", "GNU.sparse.realsize=20"])
        + header("GNUSparseFile.0/s", "0", size: 521) + padded(Array("2\n3\n4\n12\n5\n".utf8)) + padded(data),
      pax(["GNU.sparse.size=20", "GNU.sparse.numblocks=2", "GNU.sparse.map=3,4,12,5"]) + header("s", "0", size: 9)
        + padded(data),
      pax([
        "GNU.sparse.size=20", "GNU.sparse.numblocks=2", "GNU.sparse.offset=3", "GNU.sparse.numbytes=4",
        "GNU.sparse.offset=12", "GNU.sparse.numbytes=5",
      ]) + header("s", "0", size: 9) + padded(data),
      oldSparse("s", [3, 4, 12, 5], size: 20) + padded(data),
      header("g", "g", size: 0) + header("../up", "0") + header("/abs", "0") + header("a/../b", "0"),
    ]
    archives.append(Array(archives.joined()))
    return archives.map { sealing($0 + [UInt8](repeating: 0, count: 1024)) }
  }

  /// A header of GNU's old form, with up to four pieces.
  private static func oldSparse(_ path: String, _ map: [Int], size: Int) -> [UInt8] {
    func octal(_ number: Int) -> [UInt8] {
      let digits = String(number, radix: 8)
      return Array((String(repeating: "0", count: 11 - digits.count) + digits).utf8) + [0]
    }
    var block = header(path, "S", size: stride(from: 1, to: map.count, by: 2).reduce(0) { $0 + map[$1] })
    for (place, number) in map.enumerated() { block.put(octal(number), at: 386 + 12 * place) }
    block.put(octal(size), at: 483)
    return block
  }

  private static func sealing(_ bytes: [UInt8]) -> [UInt8] {
    var sealed = bytes
    StreamRepair.tar(&sealed)
    return sealed
  }

  private static func xbstreamHead(_ path: String, _ kind: Character) -> [UInt8] {
    Array("XBSTCK01".utf8) + [0, kind.asciiValue ?? 0] + fixed(UInt32(path.utf8.count)) + Array(path.utf8)
  }

  private static func chunk(_ path: String, _ data: [UInt8], _ offset: UInt64) -> [UInt8] {
    xbstreamHead(path, "P") + fixed(UInt64(data.count)) + fixed(offset) + fixed(CRC32.of(data)) + data
  }

  private static func end(_ path: String) -> [UInt8] { xbstreamHead(path, "E") }

  private static func xbstreamSparse(_ path: String, _ pieces: [(skip: Int, data: [UInt8])]) -> [UInt8] {
    let map = pieces.flatMap { fixed(UInt32($0.skip)) + fixed(UInt32($0.data.count)) }
    let data = pieces.flatMap(\.data)
    return xbstreamHead(path, "S") + fixed(UInt32(pieces.count)) + fixed(UInt64(data.count)) + fixed(UInt64(0))
      + fixed(CRC32.of(map + data)) + map + data
  }

  private static func fixed<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Number.bitWidth / 8)
    bytes.put(number, at: 0)
    return bytes
  }
}
