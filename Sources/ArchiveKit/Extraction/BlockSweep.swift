// SPDX-License-Identifier: Apache-2.0

/// Reads each block that some files need once, archive by archive in its order, and hands out what is in it.
internal import CodecKit

/// A run of chunks and where its bytes go.
struct PlannedRun: Sendable {
  let file: OutputFile
  /// The depth of the archive that holds it.
  let holder: UInt32
  /// The number of the first chunk there.
  let first: UInt64
  let count: UInt64
  /// The bytes of the run, as the tree says.
  let length: UInt64
  /// Where in the file the run begins.
  let start: UInt64
  /// Chunks that have been handed out.
  var done: UInt64 = 0
  /// Their bytes.
  var position: UInt64 = 0
}

/// Chunks of a block that follow one another in a file, too.
struct Placement: Sendable {
  let file: OutputFile
  let chunks: Range<Int>
  let offset: UInt64
}

/// Distributes the chunks of a window of files.
struct BlockSweep {
  private let supplies: (UInt32) throws(ArchiveError) -> any BlockSupply
  private let workers: Workers<UnpackerSet>?
  private let inFlight: Int
  private var jobs: [Deferred<Void>] = []
  /// Used without workers.
  private let unpackers = UnpackerSet()

  /// - Parameter supplies: gives the blocks of the archive of a depth.
  init(threads: Int, _ supplies: @escaping (UInt32) throws(ArchiveError) -> any BlockSupply) {
    self.supplies = supplies
    workers = threads > 1 ? Workers(limit: threads, label: "extract") : nil
    inFlight = threads + 2
  }

  /// Hands everything out.
  ///
  /// - Parameters:
  ///   - planned: the runs, in any order. Every piece of every run is either written or lost.
  ///   - didRead: told of each block that was read: its stored bytes. Throws to give up.
  mutating func run(
    _ planned: [PlannedRun], _ didRead: (UInt64) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    defer { wait(for: 0) }
    var rest = planned.sorted { ($1.holder, $1.first) < ($0.holder, $0.first) }[...]
    while let holder = rest.last?.holder {
      let start = rest.lastIndex { $0.holder != holder }.map { $0 + 1 } ?? rest.startIndex
      let runs = Array(rest[start...])
      rest = rest[..<start]
      let supply: any BlockSupply
      do throws(ArchiveError) {
        supply = try supplies(holder)
      } catch {
        for run in runs { Self.lose(run, error) }
        continue
      }
      try run(runs, supply, didRead)
    }
  }

  /// Hands out what is in one archive; the runs come with the last one first.
  private mutating func run(
    _ runs: [PlannedRun], _ supply: any BlockSupply, _ didRead: (UInt64) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    var waiting = runs
    var active: [PlannedRun] = []
    var number: UInt64 = 0
    while !waiting.isEmpty || !active.isEmpty {
      if active.isEmpty, let next = waiting.last {
        do throws(ArchiveError) {
          number = try supply.blockNumber(ofChunk: next.first)
        } catch {
          waiting.removeLast()
          Self.lose(next, error.inside(supply.name))
          continue
        }
      }
      guard let (record, end) = supply.place(ofBlock: number) else {
        let error = ArchiveError.corrupt("a file has a chunk that is not in the archive").inside(supply.name)
        for run in active { Self.lose(run, error) }
        active = []
        continue
      }
      guard end > record.firstChunk else {
        let error = ArchiveError.corrupt("the table of blocks is not in order").inside(supply.name)
        for run in active { Self.lose(run, error) }
        active = []
        if let next = waiting.popLast() { Self.lose(next, error) }
        continue
      }
      while let next = waiting.last, next.first < end {
        active.append(next)
        waiting.removeLast()
      }
      try process(record, record.firstChunk..<end, &active, supply)
      try didRead(UInt64(FrameHeader.size) + UInt64(record.storedLength))
      number += 1
    }
  }

