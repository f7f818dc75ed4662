// SPDX-License-Identifier: Apache-2.0

// What looks into streams without decoding them from start to end: inspectors, parts, salvage, detection.

import CodecKit
import TestSupport

extension FuzzTarget {
  /// A codec with what makes its streams' checksums right.
  private struct Subject: Sendable {
    let codec: any Codec
    var repair: @Sendable (inout [UInt8]) -> Void = { _ in }
    var chunk: Int?
    /// Whether parts may rest on size fields that are taken at their word.
    var trustsSizes = false
  }

  private static let subjects: [Subject] = [
    Subject(codec: Zstd(), repair: StreamRepair.zstd), Subject(codec: LZ4(), repair: StreamRepair.lz4, chunk: 64 << 10),
    Subject(codec: Snappy(), repair: StreamRepair.snappy),
    Subject(codec: S2 { $0.writesIndex = true }, repair: StreamRepair.snappy, chunk: 4 << 10),
    Subject(codec: Gzip(), repair: StreamRepair.gzip, trustsSizes: true),
    Subject(codec: Pgzip(), repair: StreamRepair.gzip, chunk: 4 << 10, trustsSizes: true),
    Subject(codec: QuickLZ(), repair: StreamRepair.quickLZArchive, chunk: 4 << 10),
    Subject(codec: QuickLZRaw(), chunk: 512), Subject(codec: Store()),
    Subject(codec: Pgzip { $0.form = .bgzf }, repair: StreamRepair.gzip, trustsSizes: true),
  ]

  /// Inputs that begin with the number of a codec and of a choice.
  private static func anyCodec(
    _ name: String, _ summary: String, _ check: @escaping @Sendable (Subject, Int, [UInt8]) throws -> Void
  ) -> FuzzTarget {
    FuzzTarget(
      name, summary, longestInput: 32 << 10,
      magics: [
        [0x28, 0xB5, 0x2F, 0xFD], [0x04, 0x22, 0x4D, 0x18], [0xFF, 6, 0, 0] + Array("sNaPpY".utf8), [0x1F, 0x8B, 8],
        Array("qpress10".utf8), Array("NEWBNEWB".utf8), Array("ENDSENDS".utf8), [0x5E, 0x2A, 0x4D, 0x18],
        [0xB1, 0xEA, 0x92, 0x8F], Array("BC".utf8) + [2, 0], Array("s2idx\0".utf8), [0x50, 0x2A, 0x4D, 0x18],
      ],
      seeds: {
        var seeds: [[UInt8]] = []
        for (number, subject) in subjects.enumerated() {
          for (choice, content) in Samples.contents.enumerated() {
            let options = CompressionOptions { $0.chunkSize = subject.chunk }
            guard let whole = try? subject.codec.compress(content + content, options),
              let part = try? subject.codec.compress(content, options)
            else { continue }
            let front = [UInt8(number), UInt8(choice * 29)]
            seeds += [front + whole, front + part + part, front + part + [0, 0, 0]]
          }
        }
        for (number, folder) in ["zstd", "lz4", "snappy", "s2/streams", "gzip"].enumerated() {
          seeds += Samples.fixtures("vectors/\(folder)", largest: 800).map { [UInt8(number), 7] + $0 }
        }
        return seeds
      },
      repair: { bytes in
        guard bytes.count > 2 else { return }
        var stream = Array(bytes[2...])
        subjects[Int(bytes[0]) % subjects.count].repair(&stream)
        bytes.replaceSubrange(2..., with: stream)
      },
      check: { input in
        var choices = OptionBytes(input)
        let subject = choices.pick(subjects)
        let choice = choices.byte()
        try check(subject, choice, choices.data)
      })
  }

  static let inspection: [FuzzTarget] = [
    anyCodec("inspect", "what is told of a stream: the same in one piece and in many") { subject, choice, stream in
      let whole = try inspect(subject.codec, stream, piece: .max)
      let pieces = try inspect(subject.codec, stream, piece: 1 + choice)
      try require(whole == pieces, "in one piece: \(whole); in pieces of \(1 + choice): \(pieces)")
    },
    anyCodec("salvage", "damaged streams: nothing is invented, and a sound one comes whole") {
      subject, choice, stream in
      try salvage(subject, stream, piece: choice & 1 == 0 ? .max : 100 + choice)
    },
    anyCodec("part_read", "parts of streams: what decoding from the start brings") { subject, choice, stream in
      try readParts(subject, choice, stream)
    },
    FuzzTarget(
      "codec_detect", "which codec wrote this: no bytes and no name confuse", longestInput: 256,
      words: [".gz", ".zst", ".lz4", ".s2", ".sz", ".qp", ".tar.gz"],
      seeds: {
        CodecRegistry.builtin.codecs.compactMap { codec in
          (try? codec.compress(TestInputs.bytes(.text, 100))).map { [3] + Array("a.x".utf8) + $0.prefix(64) }
        } + Samples.fixtures("vectors/gzip", largest: 200).map { [0] + $0.prefix(64) }
      },
      check: { input in
        var choices = OptionBytes(input)
        let name = String(decoding: choices.bytes(choices.below(32)), as: UTF8.self)
        let data = choices.data
        for prefix in [data, Array(data.prefix(CodecRegistry.detectionLength)), Array(data.prefix(4)), []] {
          let found = unsafe CodecRegistry.builtin.detect(prefix.span.bytes, fileName: name)
          if case .codec(let codec) = found {
            try require(CodecRegistry.builtin.named(codec.descriptor.id.rawValue) != nil, "a codec of no name")
          }
          for codec in CodecRegistry.builtin.codecs {
            _ = unsafe codec.recognizes(prefix.span.bytes)
            _ = unsafe codec.storedMetadata(prefix.span.bytes)
          }
        }
        _ = CodecRegistry.builtin.forSuffix(of: name)
      }),
  ]

