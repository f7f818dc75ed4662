// SPDX-License-Identifier: Apache-2.0

/// Where an archive is written to.
public import SystemIO

/// Takes the bytes of an archive, front to back.
public protocol ArchiveOutput: AnyObject {
  /// Takes the next bytes.
  ///
  /// - Parameter bytes: all of them must be taken.
  func write(_ bytes: RawSpan) throws(ArchiveError)
}

/// An archive in memory.
public final class MemoryArchiveOutput: ArchiveOutput {
  /// What has been written.
  public private(set) var bytes: [UInt8] = []

  /// Starts with nothing.
  public init() {}

  /// Appends bytes.
  public func write(_ more: RawSpan) throws(ArchiveError) {
    unsafe more.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }
}

/// An archive that goes to an open file, a pipe for one.
public final class FileArchiveOutput: ArchiveOutput {
  private let file: FileHandle

  /// Writes to a file from where its position is.
  public init(_ file: consuming FileHandle) { self.file = file }

  /// Appends bytes.
  public func write(_ bytes: RawSpan) throws(ArchiveError) {
    do throws(IOError) { try file.write(bytes) } catch { throw ArchiveError(error) }
  }
}
