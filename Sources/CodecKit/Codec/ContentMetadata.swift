// SPDX-License-Identifier: Apache-2.0

/// What some formats can say of the file that their content came from.
public struct ContentMetadata: Hashable, Sendable {
  /// The file's name without folders. Bytes, because file names need not be text.
  public var fileName: [UInt8]?
  /// When the file was changed, in seconds since 1970.
  public var modificationTime: Int64?

  /// Makes metadata.
  public init(fileName: [UInt8]? = nil, modificationTime: Int64? = nil) {
    self.fileName = fileName
    self.modificationTime = modificationTime
  }
}
