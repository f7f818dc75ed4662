// SPDX-License-Identifier: Apache-2.0

/// A table at the end of an archive: records of fixed size, read when they are needed.
internal import CodecKit

/// What a table is made of.
protocol TableRecord: Sendable {
  static var kind: FrameKind { get }
  static var recordSize: Int { get }
  init(record reader: inout FieldReader) throws(ArchiveError)
}

extension BlockRecord: TableRecord {
  static var kind: FrameKind { .blocks }
  static var recordSize: Int { size }
  init(record reader: inout FieldReader) throws(ArchiveError) { try self.init(&reader) }
}

extension IndexRecord: TableRecord {
  static var kind: FrameKind { .index }
  static var recordSize: Int { size }
  init(record reader: inout FieldReader) throws(ArchiveError) { try self.init(&reader) }
}

extension SHA256Digest: TableRecord {
  static var kind: FrameKind { .ids }
  static var recordSize: Int { byteCount }
  init(record reader: inout FieldReader) throws(ArchiveError) { self = try reader.digest() }
}

/// Reads records, and remembers a frame once it has been read as a whole.
final class Table<Record: TableRecord>: Sendable {
  /// A frame up to this size is read as a whole, with its checksum, when the first of its records is wanted.
  private static var wholeFrameLimit: Int { 1 << 20 }

  /// How many records there are.
  let count: UInt64
  private let frames: FrameReader
  private let run: Footer.Run
  /// All records, where they do not stand in the archive but were found out otherwise.
  private let known: [Record]?
  /// Runs of records, with the number of the first of each, where only these are known.
  private let parts: [(first: UInt64, records: [Record])]?
  private let cache = Guarded<[UInt64: [Record]]>([:])

  /// - Parameters:
  ///   - run: where the frames are, by the footer.
  ///   - count: how many records there must be; `nil` for as many as fit.
  init(_ frames: FrameReader, _ run: Footer.Run, count expected: UInt64?, end: UInt64) throws(ArchiveError) {
    self.frames = frames
    self.run = run
    known = nil
    parts = nil
    let (stop, overflow) = run.offset.addingReportingOverflow(run.length)
    guard !overflow, stop <= end else { throw .corrupt("a table lies outside of the archive") }
    // All frames but the last are full, so the length says how many records there are.
    let full = UInt64(FrameHeader.size + TableShape.recordsPerFrame * Record.recordSize)
    let (whole, rest) = run.length.quotientAndRemainder(dividingBy: full)
    var count = whole * UInt64(TableShape.recordsPerFrame)
    if rest > 0 {
      guard rest > UInt64(FrameHeader.size), (rest - UInt64(FrameHeader.size)) % UInt64(Record.recordSize) == 0 else {
        throw .corrupt("a table has an impossible size", at: run.offset)
      }
      count += (rest - UInt64(FrameHeader.size)) / UInt64(Record.recordSize)
    }
    self.count = count
    if let expected, expected != count {
      throw .corrupt("a table has another size than the footer says", at: run.offset)
    }
  }

  /// A table that was found out from the frames themselves.
  init(_ frames: FrameReader, known: [Record]) {
    self.frames = frames
    self.known = known
    parts = nil
    run = Footer.Run()
    count = UInt64(known.count)
  }

  private static var perFrame: UInt64 { UInt64(TableShape.recordsPerFrame) }

  /// A table of which only some runs of records are known; the others are asked for by nobody honest.
  ///
  /// - Parameters:
  ///   - records: what is known, where each run says.
  ///   - runs: the numbers that the records have in this table.
  init(_ frames: FrameReader, known records: [Record], of runs: [Residence.Run]) {
    self.frames = frames
    run = Footer.Run()
    known = nil
    count = runs.last.map { $0.first + $0.count } ?? 0
    parts = runs.filter { $0.place + $0.count <= UInt64(records.count) }.map { run in
      (run.first, Array(records[Int(run.place)..<Int(run.place + run.count)]))
    }
  }

  /// The bytes of so many records in frames.
  static func length(of count: UInt64) -> UInt64 {
    let frames = (count + Self.perFrame - 1) / Self.perFrame
    return frames * UInt64(FrameHeader.size) + count * UInt64(Record.recordSize)
  }

  /// How many frames there are.
  var frameCount: UInt64 { (count + Self.perFrame - 1) / Self.perFrame }

  /// All records of a table that was found out.
  var found: [Record] { known ?? [] }

