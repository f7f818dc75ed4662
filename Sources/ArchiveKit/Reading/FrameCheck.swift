// SPDX-License-Identifier: Apache-2.0

/// Checks the frames of one archive, whatever its tree says.
internal import CodecKit

/// Walks all frames of an archive and compares them with each other, with its tables and with its end.
final class FrameCheck {
  /// What was found out.
  struct Findings {
    var problems: [ArchiveError] = []
    /// Chunks whose bytes are not what they should be.
    var bad: [Range<UInt64>] = []
    /// The length of each chunk; zero where it is not known.
    var lengths: [UInt32] = []
    var frames: UInt64 = 0
    var bytes: UInt64 = 0

    var isSound: Bool { problems.isEmpty }
  }

  /// What workers find out about a data block.
  private struct BlockResult: Sendable {
    var lengths: [UInt32] = []
    var problems: [ArchiveError] = []
    var bad: [Range<UInt64>] = []
  }

  private let member: ChainMember
  private let source: any ArchiveSource
  private let level: VerificationLevel
  private let workers: Workers<UnpackerSet>
  private let inFlight: Int
  private let progress: (Findings) throws(ArchiveError) -> Void

  private var found = Findings()
  private var jobs: [(first: UInt64, result: Deferred<BlockResult>)] = []
  private var tables: TableCheck

  /// - Parameters:
  ///   - source: the bytes of the archive.
  ///   - progress: told from time to time how far it is; throws to give up.
  init(
    _ member: ChainMember, _ source: any ArchiveSource, _ level: VerificationLevel, _ workers: Workers<UnpackerSet>,
    inFlight: Int, _ progress: @escaping (Findings) throws(ArchiveError) -> Void
  ) {
    self.member = member
    self.source = source
    self.level = level
    self.workers = workers
    self.inFlight = inFlight
    self.progress = progress
    tables = TableCheck(member, source, decodes: level >= .full)
  }

  func run() throws(ArchiveError) -> Findings {
    if level >= .full, !member.isDetachedIndex {
      found.lengths = [UInt32](repeating: 0, count: Int(clamping: member.chunkCount))
    }
    var scanner = FrameScanner(source, tag: member.summary.superblock.tag)
    var layout = SHA256()
    var number: UInt64 = 0
    var nextChunk: UInt64 = 0
    var end: Footer?
    while let item = try scanner.next() {
      switch item {
      case .frame(let frame):
        note(frame.header, &layout, &number)
        if found.isSound, let problem = try tables.problem(of: frame) { found.problems.append(problem) }
        if frame.kind == .data {
          if frame.header.first != nextChunk { lose(nextChunk..<max(nextChunk, frame.header.first)) }
          nextChunk = frame.header.chunkNumbers.upperBound
          if level >= .full { try start(frame) }
        }
      case .unknown(let header): note(header, &layout, &number)
      case .damagedBody(let header, let error):
        note(header, &layout, &number)
        found.problems.append(error)
        if header.kind == FrameKind.data.rawValue {
          lose(header.chunkNumbers)
          nextChunk = header.chunkNumbers.upperBound
        }
      case .damage(let range, let error):
        found.bytes += UInt64(range.count)
        found.problems.append(error)
      case .footer(let footer): end = footer
      }
      try progress(found)
    }
    while !jobs.isEmpty { finishFirst() }
    if nextChunk < member.chunkCount, !member.isDetachedIndex { lose(nextChunk..<member.chunkCount) }
    checkEnd(end, frames: number, layout.value)
    return found
  }

  private func checkEnd(_ end: Footer?, frames: UInt64, _ layout: SHA256Digest) {
    let footer = member.summary.footer
    guard end == footer else {
      found.problems.append(.corrupt("the frames do not lead to the end of the archive", at: footer.offset))
      return
    }
    if found.isSound, frames != footer.frames || layout != footer.layoutRoot {
      found.problems.append(
        ArchiveError(.checksumMismatch, "the frames are not those that the end speaks of", offset: footer.offset))
    }
    if found.isSound, let problem = tables.problem(atEnd: footer) { found.problems.append(problem) }
  }

  private func note(_ header: FrameHeader, _ layout: inout SHA256, _ number: inout UInt64) {
    layout.update(header.bytes)
    if header.number != number {
      found.problems.append(.corrupt("\(number) frames come before frame \(header.number)", at: header.offset))
      number = header.number
    }
    number &+= 1
    found.frames += 1
    found.bytes += UInt64(FrameHeader.size) + UInt64(header.storedLength)
  }

  private func lose(_ chunks: Range<UInt64>) {
    if !chunks.isEmpty { found.bad.append(chunks) }
  }

  // MARK: - Data blocks

  /// Has a data block decoded and its chunks compared with their ids.
  private func start(_ frame: Frame) throws(ArchiveError) {
    let (member, result) = (member, Deferred<BlockResult>())
    workers.run(making: UnpackerSet.init) { unpackers in
      result.fulfil(Self.check(frame, member, unpackers.unpacker(for: member.superblock, member.registry)))
    }
    jobs.append((frame.header.first, result))
    while jobs.count > inFlight { finishFirst() }
  }

  private static func check(_ frame: Frame, _ member: ChainMember, _ unpacker: PayloadUnpacker) -> BlockResult {
    var result = BlockResult()
    let all = frame.header.chunkNumbers
    do throws(ArchiveError) {
      let block = try DecodedBlock(frame)
      result.lengths = block.chunks.map { UInt32($0.length) }
      try block.decode(unpacker)
      let ids = try member.chunkIDs(all)
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
    found.problems += result.problems
    found.bad += result.bad
    for (index, length) in result.lengths.enumerated() where first + UInt64(index) < UInt64(found.lengths.count) {
      found.lengths[Int(first) + index] = length
    }
  }
}