  /// What an inspector told, as text.
  private static func inspect(_ codec: any Codec, _ stream: [UInt8], piece: Int) throws -> String {
    func open(_ codec: some Codec) throws -> String {
      let options = DecodingProbe.options([])
      let inspector = try (try codec.makeInspector(options)) ?? DecodingInspector(codec, options)
      var (position, held, steps, failure) = (0, 0, 0, "")
      do throws(CodecError) {
        // The way of a program that reads the file and seeks in it.
        while true {
          steps += 1
          let isEnd = held == stream.count - position
          let step = try unsafe inspector.inspect(
            stream.span.bytes.extracting(position..<position + held), isEnd: isEnd)
          position += step.used
          held -= step.used
          guard step.skip <= UInt64(stream.count - position) else {
            failure = "truncated"
            break
          }
          position += Int(step.skip)
          held = max(0, held - Int(step.skip))
          if isEnd, step.used == 0, step.skip == 0 { break }
          if step.skip == 0 { held = min(stream.count - position, held + min(piece, 1 << 20)) }
        }
      } catch {
        failure = "\(error.code)"
      }
      try require(steps <= 8 * stream.count + 64, "\(steps) steps for \(stream.count) bytes")
      let report = inspector.report
      try require(report.frames.count <= StreamReport.maximumListedFrames, "too many frames are listed")
      return "\(report.frameCount) frames, \(report.contentSize.map { "\($0)" } ?? "?") bytes, \(failure)"
    }
    return try open(codec)
  }

  private static func decode(_ codec: any Codec, _ stream: [UInt8]) throws -> StreamOutcome? {
    var options = DecodingProbe.options(stream)
    options.trailingData = .reject
    return try DecodingProbe.run(codec, options, stream, StreamDriver(rooms: .fixed(64 << 10)))
  }

  private static func salvage(_ subject: Subject, _ stream: [UInt8], piece: Int) throws {
    let codec = subject.codec
    func open(_ codec: some Codec) throws {
      let options = DecodingProbe.options(stream)
      guard var salvager = try? Salvager(codec, options, source: MemoryFile(stream, piece: piece)) else { return }
      var sink = BoundedSink(bound: DecodingProbe.largestOutput)
      var losses: [SalvageLoss] = []
      var failure: CodecError?
      do throws(PumpError<Never, Never>) {
        _ = try salvager.run(to: &sink) { losses.append($0) }
      } catch {
        if case .codec(let error) = error { failure = error }
      }
      try require(!sink.isOverrun, "more than the limit came out")
      try require(failure?.code != .internalInconsistency, "\(failure.map { "\($0)" } ?? "")")
      try require(losses.count <= stream.count + 1, "\(losses.count) losses in \(stream.count) bytes")
      for loss in losses {
        try require(loss.input.upperBound <= UInt64(stream.count), "a loss behind the end: \(loss.input)")
        try require(loss.outputOffset <= UInt64(sink.bytes.count) || failure != nil, "a loss behind what came out")
      }
      guard let sound = try decode(codec, stream), sound.error == nil, failure == nil else { return }
      // Of a member whose size field leads to something that looks like another one, what is behind that is lost, and is
      // said to be. What is skipped although it has the checksum of data is taken for data, and that is said too.
      let reason = losses.first?.fault.reason
      if subject.trustsSizes, reason == "a piece ends before its data does" { return }
      if reason == "a chunk's kind is damaged; its checksum is right" { return }
      try require(
        losses.isEmpty && sink.bytes == sound.output,
        "a sound stream of \(sound.output.count) bytes gave \(sink.bytes.count) and \(losses.count) losses: "
          + (losses.first.map { "\($0.fault)" } ?? ""))
    }
    try open(codec)
  }

  private static func readParts(_ subject: Subject, _ choice: Int, _ stream: [UInt8]) throws {
    func open(_ codec: some Codec) throws {
      var options = DecodingProbe.options(stream)
      options.trailingData = .reject
      let whole = try decode(codec, stream)
      let size = UInt64(whole?.output.count ?? 1000)
      guard var reader = try? PartReader(codec, options, source: MemoryFile(stream)) else { return }
      let middle = size * UInt64(choice) / 256
      let places: [(UInt64, UInt64?)] = [
        (middle, 10), (0, 1), (size, nil), (middle / 2, nil), (size + 1, 5), (.max, .max), (size - min(size, 1), 7),
      ]
      for (offset, count) in places {
        var sink = BoundedSink(bound: DecodingProbe.largestOutput)
        var failure: CodecError?
        do throws(PumpError<Never, Never>) {
          _ = try reader.read(from: offset, count: count, to: &sink)
        } catch {
          if case .codec(let error) = error { failure = error }
        }
        try require(!sink.isOverrun, "more than the limit came out")
        try require(failure?.code != .internalInconsistency, "\(failure.map { "\($0)" } ?? "")")
        try require(UInt64(sink.bytes.count) <= count ?? .max, "more than was asked for")
        guard !subject.trustsSizes, let whole, whole.error == nil else { continue }
        let start = Int(min(offset, size))
        let end = start + Int(min(count ?? .max, size - UInt64(start)))
        try require(
          failure == nil && sink.bytes == Array(whole.output[start..<end]),
          "\(count.map { "\($0)" } ?? "all") from \(offset) of \(size): \(sink.bytes.count) bytes, "
            + (failure.map { "\($0)" } ?? "no error"))
      }
    }
    try open(subject.codec)
  }
}
