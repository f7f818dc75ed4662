// SPDX-License-Identifier: Apache-2.0

/// What is known of every chunk that a stream has delivered, and where its bytes are now.
internal import CodecKit
internal import SystemIO

/// Where the bytes of a chunk are.
enum ChunkHolder: Hashable, Sendable {
  /// Nowhere, or not yet.
  case none
  /// In a block that was kept; the offset is what the block is found by.
  case kept
  /// In a file that was extracted, named by a number.
  case file(UInt64)

  fileprivate var code: UInt64 {
    switch self {
    case .none: 0
    case .kept: 1
    case .file(let number): number + 2
    }
  }

  fileprivate init(code: UInt64) { self = code == 0 ? .none : code == 1 ? .kept : .file(code - 2) }
}

/// A chunk.
struct ChunkRecord: Hashable, Sendable {
  static let size = 52

  var id: SHA256Digest
  /// Its bytes; 0 when it was lost.
  var length: UInt32
  var holder = ChunkHolder.none
  var offset: UInt64 = 0

  fileprivate func write(to writer: inout FieldWriter) {
    writer.digest(id)
    writer.fixed(length)
    writer.fixed(holder.code)
    writer.fixed(offset)
  }

  init(id: SHA256Digest, length: UInt32) {
    self.id = id
    self.length = length
  }

  fileprivate init(_ reader: inout FieldReader) throws(ArchiveError) {
    id = try reader.digest()
    length = try reader.fixed()
    holder = ChunkHolder(code: try reader.fixed())
    offset = try reader.fixed()
  }
}

/// Records of chunks by their number. They stand in a temporary file, so that memory does not grow with the archive:
/// 52 bytes a chunk, less than a thousandth of what chunks usually have.
struct ChunkLedger {
  /// Chunks of a block that could not be read.
  struct Lost: Sendable {
    var chunks: Range<UInt64>
    /// Their bytes together; 0 when that is not known.
    var length: UInt64
    var error: ArchiveError
  }

  private static let recordSize = UInt64(ChunkRecord.size)
  private let file: ScratchFile
  /// The number of the next chunk.
  private(set) var count: UInt64 = 0
  private var lost: [Lost] = []

  init(in directory: Path) { file = ScratchFile(in: directory) }

  /// Takes the chunks of a block.
  mutating func append(_ records: [ChunkRecord]) throws(ArchiveError) {
    try write(records, at: count)
    count += UInt64(records.count)
  }

  /// Takes note of chunks that did not come.
  mutating func appendLost(_ next: Lost) {
    lost.append(next)
    count = next.chunks.upperBound
  }

  /// Records of chunks; for those that were lost the length is 0.
  func records(_ range: Range<UInt64>) throws(ArchiveError) -> [ChunkRecord] {
    // Chunks that were lost last have no record at all.
    let bytes = try file.bytes(at: range.lowerBound * Self.recordSize, count: range.count * ChunkRecord.size)
    var reader = FieldReader(bytes)
    var records: [ChunkRecord] = []
    records.reserveCapacity(range.count)
    while reader.remaining >= ChunkRecord.size { records.append(try ChunkRecord(&reader)) }
    while records.count < range.count { records.append(ChunkRecord(id: .zero, length: 0)) }
    return records
  }

  func write(_ records: [ChunkRecord], at number: UInt64) throws(ArchiveError) {
    guard !records.isEmpty else { return }
    var writer = FieldWriter(capacity: records.count * ChunkRecord.size)
    for record in records { record.write(to: &writer) }
    try file.write(writer.bytes, at: number * Self.recordSize)
  }

  /// Why a chunk was lost, and what was lost with it.
  func lost(_ chunk: UInt64) -> Lost? {
    var (low, high) = (0, lost.count)
    while low < high {
      let middle = (low + high) / 2
      if lost[middle].chunks.upperBound <= chunk { low = middle + 1 } else { high = middle }
    }
    return low < lost.count && lost[low].chunks.contains(chunk) ? lost[low] : nil
  }

  /// The bytes of chunks; `nil` when that is not known of all of them.
  func length(of range: Range<UInt64>) throws(ArchiveError) -> UInt64? {
    var length: UInt64 = 0
    var next = range.lowerBound
    while next < range.upperBound {
      let part = next..<min(next + 4096, range.upperBound)
      next = part.upperBound
      for (index, record) in try records(part).enumerated() {
        let chunk = part.lowerBound + UInt64(index)
        if record.length > 0 {
          length += UInt64(record.length)
        } else if let lost = lost(chunk), lost.length > 0, range.lowerBound <= lost.chunks.lowerBound,
          lost.chunks.upperBound <= range.upperBound
        {
          if chunk == lost.chunks.lowerBound { length += lost.length }
        } else {
          return nil
        }
      }
    }
    return length
  }

  /// Says that chunks stand one after another in a file. Those that have a place already keep it.
  func place(_ range: Range<UInt64>, in holder: ChunkHolder, at start: UInt64) throws(ArchiveError) {
    var offset = start
    var next = range.lowerBound
    while next < range.upperBound {
      let part = next..<min(next + 4096, range.upperBound)
      next = part.upperBound
      var records = try records(part)
      for index in records.indices {
        if records[index].holder == .none {
          records[index].holder = holder
          records[index].offset = offset
        }
        offset += UInt64(records[index].length)
      }
      try write(records, at: part.lowerBound)
    }
  }
}
