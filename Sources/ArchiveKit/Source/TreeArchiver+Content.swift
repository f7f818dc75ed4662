// SPDX-License-Identifier: Apache-2.0

/// The bytes of files.
internal import CodecKit
internal import SystemIO

extension TreeArchiver {
  /// How often a file is read that changes all the time.
  private static let attempts = 4
  /// Of larger files the system is told that they are read from front to back.
  private static let sequentialSize = 1 << 20

  /// What came of reading a file once.
  private struct Reading {
    var bytes: UInt64 = 0
    var holeBytes: UInt64 = 0
    var failure: IOError?
  }

  /// Takes an open file.
  func take(_ file: OpenFile, _ path: [UInt8]) throws(ArchiveError) {
    guard let writer else { return }
    var status = file.status
    var entry = entry(path, .file, status)
    addAttributes(of: file, to: &entry)
    guard fits(entry) else { return }
    var stamp = stamp(status)
    try writer.beginFile(entry, stamp)
    if status.size >= Self.sequentialSize { file.handle.adviseSequential() }
    for attempt in 1... {
      let reading = try read(file, status, stamp, &entry, writer, isFirst: attempt == 1)
      let later: FileStatus?
      var failure = reading.failure
      do throws(IOError) {
        later = try file.handle.status()
      } catch {
        later = nil
        failure = failure ?? error
      }
      let isSame = later.map { $0.isUnchanged(since: status) } ?? false
      if let failure {
        entry.warnings.insert(.unreadable)
        warn(path, .unreadable, failure)
      } else if let later, !isSame {
        if attempt < Self.attempts {
          status = later
          entry.apply(status)
          entry.owner = owner(uid: status.uid, gid: status.gid)
          // They count as a change too, and no later archive would look at them again.
          entry.attributes = []
          addAttributes(of: file, to: &entry)
          stamp = self.stamp(status)
          try writer.restartFile()
          continue
        }
        entry.warnings.insert(.changed)
        warn(path, .changed)
      }
      report.bytes += reading.bytes
      report.holeBytes += reading.holeBytes
      break
    }
    if !entry.warnings.isEmpty { stamp = nil }
    try note(&entry, stamp, status)
    try writer.endFile(entry, stamp)
  }

  private func addAttributes(of file: OpenFile, to entry: inout ArchiveEntry) {
    addAttributes(to: &entry) { () throws(IOError) in
      try file.handle.extendedAttributeNames()
    } value: { (name: [UInt8]) throws(IOError) in
      try file.handle.extendedAttribute(name)
    }
  }

  /// Reads a file once, up to the size that its status says.
  private func read(
    _ file: OpenFile, _ status: FileStatus, _ stamp: Stamp?, _ entry: inout ArchiveEntry, _ writer: ArchiveWriter,
    isFirst: Bool
  ) throws(ArchiveError) -> Reading {
    var reading = Reading()
    entry.cut = .whole
    guard status.size > 0 else { return reading }
    beginning.removeAll()
    if status.size >= Int64(CutRuleChooser.smallestCut) {
      do throws(IOError) { try readBeginning(file) } catch {
        reading.failure = error
        return reading
      }
      let earlier = try writer.parentEntry(at: entry.path)?.entry.cut
      entry.cut = chooser.rule(
        path: entry.path, size: UInt64(status.size), beginning: beginning.bytes, earlier: earlier)
    }
    // An interrupted attempt may have got some way.
    let start = isFirst ? Int64(clamping: try writer.takeBeginning(of: entry, stamp)) : 0
    guard status.blocks < status.size / 512 else {
      try read(file, min(start, status.size)..<status.size, entry, writer, &reading)
      return reading
    }
    var page = 1
    if case .pages(let size) = entry.cut { page = size }
    var regions = SparseRegions(size: status.size, page: Int64(page), from: start)
    while reading.failure == nil, let region = regions.next(in: file.handle) {
      switch region {
      case .hole(let length):
        reading.holeBytes += UInt64(length)
        try writer.append(hole: UInt64(length))
      case .data(let range):
        let isWhole = try read(file, range, entry, writer, &reading)
        if !isWhole { return reading }
      }
    }
    return reading
  }

  /// Reads the bytes by which it is decided how a file is cut.
  private func readBeginning(_ file: OpenFile) throws(IOError) {
    try beginning.lend { (bytes: inout ByteBuffer) throws(IOError) in
      bytes.reserve(CutRuleChooser.beginningSize, isFinal: true)
      var room = bytes.room(atMost: CutRuleChooser.beginningSize)
      let count = try file.handle.readFully(into: &room, at: 0)
      bytes.didAppend(count)
    }
  }

  /// Reads a part of a file.
  ///
  /// - Returns: whether there were as many bytes as expected.
  @discardableResult
  private func read(
    _ file: OpenFile, _ range: Range<Int64>, _ entry: ArchiveEntry, _ writer: ArchiveWriter,
    _ reading: inout Reading
  ) throws(ArchiveError) -> Bool {
    var position = range.lowerBound
    var failure: IOError?
    let count = try writer.append(entry.cut, limit: UInt64(range.count)) {
      (room: inout OutputRawSpan) throws(ArchiveError) -> Int in
      let count: Int
      do throws(IOError) {
        if position < beginning.count {
          count = room.append(prefixOf: beginning.bytes.dropping(Int(position)))
        } else {
          count = try file.handle.read(into: &room, at: position)
        }
      } catch {
        // What has been read counts; an error here would be the end of the archive.
        failure = error
        return 0
      }
      position += Int64(count)
      bytesRead += UInt64(count)
      try tell(entry.path)
      return count
    }
    reading.bytes += count
    reading.failure = failure
    return count == UInt64(range.count)
  }
}

extension FileStatus {
  /// Whether neither content nor attributes have changed since an earlier status.
  fileprivate func isUnchanged(since earlier: FileStatus) -> Bool {
    size == earlier.size && modificationTime == earlier.modificationTime && changeTime == earlier.changeTime
  }
}
