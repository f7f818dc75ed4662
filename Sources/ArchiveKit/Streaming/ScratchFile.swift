// SPDX-License-Identifier: Apache-2.0

/// A file without a name for what a stream delivers before it can be used.
internal import SystemIO

/// A temporary file that is created with its first byte. Its space is free when it goes away.
///
/// One thread uses it, although sources may be used by several.
final class ScratchFile: ArchiveSource, @unchecked Sendable {
  private let directory: Path
  private var file: FileHandle?
  private(set) var size: UInt64 = 0

  /// - Parameter directory: on the file system that shall hold it.
  init(in directory: Path) { self.directory = directory }

  /// Writes at the end.
  ///
  /// - Returns: where that was.
  func append(_ bytes: [UInt8]) throws(ArchiveError) -> UInt64 {
    let place = size
    try write(bytes, at: place)
    return place
  }

  func write(_ bytes: [UInt8], at offset: UInt64) throws(ArchiveError) {
    do throws(IOError) {
      if file == nil { file = try FileHandle.temporary(in: directory) }
      try file?.write(bytes, at: Int64(clamping: offset))
    } catch {
      throw ArchiveError(error)
    }
    size = max(size, offset + UInt64(bytes.count))
  }

  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    do throws(IOError) { return try file?.read(into: &room, at: Int64(clamping: offset)) ?? 0 } catch {
      throw ArchiveError(error)
    }
  }

  /// Exactly so many bytes.
  func record(at offset: UInt64, count: Int) throws(ArchiveError) -> [UInt8] {
    let bytes = try bytes(at: offset, count: count)
    guard bytes.count == count else { throw ArchiveError(IOError("read a temporary file", errno: .inputOutput)) }
    return bytes
  }

  /// Forgets everything and gives the space back.
  func removeAll() throws(ArchiveError) {
    size = 0
    do throws(IOError) { try file?.truncate(to: 0) } catch { throw ArchiveError(error) }
  }
}
