// SPDX-License-Identifier: Apache-2.0

// Archives: opened, extracted, recovered, streamed, alone and in chains, merged, packed again and written.

import ArchiveKit
import CodecKit
import SystemIO
import TestSupport

extension FuzzTarget {
  private static let codecs: [any Codec] = [Store(), Zstd(), LZ4(), S2(), Snappy(), Gzip(), QuickLZ()]

  /// A target whose inputs are archives in short form behind a byte of choices.
  private static func archive(
    _ name: String, _ summary: String, increments: Bool = false,
    _ check: @escaping @Sendable (Int, [UInt8]) throws -> Void
  ) -> FuzzTarget {
    FuzzTarget(
      name, summary, words: ["..", "/", "../", "/..", "\u{0}"],
      magics: [
        [0x89, 0x43, 0x4B, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
      ],
      seeds: {
        var archives = try codecs.map { try ArchiveSamples.full($0) }
        if increments {
          archives = try codecs.prefix(2).flatMap { codec in
            let (archive, index) = try ArchiveSamples.increment(codec)
            return [archive, index]
          }
        } else {
          archives.append(try ArchiveSamples.small())
        }
        return archives.enumerated().map { [UInt8($0.offset)] + ArchiveForm.short($0.element) }
          + Samples.fixtures(increments ? "archives/chain" : "archives", ".cka", largest: 13_000)
          .map { [1] + ArchiveForm.short($0) }
      },
      check: { input in
        var choices = OptionBytes(input)
        let choice = choices.byte()
        try check(choice, ArchiveForm.expand(choices.data))
      })
  }

  static let archives: [FuzzTarget] = [
    archive("archive_open", "archives opened, listed, read and checked") { _, bytes in
      guard let archive = try? ArchiveReader(MemoryArchiveSource(bytes)) else { return }
      try ArchiveProbe.check(archive, bytes, try ArchiveProbe.read(archive))
    },
    archive("archive_recover", "archives without their end, or cut: recovered, and copied") { choice, whole in
      let bytes = choice < 64 ? whole : Array(whole.prefix(whole.count * choice / 256))
      guard let archive = try? ArchiveReader(recovering: MemoryArchiveSource(bytes)) else { return }
      let content = try ArchiveProbe.read(archive)
      let output = BoundedOutput()
      let rebuilder = ArchiveRebuilder(archive) { (done) throws(ArchiveError) in
        if done > ArchiveProbe.largestRead { throw ArchiveError(.cancelled, "enough") }
      }
      if (try? rebuilder.run(to: output)) != nil {
        let copy = try ArchiveReader(MemoryArchiveSource(output.bytes))
        let report = try ArchiveVerifier(copy, MemoryArchiveSource(output.bytes), .deep).run()
        try require(report.isSound, "the copy is damaged: \(report.problems)")
        if content.isComplete, archive.recovery?.damage.isEmpty == true, archive.recovery?.isCut == false {
          try require(report.entries == UInt64(content.entries.count), "the copy has \(report.entries) entries")
        }
      }
    },
    archive("archive_extract", "archives extracted into a folder, and never out of it") { choice, bytes in
      let archive =
        choice % 3 == 0
        ? try? ArchiveReader(recovering: MemoryArchiveSource(bytes)) : try? ArchiveReader(MemoryArchiveSource(bytes))
      guard let archive else { return }
      _ = try ArchiveProbe.confined { target in
        try? Extractor(archive, into: target, ArchiveProbe.options(choice)).run()
      }
    },
    archive("archive_extract_stream", "archives extracted as they come through a pipe: what a file brings") {
      choice, bytes in
      let options = ArchiveProbe.options(choice)
      let streamed = try ArchiveProbe.confined { target in
        try? StreamExtractor(PieceStream(bytes, piece: 1 + choice * 97), into: target, options).run()
      }
      guard let archive = try? ArchiveReader(MemoryArchiveSource(bytes)),
        (try? ArchiveProbe.verify(archive, bytes))?.isSound == true
      else { return }
      let read = try ArchiveProbe.confined { target in try? Extractor(archive, into: target, options).run() }
      guard let streamed, let read else { return }
      try require(
        streamed.files == read.files && streamed.bytes == read.bytes && streamed.directories == read.directories
          && streamed.problems.count == read.problems.count, "the stream brings \(streamed), the file \(read)")
    },
    archive("archive_to_tar", "archives turned into tar archives, which bring the same entries back") { choice, bytes in
      guard let archive = try? ArchiveReader(MemoryArchiveSource(bytes)) else { return }
      let output = BoundedOutput()
      guard let report = try? archive.writeTar(to: output, ArchiveProbe.options(choice & ~0x90)) else { return }
      let back = BoundedOutput()
      let writer = try ArchiveWriter(to: back, ArchiveWriterOptions { $0.isReproducible = true })
      let taken: TreeArchiverReport
      do throws(ArchiveError) {
        taken = try TreeArchiver(to: writer).archiveTar(PieceStream(output.bytes))
      } catch {
        if error.code == .cancelled { return }
        throw Finding("the tar archive is refused: \(error)")
      }
      try require(
        taken.files + taken.hardLinks == report.files && taken.directories == report.directories,
        "written \(report), read \(taken)")
    },
    archive("archive_parent_chain", "increments opened with what they are made upon", increments: true) { _, bytes in
      guard let archive = try? ArchiveReader(MemoryArchiveSource(bytes), ancestors: ArchiveSamples.finder) else {
        return
      }
      try ArchiveProbe.check(archive, bytes, try ArchiveProbe.read(archive))
    },
    archive("archive_chain_recover", "increments without their end", increments: true) { choice, whole in
      let bytes = choice < 64 ? whole : Array(whole.prefix(whole.count * choice / 256))
      guard
        let archive = try? ArchiveReader(recovering: MemoryArchiveSource(bytes), ancestors: ArchiveSamples.finder)
      else { return }
      _ = try ArchiveProbe.read(archive)
    },
    archive("archive_chain_stream", "increments that come through a pipe", increments: true) { choice, bytes in
      _ = try ArchiveProbe.confined { target in
        try? StreamExtractor(
          PieceStream(bytes, piece: 1 + choice * 97), into: target, ArchiveProbe.options(choice),
          ancestors: ArchiveSamples.finder
        ).run()
      }
    },
    archive("archive_merge", "increments merged into what needs no other, with the same content", increments: true) {
      choice, bytes in
      guard let archive = try? ArchiveReader(MemoryArchiveSource(bytes), ancestors: ArchiveSamples.finder) else {
        return
      }
      let output = BoundedOutput()
      let merger = try? ArchiveMerger(
        archive, to: output,
        MergeOptions {
          $0.codec = codecs[choice % codecs.count]
          $0.isReproducible = true
        })
      guard let merger, (try? merger.run()) != nil else { return }
      try expectSame(archive, try ArchiveReader(MemoryArchiveSource(output.bytes)))
    },
    archive("archive_recompress", "archives packed again by another codec, with the same content") { choice, bytes in
      let source = MemoryArchiveSource(bytes)
      guard let archive = try? ArchiveReader(source) else { return }
      let output = BoundedOutput()
      let packer = try? ArchiveRecompressor(
        archive, source, to: output, RecompressionOptions { $0.codec = codecs[choice % codecs.count] })
      guard let packer, (try? packer.run()) != nil else { return }
      let packed = try ArchiveReader(MemoryArchiveSource(output.bytes))
      try require(
        packed.summary.footer.contentRoot == archive.summary.footer.contentRoot, "the content has another root")
      try expectSame(archive, packed)
    },
    archive("archive_resume", "archives that were cut, and are gone on with") { choice, whole in
      let bytes = Array(whole.prefix(4096 + (whole.count - 4096) * (choice + 1) / 256))
      guard let unfinished = try? UnfinishedArchive(MemoryArchiveSource(bytes)) else { return }
      try require(unfinished.length <= UInt64(bytes.count), "more is kept than there is")
      let output = BoundedOutput()
      let writer = try? ArchiveWriter(
        resuming: unfinished, to: output,
        ArchiveWriterOptions {
          $0.codec = Store()
          $0.cutSizes = CutSizes(minimum: 64, average: 256, maximum: 1024) ?? .standard
        })
      guard let writer else { return }
      do throws(ArchiveError) {
        try writer.add(ArchiveSamples.entry("", .directory))
        try ArchiveSamples.add(ArchiveSamples.entry("e"), [], writer)
        try ArchiveSamples.add(ArchiveSamples.entry("z"), Array("the last".utf8), writer)
        _ = try writer.finish()
      } catch { return }
      let result = Array(bytes.prefix(Int(unfinished.length))) + output.bytes
      let archive = try ArchiveReader(MemoryArchiveSource(result))
      let content = try ArchiveProbe.read(archive)
      try require(content.entries.contains { $0.path == Array("z".utf8) }, "what was added is not there")
    },
    FuzzTarget(
      "archive_roundtrip", "trees of any shape with any content: written, read and extracted", longestInput: 4 << 10,
      seeds: {
        Samples.contents.enumerated().map { number, content in
          [UInt8(number), UInt8(7 * number), UInt8(31 * number), 0, 5, 1, 9, 3] + content.prefix(1000)
        }
      }, check: ArchiveRoundTrip.check),
  ]

  private static func expectSame(_ one: ArchiveReader, _ other: ArchiveReader) throws {
    let (first, second) = (try ArchiveProbe.read(one), try ArchiveProbe.read(other))
    try require(first.entries.map(\.path) == second.entries.map(\.path), "other entries")
    try require(first.contents == second.contents, "other content")
    try require(first.entries.map(\.mode) == second.entries.map(\.mode), "other modes")
  }
}