  /// Reads one block and hands out what the active runs need of it.
  private mutating func process(
    _ record: BlockRecord, _ chunks: Range<UInt64>, _ active: inout [PlannedRun], _ supply: any BlockSupply
  ) throws(ArchiveError) {
    let opened: (block: DecodedBlock, ids: [SHA256Digest])
    do throws(ArchiveError) {
      opened = try supply.open(record)
      guard opened.block.numbers == chunks else {
        throw ArchiveError.corrupt("a data block has other chunks than the table says", at: record.offset)
      }
    } catch {
      try skip(record, chunks, &active, error.inside(supply.name))
      return
    }
    var placements: [Placement] = []
    var remaining: [PlannedRun] = []
    remaining.reserveCapacity(active.count)
    for var run in active {
      let from = run.first + run.done
      let to = min(run.first + run.count, chunks.upperBound)
      let range = Int(from - chunks.lowerBound)..<Int(to - chunks.lowerBound)
      let last = opened.block.chunks[range.upperBound - 1]
      let length = UInt64(last.offset + last.length - opened.block.chunks[range.lowerBound].offset)
      let isLast = to == run.first + run.count
      let (sum, _) = run.position.addingReportingOverflow(length)
      guard isLast ? sum == run.length : sum < run.length else {
        let error = ArchiveError.corrupt("chunks have another length than their file says", at: record.offset)
        Self.lose(run, error.inside(supply.name))
        continue
      }
      run.file.beginPiece()
      placements.append(Placement(file: run.file, chunks: range, offset: run.start + run.position))
      run.done += to - from
      run.position = sum
      if isLast { run.file.endPiece() } else { remaining.append(run) }
    }
    active = remaining
    dispatch(opened.block, opened.ids, placements, supply)
  }

  /// A block that cannot be read: what the table still tells of it keeps the rest of long runs in place.
  private func skip(
    _ record: BlockRecord, _ chunks: Range<UInt64>, _ active: inout [PlannedRun], _ error: ArchiveError
  ) throws(ArchiveError) {
    var remaining: [PlannedRun] = []
    for var run in active {
      let isWhole = run.first + run.done == chunks.lowerBound
      let isLast = run.first + run.count <= chunks.upperBound
      let (sum, _) = run.position.addingReportingOverflow(UInt64(record.rawLength))
      // The size of a block that was lost with its header is not known.
      if !isLast, isWhole, record.rawLength > 0, sum < run.length {
        run.file.lose((run.start + run.position)..<(run.start + sum), error)
        run.done = chunks.upperBound - run.first
        run.position = sum
        remaining.append(run)
      } else {
        Self.lose(run, error)
      }
    }
    active = remaining
  }

  /// The rest of a run cannot be had.
  private static func lose(_ run: PlannedRun, _ error: ArchiveError) {
    run.file.lose((run.start + run.position)..<(run.start + run.length), error)
    run.file.endPiece()
  }

  private mutating func dispatch(
    _ block: DecodedBlock, _ ids: [SHA256Digest], _ placements: [Placement], _ supply: any BlockSupply
  ) {
    let (superblock, registry, name) = (supply.superblock, supply.registry, supply.name)
    guard let workers else {
      return Self.place(block, ids, placements, unpackers.unpacker(for: superblock, registry), name)
    }
    let done = Deferred<Void>()
    let job = { @Sendable (unpackers: UnpackerSet) in
      Self.place(block, ids, placements, unpackers.unpacker(for: superblock, registry), name)
      done.fulfil(())
    }
    workers.run(making: UnpackerSet.init, job)
    jobs.append(done)
    wait(for: inFlight)
  }

  private mutating func wait(for count: Int) {
    while jobs.count > count { _ = jobs.removeFirst().wait() }
  }

  /// Decodes a block, checks every chunk that is wanted, and writes.
  private static func place(
    _ block: DecodedBlock, _ ids: [SHA256Digest], _ placements: [Placement], _ unpacker: PayloadUnpacker,
    _ name: String?
  ) {
    var failure: ArchiveError?
    do throws(ArchiveError) { try block.decode(unpacker) } catch { failure = error.inside(name) }
    // Deduplication has several files share a chunk: each is checked once.
    var sound = [Bool?](repeating: nil, count: block.chunks.count)
    for placement in placements {
      let first = block.chunks[placement.chunks.lowerBound].offset
      let last = block.chunks[placement.chunks.upperBound - 1]
      if failure == nil {
        for index in placement.chunks where sound[index] == nil {
          sound[index] = block.chunks[index].id == ids[index] && block.isSound(index)
        }
      }
      if failure == nil, placement.chunks.allSatisfy({ sound[$0] == true }) {
        block.withBytes(first..<(last.offset + last.length)) { placement.file.write($0, at: placement.offset) }
      } else {
        for index in placement.chunks {
          let chunk = block.chunks[index]
          let start = placement.offset + UInt64(chunk.offset - first)
          if failure == nil, sound[index] == true {
            block.withBytes(chunk.offset..<(chunk.offset + chunk.length)) { placement.file.write($0, at: start) }
          } else {
            let error =
              failure
              ?? ArchiveError(
                .checksumMismatch, "chunk \(block.header.first + UInt64(index)) is not what its digest says",
                offset: block.header.offset
              ).inside(name)
            placement.file.lose(start..<(start + UInt64(chunk.length)), error)
          }
        }
      }
      placement.file.endPiece()
    }
  }
}
