// SPDX-License-Identifier: Apache-2.0

/// Gives back chunks that came before the last checkpoint.
internal import CodecKit
internal import SystemIO

/// Finds chunks in the files that were extracted and in the blocks that were kept, and checks them again by their ids.
///
/// A chunk has one place: the first file that came out with it, or, when there is none, the block it came in, which is
/// kept as it was stored.
final class ChunkPlaces {
  /// Stored bytes of kept blocks that are held in memory.
  private static let memoryLimit = 2 << 20
  private static let openFiles = 16
  /// Bytes read from a file at once, unless a single chunk has more.
  private static let pieceLength = 1 << 20

  private(set) var ledger: ChunkLedger
  private let session: ExtractionSession
  private let kept: FrameStore
  private let unpacker: PayloadUnpacker
  /// The paths of files that have chunks; each is named by where it stands here.
  private let paths: ScratchFile
  /// Files that are not to be found by their path: unfinished ones, and those that were removed.
  private var pinned: [UInt64: SharedFile] = [:]
  private var recent: [(number: UInt64, file: SharedFile)] = []
  private var block: (place: UInt64, block: DecodedBlock)?
  private var buffer = ByteBuffer()

  init(_ superblock: Superblock, _ registry: CodecRegistry, _ session: ExtractionSession, in directory: Path) {
    self.session = session
    ledger = ChunkLedger(in: directory)
    kept = FrameStore(in: directory, memoryLimit: Self.memoryLimit)
    unpacker = PayloadUnpacker(superblock, registry)
    paths = ScratchFile(in: directory)
  }

  // MARK: - Places

  /// Takes the chunks of a block.
  func append(_ block: DecodedBlock) throws(ArchiveError) {
    try ledger.append(block.chunks.map { ChunkRecord(id: $0.id, length: UInt32($0.length)) })
  }

  /// Takes note of chunks that did not come.
  func appendLost(_ lost: ChunkLedger.Lost) { ledger.appendLost(lost) }

  /// Names a file.
  func number(of path: [UInt8]) throws(ArchiveError) -> UInt64 {
    var writer = FieldWriter(capacity: path.count + 2)
    writer.fixed(UInt16(clamping: path.count))
    writer.raw(path)
    return try paths.append(writer.bytes)
  }

  /// Holds a file open, whatever becomes of its name, until it is let go.
  func pin(_ number: UInt64, _ file: SharedFile?) {
    pinned[number] = file
    recent.removeAll { $0.number == number }
  }

  func isPinned(_ number: UInt64) -> Bool { pinned[number] != nil }

  /// Says that a run of a file is the place of its chunks.
  func place(_ chunks: Range<UInt64>, inFile number: UInt64, at start: UInt64) throws(ArchiveError) {
    try ledger.place(chunks, in: .file(number), at: start)
  }

  /// Keeps the blocks that have chunks without a place.
  func keepRest(of stretch: Stretch) throws(ArchiveError) {
    try stretch.forEachBlock { (chunks: Range<UInt64>, frame: () throws(ArchiveError) -> Frame) throws(ArchiveError) in
      var records = try ledger.records(chunks)
      guard records.contains(where: { $0.holder == .none }) else { return }
      let place = try kept.append(try frame())
      for index in records.indices where records[index].holder == .none {
        records[index].holder = .kept
        records[index].offset = place
      }
      try ledger.write(records, at: chunks.lowerBound)
    }
  }

  // MARK: - Reading back

  /// Writes a run to its file. What cannot be had is lost there.
  func deliver(_ run: PlannedRun) {
    defer { run.file.endPiece() }
    let end = run.start + run.length
    var position = run.start
    do throws(ArchiveError) {
      var next = run.first
      while next < run.first + run.count {
        let part = next..<min(next + 4096, run.first + run.count)
        var records = ArraySlice(try ledger.records(part))
        while let first = records.first {
          let chunk = part.lowerBound + UInt64(records.startIndex)
          if first.length == 0 {
            // What a lost block had as a whole is known where its header is.
            guard let lost = ledger.lost(chunk) else { throw Self.gone(chunk) }
            let stop = position &+ lost.length
            guard lost.length > 0, run.first <= lost.chunks.lowerBound,
              lost.chunks.upperBound < run.first + run.count, stop < end
            else { throw lost.error }
            run.file.lose(position..<stop, lost.error)
            position = stop
            // Its records may go on in the next part.
            next = lost.chunks.upperBound
            records = records.dropFirst(Int(min(UInt64(records.count), next - chunk)))
            continue
          }
          let group = Self.group(records)
          let length = group.reduce(UInt64(0)) { $0 + UInt64($1.length) }
          records = records.dropFirst(group.count)
          next = chunk + UInt64(group.count)
          let isLast = next == run.first + run.count
          guard isLast ? position + length == end : position + length < end else {
            throw .corrupt("chunks have another length than their file says")
          }
          copy(group, from: chunk, to: run.file, at: position)
          position += length
        }
      }
    } catch {
      run.file.lose(position..<end, error)
    }
  }

