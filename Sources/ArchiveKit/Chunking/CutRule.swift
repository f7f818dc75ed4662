// SPDX-License-Identifier: Apache-2.0

/// How the bytes of one file are cut into chunks. An archive keeps it with each file; readers need it for nothing.
public enum CutRule: Hashable, Sendable {
  /// The file is one chunk.
  case whole
  /// Chunks end where the content says, by ``ContentDefinedCutter``: an insertion moves no border but those near it.
  case contentDefined
  /// Chunks are pages of so many bytes, the last may be shorter: for files that change in place, as databases and disk
  /// images do, where chunk n of one version can be compared with chunk n of the next.
  case pages(size: Int)

  /// What a page size may be: a power of two in these bounds.
  public static let pageSizes = 512...(4 << 20)

  /// Whether pages may have a size.
  ///
  /// - Parameter size: how many bytes a page would have.
  /// - Returns: whether it is a power of two within ``pageSizes``.
  public static func isPageSize(_ size: Int) -> Bool {
    pageSizes.contains(size) && size & (size - 1) == 0
  }
}
