// SPDX-License-Identifier: Apache-2.0

/// Whether an archive is what it says.
internal import CodecKit

extension ArchiveReader {
  /// Throws unless directory and chunk ids are those that the contentRoot stands for.
  func checkContentRoot() throws(ArchiveError) {
    try own.checkContentRoot(directory: directoryDigest)
  }
}