  /// The first records that are read at once.
  private static func group(_ records: ArraySlice<ChunkRecord>) -> ArraySlice<ChunkRecord> {
    guard let first = records.first else { return records }
    var count = 0
    var length = 0
    for record in records {
      guard record.length > 0, record.holder == first.holder else { break }
      if case .file = record.holder {
        guard record.offset == first.offset + UInt64(length) else { break }
      } else if record.offset != first.offset {
        break
      }
      if count > 0, length + Int(record.length) > pieceLength { break }
      count += 1
      length += Int(record.length)
    }
    return records.prefix(count)
  }

  /// Copies chunks that stand together.
  private func copy(_ records: ArraySlice<ChunkRecord>, from chunk: UInt64, to file: OutputFile, at start: UInt64) {
    guard let first = records.first else { return }
    var failure: ArchiveError?
    do throws(ArchiveError) {
      switch first.holder {
      case .none: throw Self.gone(chunk)
      case .kept: try copyKept(records, from: chunk, to: file, at: start)
      case .file(let number):
        let length = records.reduce(0) { $0 + Int($1.length) }
        let source = try openFile(number)
        try buffer.lend { (buffer: inout ByteBuffer) throws(ArchiveError) in
          buffer.removeAll()
          buffer.reserve(length, isFinal: true)
          do throws(IOError) {
            var room = buffer.room(atMost: length)
            let count = try source.handle.readFully(into: &room, at: Int64(clamping: first.offset))
            buffer.didAppend(count)
          } catch {
            throw ArchiveError(error)
          }
          Self.write(buffer.bytes, records, from: chunk, to: file, at: start)
        }
      }
    } catch {
      failure = error
    }
    guard let failure else { return }
    let length = records.reduce(UInt64(0)) { $0 + UInt64($1.length) }
    file.lose(start..<(start + length), failure)
  }

  private func copyKept(
    _ records: ArraySlice<ChunkRecord>, from chunk: UInt64, to file: OutputFile, at start: UInt64
  ) throws(ArchiveError) {
    guard let place = records.first?.offset else { return }
    if block?.place != place {
      block = nil
      let opened = try DecodedBlock(try kept.frame(at: place))
      try opened.decode(unpacker)
      block = (place, opened)
    }
    guard let opened = block?.block else { return }
    let first = Int(chunk - opened.header.first)
    let last = opened.chunks[first + records.count - 1]
    opened.withBytes(opened.chunks[first].offset..<(last.offset + last.length)) {
      Self.write($0, records, from: chunk, to: file, at: start)
    }
  }

  /// Checks each chunk by its id and writes those that are sound.
  private static func write(
    _ bytes: RawSpan, _ records: ArraySlice<ChunkRecord>, from chunk: UInt64, to file: OutputFile, at start: UInt64
  ) {
    var offset = 0
    for record in records {
      let end = offset + Int(record.length)
      let place = start + UInt64(offset)
      if end <= bytes.byteCount, SHA256.hash(bytes.extracting(offset..<end)) == record.id {
        file.write(bytes.extracting(offset..<end), at: place)
      } else {
        file.lose(place..<(place + UInt64(record.length)), gone(chunk))
      }
      offset = end
    }
  }

  private func openFile(_ number: UInt64) throws(ArchiveError) -> SharedFile {
    if let file = pinned[number] { return file }
    if let file = recent.first(where: { $0.number == number })?.file { return file }
    var head = FieldReader(try paths.record(at: number, count: 2))
    let length: UInt16 = try head.fixed()
    let path = try paths.record(at: number + 2, count: Int(length))
    let file: SharedFile
    do throws(IOError) {
      let (directory, name) = try session.target.place(of: path)
      file = SharedFile(try directory.handle.openFile(name, [.nonBlocking, .noAccessTime]))
    } catch {
      throw ArchiveError(error)
    }
    if recent.count >= Self.openFiles { recent.removeFirst() }
    recent.append((number, file))
    return file
  }

  private static func gone(_ chunk: UInt64) -> ArchiveError {
    ArchiveError(.checksumMismatch, "near chunk \(chunk) a file that was extracted before has been changed meanwhile")
  }
}
