// SPDX-License-Identifier: Apache-2.0

/// Checks an archive, and names what is damaged.
internal import CodecKit

/// Checks whether an archive is what it says, without writing anything.
public final class ArchiveVerifier {
  /// What workers find out about a data block.
  private struct BlockResult: Sendable {
    var lengths: [UInt32] = []
    var problems: [ArchiveError] = []
    /// Chunks whose bytes are not what they should be.
    var bad: [Range<UInt64>] = []
  }

  private let archive: ArchiveReader
  private let source: any ArchiveSource
  private let level: VerificationLevel
  private let workers: Workers<PayloadUnpacker>
  private let inFlight: Int
  private let progress: (VerificationReport) throws(ArchiveError) -> Void

  private var report = VerificationReport()
  private var jobs: [(first: UInt64, result: Deferred<BlockResult>)] = []
  /// The length of each chunk; zero where it is not known.
  private var lengths: [UInt32] = []
  private var badChunks: [Range<UInt64>] = []
  private var tables: TableCheck

  /// Prepares a check.
  ///
  /// - Parameters:
  ///   - archive: the archive.
  ///   - source: its bytes.
  ///   - level: how thorough to be.
  ///   - threads: how many threads decode; 0 is one for each core.
  ///   - progress: told from time to time how far it is; throws to give up.
  public init(
    _ archive: ArchiveReader, _ source: any ArchiveSource, _ level: VerificationLevel, threads: Int = 1,
    progress: @escaping (VerificationReport) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) {
    self.archive = archive
    self.source = source
    self.level = level
    self.progress = progress
    tables = TableCheck(archive, source, decodes: level >= .full)
    let count = ThreadCount.workers(threads)
    workers = Workers(limit: count, label: "verify")
    inFlight = count + 2
  }

  /// Checks.
  ///
  /// - Returns: what was found.
  /// - Throws: what keeps the check from being made: that the source cannot be read, or is not supported.
  public func run() throws(ArchiveError) -> VerificationReport {
    try archive.summary.superblock.checkDepth()
    if archive.trailingBytes > 0 {
      report.problems.append(
        .corrupt("\(archive.trailingBytes) bytes follow the end of the archive", at: archive.summary.size))
    }
    if level >= .full { lengths = [UInt32](repeating: 0, count: Int(clamping: archive.ids.count)) }
    try checkFrames()
    if level >= .full || !report.isSound { try checkTree() }
    return report
  }

  // MARK: - Frames

  private func checkFrames() throws(ArchiveError) {
    var scanner = FrameScanner(source, tag: archive.summary.superblock.tag)
    var layout = SHA256()
    var number: UInt64 = 0
    var nextChunk: UInt64 = 0
    var end: Footer?
    while let item = try scanner.next() {
      switch item {
      case .frame(let frame):
        note(frame.header, &layout, &number)
        if report.isSound, let problem = try tables.problem(of: frame) { report.problems.append(problem) }
        if frame.kind == .data {
          if frame.header.first != nextChunk { lose(nextChunk..<max(nextChunk, frame.header.first)) }
          nextChunk = frame.header.chunkNumbers.upperBound
          if level >= .full { try start(frame) }
        }
      case .unknown(let header): note(header, &layout, &number)
      case .damagedBody(let header, let error):
        note(header, &layout, &number)
        report.problems.append(error)
        if header.kind == FrameKind.data.rawValue {
          lose(header.chunkNumbers)
          nextChunk = header.chunkNumbers.upperBound
        }
      case .damage(let range, let error):
        report.bytes += UInt64(range.count)
        report.problems.append(error)
      case .footer(let footer): end = footer
      }
      try progress(report)
    }
    while !jobs.isEmpty { finishFirst() }
    if nextChunk < archive.ids.count { lose(nextChunk..<archive.ids.count) }
    let footer = archive.summary.footer
    guard end == footer else {
      report.problems.append(.corrupt("the frames do not lead to the end of the archive", at: footer.offset))
      return
    }
    if report.isSound, number != footer.frames || layout.value != footer.layoutRoot {
      report.problems.append(
        ArchiveError(.checksumMismatch, "the frames are not those that the end speaks of", offset: footer.offset))
    }
    if report.isSound, let problem = tables.problem(atEnd: footer) { report.problems.append(problem) }
    if level >= .full {
      do throws(ArchiveError) { try archive.checkContentRoot() } catch { report.problems.append(error) }
    }
  }

  private func note(_ header: FrameHeader, _ layout: inout SHA256, _ number: inout UInt64) {
    layout.update(header.bytes)
    if header.number != number {
      report.problems.append(.corrupt("\(number) frames come before frame \(header.number)", at: header.offset))
      number = header.number
    }
    number &+= 1
    report.frames += 1
    report.bytes += UInt64(FrameHeader.size) + UInt64(header.storedLength)
  }

  private func lose(_ chunks: Range<UInt64>) {
    if !chunks.isEmpty { badChunks.append(chunks) }
  }

