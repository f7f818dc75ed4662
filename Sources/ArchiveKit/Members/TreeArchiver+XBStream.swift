// SPDX-License-Identifier: Apache-2.0

/// An xbstream whose files become entries.
internal import CodecKit
public import SystemIO

extension TreeArchiver {
  /// No server writes so many files at a time.
  private static let maximumOpenFiles = 65536

  /// A file of the stream that has not ended.
  private struct OpenMember {
    let key: UInt64
    /// What becomes of it; `nil` when it is left out.
    var entry: ArchiveEntry?
    var position: UInt64 = 0
  }

  /// Takes the files of an xbstream, as mariabackup and xtrabackup write it, as entries. To be called once, and with a
  /// writer to which nothing has been given.
  ///
  /// Chunks of several files may alternate. The checksum of each chunk is compared, and each file must come without a gap
  /// and to its end. The stream knows no metadata: entries get the time and mode that are given, and user and group 0.
  /// Paths are treated as those of ``archiveTar(_:)``, and entries below something that is no directory, too.
  ///
  /// - Parameters:
  ///   - stream: the bytes, not compressed.
  ///   - modified: when the files last changed, mostly now.
  ///   - mode: their permission bits. Default: 0640, which is what servers give them.
  /// - Returns: what was taken.
  /// - Throws: ``ArchiveError`` with `notAnArchive` when the stream is no xbstream, `truncated` when a file has no end,
  ///   `checksumMismatch`, `corrupt`, `unsupportedFeature` for a chunk of unknown type, `limitExceeded` for too many
  ///   files at a time, `cancelled`; what the stream and the writer throw.
  public func archiveXBStream(
    _ stream: any ArchiveStream, modified: Timestamp, mode: FileMode = FileMode(rawValue: 0o640)
  ) throws(ArchiveError) -> TreeArchiverReport {
    report = TreeArchiverReport()
    writer?.beginUnsorted()
    let input = StreamInput(stream)
    let reader = XBStreamReader(input)
    guard try input.fill(1) == 1 else { throw ArchiveError(.notAnArchive, "this is no xbstream: it is empty") }
    var open: [[UInt8]: OpenMember] = [:]
    var keys: UInt64 = 0
    while let chunk = try reader.next() {
      try tell(chunk.path)
      var member: OpenMember
      if let known = open[chunk.path] {
        member = known
        if let key = member.entry.map({ _ in member.key }) { try writer?.note(unsorted: .select(key)) }
      } else {
        guard open.count < Self.maximumOpenFiles else {
          throw ArchiveError(.limitExceeded, "too many files of the xbstream are open at a time", offset: chunk.offset)
        }
        member = try begin(chunk, keys, input, modified, mode)
        keys += 1
      }
      if chunk.kind == .end {
        open[chunk.path] = nil
        guard var entry = member.entry else { continue }
        entry.size = member.position
        note(member: entry)
        try writer?.note(unsorted: .end(entry))
      } else {
        try take(chunk, &member, input)
        open[chunk.path] = member
      }
    }
    if let path = open.keys.min(by: { $0.lexicographicallyPrecedes($1) }) {
      throw ArchiveError(.truncated, "the xbstream ends before the file does", offset: input.offset, path: path)
    }
    try finishMembers()
    return report
  }

  private func begin(
    _ chunk: XBStreamChunk, _ key: UInt64, _ input: StreamInput, _ modified: Timestamp, _ mode: FileMode
  ) throws(ArchiveError) -> OpenMember {
    guard let path = place(ofMember: chunk.path, isDirectory: false) else { return OpenMember(key: key) }
    var entry = ArchiveEntry(path, .file)
    entry.mode = UInt16(truncatingIfNeeded: mode.rawValue)
    entry.modificationTime = modified
    if chunk.kind == .payload || chunk.kind == .sparse {
      entry.cut = try chunk.rule(chooser, path: path, input)
    }
    try writer?.note(unsorted: .begin(key, entry))
    return OpenMember(key: key, entry: entry)
  }

  /// Takes the payload of a chunk.
  private func take(
    _ chunk: XBStreamChunk, _ member: inout OpenMember, _ input: StreamInput
  ) throws(ArchiveError) {
    guard let entry = member.entry, chunk.kind != .unknown else {
      return try skipMember(input, chunk.length, chunk.path)
    }
    guard chunk.fileOffset == member.position else {
      throw ArchiveError(
        .corrupt, "a chunk of the file belongs at \(chunk.fileOffset), and \(member.position) bytes have come",
        offset: chunk.offset, path: entry.path)
    }
    var checksum = CRC32()
    var pieces: [(skip: UInt64, length: UInt64)] = chunk.pieces.map { (UInt64($0.skip), UInt64($0.length)) }
    if chunk.kind == .payload { pieces = [(0, chunk.length)] }
    for (skip, length) in pieces {
      let (end, overflow) = member.position.addingReportingOverflow(skip + length)
      guard !overflow, end <= UInt64(Int64.max) else {
        throw ArchiveError(.corrupt, "the file has an impossible size", offset: chunk.offset, path: entry.path)
      }
      try appendHole(skip)
      let start = member.position + skip
      var left = length
      if case .pages(let size) = entry.cut {
        // Pages begin where they do in the file.
        let ahead = min((UInt64(size) - start % UInt64(size)) % UInt64(size), left)
        try appendMember(input, .whole, ahead, entry.path) { checksum.update($0) }
        left -= ahead
      }
      try appendMember(input, entry.cut, left, entry.path) { checksum.update($0) }
      member.position = end
    }
    guard writer != nil else { return }
    // Of a payload with holes, programs count what tells the pieces in.
    let whole = CRC32.joined(chunk.mapChecksum, checksum.value, secondSize: chunk.length)
    guard checksum.value == chunk.checksum || chunk.kind == .sparse && whole == chunk.checksum else {
      throw ArchiveError(
        .checksumMismatch, "the bytes of the file from \(chunk.fileOffset) on are not what their checksum says",
        offset: chunk.offset, path: entry.path)
    }
  }
}
