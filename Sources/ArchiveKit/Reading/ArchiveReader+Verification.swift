// SPDX-License-Identifier: Apache-2.0

/// Whether an archive is what it says.
internal import CodecKit

extension ArchiveReader {
  /// Throws unless directory and chunk ids are those that the contentRoot stands for.
  func checkContentRoot() throws(ArchiveError) {
    var root = ContentRoot(parent: summary.superblock.parentRoot, chunks: ids.count)
    for frame in 0..<ids.frameCount { root.addIDs(digest: try ids.records(inFrame: frame).digest) }
    guard root.finish(directory: directoryDigest) == summary.footer.contentRoot else {
      throw ArchiveError(
        .checksumMismatch, "the content is not what the archive's root says", offset: summary.footer.offset)
    }
  }
}