  /// Has a data block decoded and its chunks compared with their ids.
  private func start(_ frame: Frame) throws(ArchiveError) {
    let (archive, result) = (archive, Deferred<BlockResult>())
    let makeUnpacker = { PayloadUnpacker(archive.summary.superblock, archive.registry) }
    workers.run(making: makeUnpacker) { unpacker in
      result.fulfil(Self.check(frame, archive, unpacker))
    }
    jobs.append((frame.header.first, result))
    while jobs.count > inFlight { finishFirst() }
  }

  private static func check(_ frame: Frame, _ archive: ArchiveReader, _ unpacker: PayloadUnpacker) -> BlockResult {
    var result = BlockResult()
    let all = frame.header.chunkNumbers
    do throws(ArchiveError) {
      let block = try DecodedBlock(frame)
      result.lengths = block.chunks.map { UInt32($0.length) }
      try block.decode(unpacker)
      let ids = try archive.ids.records(all)
      for index in block.chunks.indices where block.chunks[index].id != ids[index] || !block.isSound(index) {
        let chunk = all.lowerBound + UInt64(index)
        result.bad.append(chunk..<(chunk + 1))
        result.problems.append(
          ArchiveError(
            .checksumMismatch, "chunk \(chunk) is not what its digest says", offset: frame.header.offset))
      }
    } catch {
      result.problems.append(error)
      result.bad.append(all)
    }
    return result
  }

  private func finishFirst() {
    let (first, deferred) = jobs.removeFirst()
    guard let result = deferred.wait() else { return }
    report.problems += result.problems
    badChunks += result.bad
    for (index, length) in result.lengths.enumerated() where first + UInt64(index) < UInt64(lengths.count) {
      lengths[Int(first) + index] = length
    }
  }

  // MARK: - Tree

  private func checkTree() throws(ArchiveError) {
    let lost = ChunkRanges(badChunks)
    var cursor = archive.entries()
    var links = LinkAgreement()
    var data: UInt64 = 0
    while true {
      do throws(ArchiveError) {
        guard let entry = try cursor.next() else { break }
        report.entries += 1
        do throws(ArchiveError) { try links.note(entry) } catch { report.problems.append(error) }
        guard entry.kind == .file, entry.size > 0 else { continue }
        if let length = check(entry, lost) { data &+= length }
        try progress(report)
      } catch {
        guard error.isDamage else { throw error }
        report.problems.append(error)
        report.treeIsDamaged = true
        _ = cursor.skipLeaf()
      }
    }
    if report.isSound, data != archive.summary.footer.dataBytes {
      report.problems.append(
        .corrupt("the files are not as long as the end says", at: archive.summary.footer.offset))
    }
  }

  /// - Returns: the bytes of the file's chunks; `nil` when it is damaged.
  private func check(_ entry: ArchiveEntry, _ lost: ChunkRanges) -> UInt64? {
    do throws(ArchiveError) {
      var length: UInt64 = 0
      var isHit = false
      try archive.forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
        guard case .chunks(_, let first, let count, let bytes) = run else { return }
        guard first + count <= archive.ids.count else {
          throw .corrupt("a file has a chunk that is not in the archive")
        }
        isHit = isHit || lost.overlap(first..<(first + count))
        length += bytes
      }
      if isHit {
        report.damagedFiles.append(entry.path)
        return nil
      }
      if level >= .full { try checkDigest(entry) }
      if level == .deep { try archive.read(entry) { (_) throws(ArchiveError) in } }
      return length
    } catch {
      report.problems.append(error.about(entry.path))
      report.damagedFiles.append(entry.path)
      return nil
    }
  }

  /// Compares lengths and digest of a file with what its chunks give.
  private func checkDigest(_ entry: ArchiveEntry) throws(ArchiveError) {
    var digest = ContentDigest()
    try archive.forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
      switch run {
      case .hole(let length): digest.add(hole: length)
      case .chunks(_, let first, let count, let length):
        var sum: UInt64 = 0
        let ids = entry.digest == nil ? [] : try archive.ids.records(first..<(first + count))
        for index in 0..<Int(count) {
          let chunk = lengths[Int(first) + index]
          sum += UInt64(chunk)
          if !ids.isEmpty { digest.add(ids[index], length: Int(chunk)) }
        }
        guard sum == length else { throw .corrupt("chunks have another length than their file says") }
      }
    }
    if let expected = entry.digest, digest.value != expected {
      throw ArchiveError(.checksumMismatch, "the content is not what its digest says", path: entry.path)
    }
  }
}

/// Ranges of chunks, to be asked whether one of them is hit.
struct ChunkRanges {
  let ranges: [Range<UInt64>]

  init(_ ranges: [Range<UInt64>]) {
    var merged: [Range<UInt64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    self.ranges = merged
  }

  func overlap(_ range: Range<UInt64>) -> Bool {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound < range.upperBound
  }
}
