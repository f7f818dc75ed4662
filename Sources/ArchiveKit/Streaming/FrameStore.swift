// SPDX-License-Identifier: Apache-2.0

/// Frames that are kept for later, in memory as long as they are few.
internal import CodecKit
internal import SystemIO

/// Keeps frames as they are stored.
final class FrameStore {
  /// Marks the place of a frame in memory.
  private static let inMemory: UInt64 = 1 << 63

  private let memoryLimit: Int
  private let file: ScratchFile
  private var frames: [Frame] = []
  private var length = 0

  /// - Parameters:
  ///   - directory: on the file system that takes what does not fit.
  ///   - memoryLimit: the stored bytes that are held in memory.
  init(in directory: Path, memoryLimit: Int) {
    file = ScratchFile(in: directory)
    self.memoryLimit = memoryLimit
  }

  /// Keeps a frame.
  ///
  /// - Returns: what it is found by.
  func append(_ frame: Frame) throws(ArchiveError) -> UInt64 {
    let stored = FrameHeader.size + frame.body.count
    if length + stored <= memoryLimit {
      length += stored
      frames.append(frame)
      return UInt64(frames.count - 1) | Self.inMemory
    }
    let place = try file.append(frame.header.bytes)
    _ = try file.append(frame.body)
    return place
  }

  /// A frame that was kept. What comes from the file is checked again.
  func frame(at place: UInt64) throws(ArchiveError) -> Frame {
    if place & Self.inMemory != 0 { return frames[Int(place & ~Self.inMemory)] }
    let bytes = try file.record(at: place, count: FrameHeader.size)
    var reader = FieldReader(bytes, from: FrameHeader.offsetPosition)
    let offset: UInt64 = try reader.fixed()
    guard let header = try? FrameHeader(bytes, at: offset, tag: nil), let kind = FrameKind(rawValue: header.kind) else {
      throw Self.changed
    }
    let body = try file.record(at: place + UInt64(FrameHeader.size), count: Int(header.storedLength))
    guard XXH3.of(body) == header.bodyChecksum else { throw Self.changed }
    return Frame(header: header, kind: kind, body: body)
  }

  /// Forgets everything.
  func removeAll() throws(ArchiveError) {
    frames = []
    length = 0
    try file.removeAll()
  }

  private static var changed: ArchiveError {
    ArchiveError(IOError("read a temporary file as it was written", errno: .inputOutput))
  }
}
