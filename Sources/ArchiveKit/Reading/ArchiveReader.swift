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

  /// The archive itself, without its tree.
  let own: ChainMember
  let leaves: [LeafRecord]
  let directoryDigest: SHA256Digest
  /// The raw bytes of leaves that stand in no tree block: of a file that was not finished, or made of provisional ones.
  let loose: [Int: [UInt8]]
  /// What was found out about an archive without an end, or with a damaged one; `nil` for one that was read by its end.
  public let recovery: RecoveryFindings?

  /// The archives that this one is made upon.
  let store: AncestorStore

  var registry: CodecRegistry { own.registry }
  var frames: FrameReader { own.frames }
  var ids: Table<SHA256Digest> { own.ids }
  var blocks: Table<BlockRecord> { own.blocks }
  var index: Table<IndexRecord> { own.index }

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
    store = AncestorStore(try Self.ancestry(frames, superblock), finder, registry)
    (leaves, directoryDigest) = try own.directory()
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
  ///   - ancestors: where the archives are that it is made upon. Default: nowhere.
  ///   - registry: where codecs are found.
  /// - Throws: ``ArchiveError`` with `notAnArchive` when not one frame is found, or what reading throws.
  public init(
    recovering source: some ArchiveSource, ancestors finder: (any AncestorFinder)? = nil,
    registry: CodecRegistry = .builtin
  ) throws(ArchiveError) {
    let found = try ArchiveRecovery(source, finder, registry).run()
    own = ChainMember(recovered: found, FrameReader(source: source, tag: found.superblock.tag), registry)
    summary = own.summary
    store = found.store
    trailingBytes = 0
    leaves = found.leaves
    directoryDigest = .zero
    loose = found.loose
    recovery = found.findings
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
}
