// SPDX-License-Identifier: Apache-2.0

/// A complete archive, open for reading: finds entries and their bytes with few reads.
public import CodecKit

/// An archive that can be read anywhere.
///
/// Opening reads the footer, the superblock and the directory. Everything else is read when it is asked for: a file out
/// of a million costs at most eight reads before its data. Every byte is checked before it is delivered.
///
/// ```swift
/// let archive = try ArchiveReader(FileArchiveSource(.open("backup.cka")))
/// if let entry = try archive.entry(at: Array("etc/hosts".utf8)) {
///   try archive.read(entry) { (bytes) throws(ArchiveError) in … }
/// }
/// ```
public final class ArchiveReader: Sendable {
  /// What the archive says of itself, and what it holds.
  public let summary: ArchiveSummary
  /// Bytes behind the footer that are not zero; such an archive has been tampered with, or joined to something.
  public let trailingBytes: UInt64

  /// The archives that this one is made upon, the full archive first.
  public let ancestors: [Ancestor]

  /// The archive itself, without its tree.
  let own: ChainMember
  let leaves: [LeafRecord]
  let directoryDigest: SHA256Digest
  /// The raw bytes of leaves that stand in no tree block: of a file that was not finished, or made of provisional ones.
  let loose: [Int: [UInt8]]
  /// What was found out about an archive without an end, or with a damaged one; `nil` for one that was read by its end.
  public let recovery: RecoveryFindings?

  /// Finds the ancestors.
  private let finder: (any AncestorFinder)?
  /// Ancestors that have been found.
  private let members = Guarded<[UInt32: ChainMember]>([:])

  var registry: CodecRegistry { own.registry }
  var frames: FrameReader { own.frames }
  var ids: Table<SHA256Digest> { own.ids }
  var blocks: Table<BlockRecord> { own.blocks }
  var index: Table<IndexRecord> { own.index }

  /// The most bytes of a directory that is read.
  private static let maximumDirectoryLength: UInt64 = 1 << 30

  /// Opens an archive.
  ///
  /// - Parameters:
  ///   - source: its bytes.
  ///   - ancestors: where the archives are that it is made upon. They are looked for when something is needed of them.
  ///     Default: nowhere, which is enough for a full archive.
  ///   - registry: where codecs are found. Default: the built-in ones.
  /// - Throws: ``ArchiveError`` with `notAnArchive`, `truncated` when it has no end, `unsupportedFeature`, or what says
  ///   that it is damaged.
  public init(
    _ source: some ArchiveSource, ancestors finder: (any AncestorFinder)? = nil, registry: CodecRegistry = .builtin
  ) throws(ArchiveError) {
    let source = TailCache(source)
    let footer: Footer
    let superblock: Superblock
    var found: (footer: Footer, trailing: UInt64)?
    do throws(ArchiveError) {
      found = try FooterSearch.footer(of: source)
      superblock = try Self.superblock(of: source, found?.footer)
    } catch {
      throw error
    }
    guard let found else {
      throw ArchiveError(
        .truncated, "the archive has no end: it was cut, or was never completed", offset: source.size)
    }
    footer = found.footer
    trailingBytes = found.trailing
    guard footer.tag == superblock.tag, footer.uuid == superblock.uuid, footer.depth == superblock.depth else {
      throw .corrupt("the end belongs to another archive than the beginning", at: footer.offset)
    }
    summary = ArchiveSummary(superblock: superblock, footer: footer)
    let frames = FrameReader(source: source, tag: superblock.tag)
    own = try ChainMember(summary, frames, registry)
    ancestors = try Self.ancestry(frames, superblock)
    self.finder = finder
    (leaves, directoryDigest) = try Self.directory(frames, footer, superblock, registry, blocks: own.index.count)
    loose = [:]
    recovery = nil
  }

  /// Opens what is left of an archive: one that was cut, that was never completed, or whose end or directory is damaged.
  ///
  /// All frames are read once, and tables and directory are rebuilt from them. Entries and their content are then read as
  /// those of a sound archive, as far as they are there.
  ///
  /// - Parameters:
  ///   - source: its bytes.
  ///   - registry: where codecs are found.
  /// - Throws: ``ArchiveError`` with `notAnArchive` when not one frame is found, or what reading throws.
  public init(recovering source: some ArchiveSource, registry: CodecRegistry = .builtin) throws(ArchiveError) {
    let found = try ArchiveRecovery(source, registry).run()
    own = ChainMember(recovered: found, FrameReader(source: source, tag: found.superblock.tag), registry)
    summary = own.summary
    ancestors = []
    finder = nil
    trailingBytes = 0
    leaves = found.leaves
    directoryDigest = .zero
    loose = found.loose
    recovery = found.findings
  }

