// SPDX-License-Identifier: Apache-2.0

/// How far an extraction is.

/// How far an extraction is.
public struct ExtractionProgress: Hashable, Sendable {
  /// Bytes of data blocks that have been read.
  public let bytesRead: UInt64
  /// Bytes of files that are complete.
  public let bytesWritten: UInt64
  /// Files that are complete.
  public let entries: UInt64
}
