// SPDX-License-Identifier: Apache-2.0

/// Sparse writing to a file that somebody else opened, such as standard output.

/// Writes to an open file, leaving out blocks of zeros where that is possible and writing everything where it is not.
///
/// Holes are made only in a regular file that is not appended to and ends at its position; a pipe, a terminal, a
/// device and an appended file get every byte.
public struct SparseOutput: ~Copyable {
  private let file: FileHandle
  private var sparse: SparseWriter?

  /// Takes over the file and finds out whether holes can be made.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - enabled: Whether holes are wanted at all. Default: `true`.
  /// - Throws: What the system answered.
  public init(_ file: consuming FileHandle, enabled: Bool = true) throws(IOError) {
    if enabled, try SparseWriter.isSuitable(file) {
      sparse = SparseWriter(position: try file.seek(to: 0, from: .current))
    }
    self.file = file
  }

  /// Whether blocks of zeros become holes.
  public var makesHoles: Bool { sparse != nil }

  /// Writes all of `bytes`.
  ///
  /// - Throws: What the system answered, such as `ENOSPC`.
  public mutating func write(_ bytes: RawSpan) throws(IOError) {
    if sparse != nil {
      try sparse?.write(bytes, to: file)
    } else {
      try file.write(bytes)
    }
  }

  /// Writes all of `bytes`.
  ///
  /// - Throws: What the system answered, such as `ENOSPC`.
  public mutating func write(_ bytes: [UInt8]) throws(IOError) {
    // Bytes have no padding, so their raw view holds nothing that was not written.
    try unsafe write(bytes.span.bytes)
  }

  /// Gives the file its full length, syncs it if asked, and closes it if it is owned.
  ///
  /// - Parameter sync: Whether to wait until the content is on the device. Default: `false`.
  /// - Throws: What the system answered.
  public consuming func finish(sync: Bool = false) throws(IOError) {
    try sparse?.finish(file)
    if sync { try file.sync() }
    try file.close()
  }
}
