// SPDX-License-Identifier: Apache-2.0

/// Where an archive is read from.
internal import CodecKit
public import SystemIO

/// An archive that can be read anywhere. Several threads read at the same time.
public protocol ArchiveSource: Sendable {
  /// How many bytes there are.
  var size: UInt64 { get }

  /// Appends bytes from a position.
  ///
  /// - Parameters:
  ///   - offset: the position of the first byte.
  ///   - room: has free capacity. May be filled partly.
  /// - Returns: how many bytes were appended; 0 at or after the end only.
  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(ArchiveError) -> Int
}

/// An archive in memory.
public struct MemoryArchiveSource: ArchiveSource {
  private let bytes: [UInt8]

  /// Reads an array.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// How many bytes there are.
  public var size: UInt64 { UInt64(bytes.count) }

  /// Appends bytes from a position.
  public func read(at offset: UInt64, into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    guard offset < UInt64(bytes.count) else { return 0 }
    return unsafe room.append(prefixOf: bytes.span.bytes.dropping(Int(offset)))
  }
}

/// An archive in an open file.
public final class FileArchiveSource: ArchiveSource {
  private let file: FileHandle
  /// How many bytes there were when it was opened.
  public let size: UInt64

  /// Opens a regular file or a block device by its name.
  ///
  /// - Throws: what the system answered.
  public convenience init(_ path: Path) throws(ArchiveError) {
    let file: FileHandle
    do throws(IOError) { file = try FileHandle.open(path) } catch { throw ArchiveError(error) }
    try self.init(file)
  }

  /// Reads a regular file or a block device.
  ///
  /// - Throws: what the system answered, or `invalidOption` when the file cannot be read anywhere.
  public init(_ file: consuming FileHandle) throws(ArchiveError) {
    do throws(IOError) {
      size = UInt64(max(0, try file.seek(to: 0, from: .end)))
    } catch {
      throw ArchiveError(error)
    }
    self.file = file
  }

  /// Appends bytes from a position.
  public func read(at offset: UInt64, into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    do throws(IOError) {
      return try file.read(into: &room, at: Int64(clamping: offset))
    } catch {
      throw ArchiveError(error)
    }
  }
}

extension ArchiveSource {
  /// So many bytes from a position, or fewer at the end.
  func bytes(at offset: UInt64, count: Int) throws(ArchiveError) -> [UInt8] {
    let left = offset < size ? size - offset : 0
    let wanted = Int(min(UInt64(max(count, 0)), left))
    var failure: ArchiveError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { memory, initialized in
      do throws(ArchiveError) {
        while initialized < wanted {
          let rest = unsafe UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(memory)[initialized...])
          var room = unsafe OutputRawSpan(buffer: rest, initializedCount: 0)
          let count = try read(at: offset + UInt64(initialized), into: &room)
          _ = unsafe room.finalize(for: rest)
          if count == 0 { break }
          initialized += count
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
