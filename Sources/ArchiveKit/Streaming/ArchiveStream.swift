// SPDX-License-Identifier: Apache-2.0

/// An archive that can only be read front to back: a pipe, a tape, a download.
public import SystemIO

/// Delivers the bytes of an archive, front to back.
public protocol ArchiveStream: AnyObject {
  /// Appends the next bytes.
  ///
  /// - Parameter room: has free capacity. May be filled partly.
  /// - Returns: how many bytes were appended; 0 at the end only.
  func read(into room: inout OutputRawSpan) throws(ArchiveError) -> Int
}

/// An archive that comes from an open file, a pipe for one.
public final class FileArchiveStream: ArchiveStream {
  private let file: FileHandle

  /// Reads a file from where its position is.
  public init(_ file: consuming FileHandle) { self.file = file }

  /// Appends the next bytes.
  public func read(into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    do throws(IOError) { return try file.read(into: &room) } catch { throw ArchiveError(error) }
  }
}