  /// The archive that references with an ordinal mean.
  ///
  /// - Throws: `missingParent` or `wrongParent` for an ancestor that is not there.
  func member(_ ordinal: UInt32) throws(ArchiveError) -> ChainMember {
    if ordinal == summary.superblock.depth { return own }
    if let known = members.withLock({ $0[ordinal] }) { return known }
    guard ordinal < UInt32(ancestors.count) else {
      throw .corrupt("something lies in an archive that is no ancestor")
    }
    let found = try AncestorSearch(finder, registry).member(ancestors[Int(ordinal)])
    members.withLock { $0[ordinal] = found }
    return found
  }

  /// The names of all ancestors; the frame with them follows the superblock of an increment.
  private static func ancestry(
    _ frames: FrameReader, _ superblock: Superblock
  ) throws(ArchiveError) -> [Ancestor] {
    guard superblock.depth > 0 else { return [] }
    guard superblock.depth <= Ancestry.maximumDepth else {
      throw ArchiveError(.limitExceeded, "the archive has more ancestors than any may have")
    }
    let frame = try frames.frame(at: UInt64(Superblock.size), .ancestry, ahead: Int(superblock.depth) * 80)
    return try Ancestry.decode(frame.body, of: superblock)
  }

  private static func superblock(
    of source: some ArchiveSource, _ footer: Footer?
  ) throws(ArchiveError) -> Superblock {
    let bytes = try source.bytes(at: 0, count: Superblock.size)
    do throws(ArchiveError) {
      return try Superblock(decoding: bytes)
    } catch {
      // The copy at the end serves when the first one is damaged.
      guard let footer, error.code == .checksumMismatch || error.code == .notAnArchive else { throw error }
      let frames = FrameReader(source: source, tag: footer.tag)
      guard let copy = try? frames.superblockCopy(at: footer.superblockCopy) else { throw error }
      return copy
    }
  }

  private static func directory(
    _ frames: FrameReader, _ footer: Footer, _ superblock: Superblock, _ registry: CodecRegistry, blocks: UInt64
  ) throws(ArchiveError) -> ([LeafRecord], SHA256Digest) {
    let (end, overflow) = footer.directory.offset.addingReportingOverflow(footer.directory.length)
    guard !overflow, end <= footer.offset, footer.directory.length <= maximumDirectoryLength else {
      throw .corrupt("the directory lies outside of the archive", at: footer.offset)
    }
    var leaves: [LeafRecord] = []
    var digest = SHA256()
    let unpacker = PayloadUnpacker(superblock, registry)
    var entries: UInt64 = 0
    var length: UInt64 = 0
    var offset = footer.directory.offset
    while offset < end {
      let frame = try frames.frame(at: offset, .directory, ahead: Int(min(end - offset, 1 << 20)))
      let raw = try unpacker.unpack(frame)
      digest.update(raw)
      length += UInt64(raw.count)
      guard length <= maximumDirectoryLength else {
        throw ArchiveError(.limitExceeded, "the directory is larger than this version reads", offset: offset)
      }
      guard frame.header.first == UInt64(leaves.count) else {
        throw .corrupt("a part of the directory is missing", at: offset)
      }
      var reader = FieldReader(raw)
      for _ in 0..<frame.header.count {
        let leaf = try LeafRecord(&reader)
        if let last = leaves.last {
          guard EntryPath.precedes(last.separator, leaf.separator) else {
            throw ArchiveError(.unsafeTree, "the directory is not in order", offset: offset)
          }
        } else if !leaf.separator.isEmpty {
          throw ArchiveError(.unsafeTree, "the directory does not begin at the beginning", offset: offset)
        }
        let (sum, overflow) = entries.addingReportingOverflow(leaf.entries)
        guard leaf.ordinal <= footer.depth, leaf.entries > 0, !overflow,
          leaf.ordinal < footer.depth || leaf.block < blocks,
          leaf.separator.count <= EntryPath.maximumLength
        else {
          throw .corrupt("the directory names an impossible leaf", at: offset)
        }
        entries = sum
        leaves.append(leaf)
      }
      try reader.finish()
      offset = frame.header.end
    }
    guard offset == end, entries == footer.entries else {
      throw .corrupt("the directory is not what the footer says", at: footer.offset)
    }
    return (leaves, digest.value)
  }
}

extension PayloadUnpacker {
  /// The raw bytes of a frame that is no data block.
  func unpack(_ frame: Frame) throws(ArchiveError) -> [UInt8] {
    var buffer = ByteBuffer()
    let body = frame.body
    try unsafe unpack(
      body.span.bytes, codec: frame.header.codec, rawLength: Int(frame.header.rawLength), offset: frame.bodyOffset,
      to: &buffer)
    return buffer.bytes.array
  }
}