  /// A record.
  func record(_ number: UInt64) throws(ArchiveError) -> Record {
    guard number < count else { throw .corrupt("something is said to lie behind the end of its table") }
    if let known { return known[Int(number)] }
    if parts != nil { return try records(number..<(number + 1))[0] }
    let (frame, index) = number.quotientAndRemainder(dividingBy: Self.perFrame)
    if let records = cache.withLock({ $0[frame] }) { return records[Int(index)] }
    if recordCount(inFrame: frame) * Record.recordSize <= Self.wholeFrameLimit {
      return try records(inFrame: frame).records[Int(index)]
    }
    let bytes = try frames.source.bytes(
      at: frameOffset(frame) + UInt64(FrameHeader.size) + index * UInt64(Record.recordSize), count: Record.recordSize)
    var reader = FieldReader(bytes)
    return try Record(record: &reader)
  }

  /// Some records, read at once. They are not checked by their frame's checksum when the frame is large.
  func records(_ range: Range<UInt64>) throws(ArchiveError) -> [Record] {
    guard range.upperBound <= count else { throw .corrupt("something is said to lie behind the end of its table") }
    if let known { return Array(known[Int(range.lowerBound)..<Int(range.upperBound)]) }
    if let parts { return try Self.records(range, in: parts) }
    var result: [Record] = []
    result.reserveCapacity(range.count)
    var number = range.lowerBound
    while number < range.upperBound {
      let (frame, index) = number.quotientAndRemainder(dividingBy: Self.perFrame)
      let wanted = min(range.upperBound - number, Self.perFrame - index)
      if let known = cache.withLock({ $0[frame] }) {
        result += known[Int(index)..<Int(index + wanted)]
      } else {
        let size = UInt64(Record.recordSize)
        let bytes = try frames.source.bytes(
          at: frameOffset(frame) + UInt64(FrameHeader.size) + index * size, count: Int(wanted * size))
        var reader = FieldReader(bytes)
        for _ in 0..<wanted { result.append(try Record(record: &reader)) }
      }
      number += wanted
    }
    return result
  }

  private static func records(
    _ range: Range<UInt64>, in parts: [(first: UInt64, records: [Record])]
  ) throws(ArchiveError) -> [Record] {
    guard let part = parts.last(where: { $0.first <= range.lowerBound }),
      range.upperBound <= part.first + UInt64(part.records.count)
    else { throw .corrupt("something is said to lie behind the end of its table") }
    return Array(part.records[Int(range.lowerBound - part.first)..<Int(range.upperBound - part.first)])
  }

  /// All records of a frame, checked.
  ///
  /// - Parameter isKept: whether they will be asked for again.
  func records(
    inFrame frame: UInt64, isKept: Bool = true
  ) throws(ArchiveError) -> (records: [Record], digest: SHA256Digest) {
    let expected = recordCount(inFrame: frame)
    let read = try frames.frame(at: frameOffset(frame), Record.kind, ahead: expected * Record.recordSize)
    guard read.header.codec == 0, read.body.count == expected * Record.recordSize,
      read.header.first == frame * Self.perFrame, Int(read.header.count) == expected
    else { throw .corrupt("a frame of a table has another size than its place says", at: read.header.offset) }
    var reader = FieldReader(read.body)
    var records: [Record] = []
    records.reserveCapacity(expected)
    for _ in 0..<expected { records.append(try Record(record: &reader)) }
    if isKept { cache.withLock { $0[frame] = records } }
    return (records, SHA256.hash(read.body))
  }

  /// The last record that a condition holds for, which holds for all before it too; `nil` when it holds for none.
  func last(where condition: (Record) -> Bool) throws(ArchiveError) -> (number: UInt64, record: Record)? {
    var (low, high) = (UInt64(0), count)
    var found: (UInt64, Record)?
    while low < high {
      let middle = low + (high - low) / 2
      let record = try record(middle)
      if condition(record) {
        found = (middle, record)
        low = middle + 1
      } else {
        high = middle
      }
    }
    return found
  }

  private func frameOffset(_ frame: UInt64) -> UInt64 {
    run.offset + frame * UInt64(FrameHeader.size + TableShape.recordsPerFrame * Record.recordSize)
  }

  private func recordCount(inFrame frame: UInt64) -> Int {
    Int(min(Self.perFrame, count - frame * Self.perFrame))
  }
}
