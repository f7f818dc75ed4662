// SPDX-License-Identifier: Apache-2.0

/// Writes what is left of an archive as a sound one.
internal import CodecKit

/// What became of a rebuilt archive.
public struct RebuildReport: Sendable {
  /// Entries that are in the copy.
  public internal(set) var entries: UInt64 = 0
  /// Files that are not, and why.
  public internal(set) var lost: [(path: [UInt8], error: ArchiveError)] = []
  /// The copy.
  public internal(set) var summary: ArchiveSummary
  /// Whether the copy stands for the same content as the original did when it was complete.
  public internal(set) var isIdentical: Bool
}

/// Copies the entries of an archive, damaged or cut, into a new one.
///
/// The copy has the identity of the original. When nothing was lost it has the same contentRoot, too, and serves as the
/// parent of the same increments. The copy of an increment is made upon the same parent; when that is not there, or was
/// merged into the archive, it is a full archive with an identity of its own.
public struct ArchiveRebuilder {
  private let archive: ArchiveReader
  private let options: ArchiveWriterOptions
  private let progress: (UInt64) throws(ArchiveError) -> Void

  /// Prepares a copy.
  ///
  /// - Parameters:
  ///   - archive: an archive that was opened by `ArchiveReader(recovering:)`.
  ///   - options: codec and threads of the copy.
  ///   - progress: told from time to time how many bytes of files have been copied; throws to give up.
  public init(
    _ archive: ArchiveReader, _ options: ArchiveWriterOptions = .init(),
    progress: @escaping (UInt64) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) {
    self.archive = archive
    var options = options
    let superblock = archive.summary.superblock
    options.cutSizes = superblock.cutSizes
    let target = Int(superblock.blockTarget)
    if (64 << 10...FrameHeader.maximumDataLength).contains(target) { options.blockSize = target }
    self.options = options
    self.progress = progress
  }

  /// Writes the copy.
  ///
  /// - Parameter output: gets the bytes.
  /// - Returns: what is in it, and what was lost.
  /// - Throws: what the output throws, or what reading throws that is no damage.
  public func run(to output: any ArchiveOutput) throws(ArchiveError) -> RebuildReport {
    let writer = try makeWriter(output)
    var lost: [(path: [UInt8], error: ArchiveError)] = []
    var content = ContentCursor(archive)
    var cursor = archive.entries()
    var groups: [ArchiveEntry.LinkGroup: CopiedGroup] = [:]
    var copied: UInt64 = 0
    var entries: UInt64 = 0
    while true {
      do throws(ArchiveError) {
        guard let entry = try cursor.next() else { break }
        let isLeafEnd = cursor.isAtLeafEnd
        if let fault = try copy(entry, &content, &groups, writer) {
          lost.append((entry.path, fault))
          content = ContentCursor(archive)
        } else {
          entries += 1
        }
        if isLeafEnd { try writer.endLeaf() }
        copied += entry.size
        try progress(copied)
      } catch {
        guard error.isDamage || error.isMissingArchive else { throw error }
        lost.append((cursor.skipLeaf(), error))
      }
    }
    let summary = try writer.finish()
    let original = archive.summary.footer
    return RebuildReport(
      entries: entries, lost: lost, summary: summary,
      isIdentical: archive.recovery?.hasFooter == true && original.contentRoot == summary.footer.contentRoot)
  }

  private func makeWriter(_ output: any ArchiveOutput) throws(ArchiveError) -> ArchiveWriter {
    var superblock = archive.summary.superblock
    guard superblock.depth > 0 else { return try ArchiveWriter(to: output, options, like: superblock) }
    var options = options
    if superblock.parent != nil, let parent = try? archive.store.reader(superblock.depth - 1) {
      options.parent = parent
      options.parentName = archive.ancestors.last.map { String(decoding: $0.name, as: UTF8.self) } ?? ""
    } else {
      (superblock.depth, superblock.parent, superblock.parentRoot) = (0, nil, nil)
      var generator = SystemRandomNumberGenerator()
      (superblock.uuid, superblock.tag) = (.random(), generator.next())
      if superblock.tag == Footer.magicNumber { superblock.tag = ~superblock.tag }
    }
    return try ArchiveWriter(to: output, options, like: superblock)
  }

  /// A file with several names, as it is in the copy.
  private struct CopiedGroup {
    var group: ArchiveEntry.LinkGroup
    var isThere: Bool
  }

  private static let lostWithFirst = ArchiveError(.corrupt, "its content, which it shares with another name, is lost")

  /// Copies an entry.
  ///
  /// - Parameter groups: which files with several names have been met, and whether they are in the copy.
  /// - Returns: what is wrong with it; nothing of it is in the copy then.
  private func copy(
    _ original: ArchiveEntry, _ content: inout ContentCursor, _ groups: inout [ArchiveEntry.LinkGroup: CopiedGroup],
    _ writer: ArchiveWriter
  ) throws(ArchiveError) -> ArchiveError? {
    var entry = original
    if let group = original.linkGroup {
      if let known = groups[group] {
        guard known.isThere else { return Self.lostWithFirst }
        entry.linkGroup = known.group
        try writer.add(entry)
        return nil
      }
      // Without ancestors the copy has no numbers but its own.
      let isKept = group.ordinal <= writer.depth && writer.depth == archive.summary.superblock.depth
      let copied = isKept ? group : ArchiveEntry.LinkGroup(ordinal: writer.depth, number: UInt64(groups.count))
      groups[group] = CopiedGroup(group: copied, isThere: true)
      entry.linkGroup = copied
    }
    guard entry.kind == .file else {
      try writer.add(entry)
      return nil
    }
    let fault = try copy(file: entry, &content, writer)
    if fault != nil, let group = original.linkGroup { groups[group]?.isThere = false }
    return fault
  }

  /// Copies a file, chunk by chunk.
  private func copy(
    file entry: ArchiveEntry, _ content: inout ContentCursor, _ writer: ArchiveWriter
  ) throws(ArchiveError) -> ArchiveError? {
    let runs: [ContentRun]
    do throws(ArchiveError) { runs = entry.size > 0 ? try archive.runs(of: entry) : [] } catch {
      guard error.isDamage || error.isMissingArchive else { throw error }
      return error
    }
    try writer.beginFile(entry)
    var failure: ArchiveError?
    do throws(ArchiveError) {
      for run in runs {
        switch run {
        case .hole(let length): try writer.append(hole: length)
        case .chunks(let ordinal, let first, let count, let length):
          try content.deliver(ordinal, first..<(first + count), length: length, part: 0..<length) {
            (bytes: RawSpan) throws(ArchiveError) in
            do throws(ArchiveError) { try writer.append(chunk: bytes) } catch {
              failure = error
              throw error
            }
          }
        }
      }
    } catch {
      // What the writer throws ends the work; damage of this file does not.
      if let failure { throw failure }
      guard error.isDamage || error.isMissingArchive else { throw error }
      try writer.abandonFile()
      return error
    }
    try writer.endFile(entry)
    return nil
  }
}
