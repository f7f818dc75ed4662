// SPDX-License-Identifier: Apache-2.0

/// Compares an archive with a folder.
internal import CodecKit
public import SystemIO

/// Finds what an archive and a folder do not have in common.
///
/// ```swift
/// try FolderComparison(archive).read("/srv").forEachDifference { (difference) throws(ArchiveError) in … }
/// ```
///
/// The folder is read as if it were to be archived upon the archive, so that of what has not changed since nothing is
/// read, and of the archive's data nothing ever.
public struct FolderComparison {
  private let archive: ArchiveReader
  private let options: TreeArchiverOptions
  private let aspects: ArchiveDifference.Aspects
  private let threads: Int

  /// Prepares a comparison.
  ///
  /// - Parameters:
  ///   - archive: the archive.
  ///   - options: how the folder is read: what is left out of it, and who is told.
  ///   - aspects: what is compared. Default: everything.
  ///   - threads: how many threads hash; 0 is one for each core.
  public init(
    _ archive: ArchiveReader, _ options: TreeArchiverOptions = .init(), _ aspects: ArchiveDifference.Aspects = .all,
    threads: Int = 1
  ) {
    self.archive = archive
    self.options = options
    self.aspects = aspects
    self.threads = threads
  }

  /// Reads the folder.
  ///
  /// - Parameter folder: what the archive would be extracted into. Only what is below the archive's topmost names counts,
  ///   or everything when the archive has an entry for the folder itself.
  /// - Returns: the comparison of both.
  /// - Throws: what reading the folder or the archive's tree throws.
  public func read(_ folder: Path) throws(ArchiveError) -> ArchiveComparison {
    let index = MemoryArchiveOutput()
    let writer = try ArchiveWriter(
      to: DiscardingOutput(), index: index,
      .init {
        $0.codec = Store()
        $0.parent = archive
        $0.threads = threads
        $0.cutSizes = archive.summary.superblock.cutSizes
      })
    _ = try TreeArchiver(to: writer, options).archive(try roots(), from: folder)
    _ = try writer.finish()
    let tree = try ArchiveReader(MemoryArchiveSource(index.bytes), ancestors: KnownParent(archive: archive))
    return ArchiveComparison(archive, tree, aspects, folder: folder)
  }

  /// The topmost names of the archive.
  private func roots() throws(ArchiveError) -> [Path] {
    var roots: [Path] = []
    var cursor = archive.entries()
    while let entry = try cursor.next() {
      if entry.path.isEmpty { return ["."] }
      let name = Array(entry.path.prefix { $0 != EntryPath.slash })
      if roots.last?.bytes != name { roots.append(Path(name)) }
    }
    return roots
  }
}

/// Finds an archive that is open, and its ancestors where it finds them itself.
private struct KnownParent: AncestorFinder {
  let archive: ArchiveReader

  func find(
    _ ancestor: Ancestor, accept: (any ArchiveSource, String) throws(ArchiveError) -> Bool
  ) throws(ArchiveError) {
    if ancestor.ordinal == archive.own.depth, try accept(archive.own.frames.source, "the archive") { return }
    try archive.store.finder?.find(ancestor, accept: accept)
  }
}

/// An output that forgets.
private final class DiscardingOutput: ArchiveOutput {
  func write(_ bytes: RawSpan) throws(ArchiveError) {}
}
