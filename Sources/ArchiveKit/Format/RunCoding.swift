// SPDX-License-Identifier: Apache-2.0

/// How runs of chunks and holes stand in tree blocks and map blocks.

/// Encodes and decodes runs; remembers what the next one is expected to begin with.
struct RunCoding {
  /// The number after the last chunk of each archive, the one used last first.
  private var expected: [(ordinal: UInt32, number: UInt64)] = []

  private func expected(_ ordinal: UInt32) -> UInt64 {
    expected.first { $0.ordinal == ordinal }?.number ?? 0
  }

  private mutating func expect(_ number: UInt64, _ ordinal: UInt32) {
    if let place = expected.firstIndex(where: { $0.ordinal == ordinal }) {
      expected[place].number = number
      if place > 0 { expected.swapAt(place, place / 2) }
    } else {
      expected.append((ordinal, number))
    }
  }

  /// - Parameters:
  ///   - runs: the runs.
  ///   - size: what they add up to, when that stands elsewhere already: the last run's length is then left out.
  mutating func write(_ runs: [ContentRun], size: UInt64?, to writer: inout FieldWriter) {
    writer.varint(runs.count)
    for (index, run) in runs.enumerated() {
      switch run {
      case .hole(let length):
        writer.varint(UInt64(1))
        writer.varint(length)
      case .chunks(let ordinal, let first, let count, let length):
        writer.varint(count << 1)
        writer.varint(UInt64(ordinal))
        writer.signed(Int64(bitPattern: first &- expected(ordinal)))
        writer.varint(size != nil && index == runs.count - 1 ? 0 : length)
        expect(first &+ count, ordinal)
      }
    }
  }

  /// - Parameters:
  ///   - size: what the runs must add up to; `nil` when nothing says so.
  ///   - depth: the depth of the archive: no chunk lies in a deeper one.
  ///   - limit: the most runs and holes there may be.
  mutating func read(
    size: UInt64?, depth: UInt32, limit: Int, from reader: inout FieldReader
  ) throws(ArchiveError) -> [ContentRun] {
    let count = try reader.count(eachAtLeast: 2)
    guard count > 0 else { throw .corrupt("a file has bytes but no content") }
    guard count <= limit else { throw .corrupt("content has more pieces than stand in one place") }
    var runs: [ContentRun] = []
    runs.reserveCapacity(count)
    var total: UInt64 = 0
    for index in 0..<count {
      let run = try readRun(depth: depth, from: &reader) { () throws(ArchiveError) in
        guard let size, index == count - 1, size > total else {
          throw .corrupt("a run of chunks has no length")
        }
        return size - total
      }
      let (sum, overflow) = total.addingReportingOverflow(run.length)
      if overflow || sum > size ?? UInt64(Int64.max) { throw .corrupt("a file's content is longer than its size") }
      total = sum
      runs.append(run)
    }
    if let size, total != size { throw .corrupt("a file's content is shorter than its size") }
    return runs
  }

  private mutating func readRun(
    depth: UInt32, from reader: inout FieldReader, rest: () throws(ArchiveError) -> UInt64
  ) throws(ArchiveError) -> ContentRun {
    let tag = try reader.varint()
    if tag == 1 {
      let length = try reader.varint()
      guard length > 0 else { throw .corrupt("a hole has no length") }
      return .hole(length: length)
    }
    let chunks = tag >> 1
    guard tag & 1 == 0, chunks > 0 else { throw .corrupt("a run has an unknown form") }
    guard let ordinal = UInt32(exactly: try reader.varint()), ordinal <= depth else {
      throw .corrupt("a chunk lies in an archive that is no ancestor")
    }
    let first = expected(ordinal) &+ UInt64(bitPattern: try reader.signed())
    let (end, overflow) = first.addingReportingOverflow(chunks)
    if overflow || end > 1 << 56 { throw .corrupt("a run of chunks has an impossible number") }
    var length = try reader.varint()
    if length == 0 { length = try rest() }
    // A chunk has at least one byte, and no more than a data block can hold.
    guard length >= chunks, (length - 1) / UInt64(FrameHeader.maximumDataLength) < chunks else {
      throw .corrupt("a run of chunks has an impossible length")
    }
    expect(end, ordinal)
    return .chunks(ordinal: ordinal, first: first, count: chunks, length: length)
  }
}
