// SPDX-License-Identifier: Apache-2.0

/// Writing a file so that blocks of zeros become holes.
internal import Glibc

/// Writes front to back into an empty regular file and leaves out blocks of zeros.
///
/// A block is 4 KiB at a multiple of 4 KiB. What is left out must read as zeros, so nothing may have been written after
/// the position at which the writer starts.
struct SparseWriter {
  static let blockSize = 4096

  /// The position after the last byte given, holes included.
  private(set) var position: Int64

  /// Starts at a position, which must be the end of the file.
  init(position: Int64 = 0) {
    self.position = position
  }

  /// Whether holes may be left: the file is regular, is not appended to, and ends at its position.
  static func isSuitable(_ file: borrowing FileHandle) throws(IOError) -> Bool {
    let status = try file.status()
    guard status.kind == .regular else { return false }
    if try file.isAppending() { return false }
    return try file.seek(to: 0, from: .current) == status.size
  }

  /// Writes `bytes` except for its blocks of zeros.
  mutating func write(_ bytes: RawSpan, to file: borrowing FileHandle) throws(IOError) {
    try unsafe bytes.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(IOError) in
      var dataStart = 0
      var index = 0
      while index < buffer.count {
        // Up to the next multiple of the block size of the file position.
        let inBlock = Int((position &+ Int64(index)) % Int64(SparseWriter.blockSize))
        let end = min(index + SparseWriter.blockSize - inBlock, buffer.count)
        // A part of a block that is all zeros is left out as well: in a fresh file it reads as zeros whatever becomes
        // of the rest of the block.
        if unsafe isZero(UnsafeRawBufferPointer(rebasing: buffer[index..<end])) {
          try unsafe flush(buffer, dataStart..<index, to: file)
          dataStart = end
        }
        index = end
      }
      try unsafe flush(buffer, dataStart..<buffer.count, to: file)
      position += Int64(buffer.count)
    }
  }

  /// Gives the file its full length, since a hole at the end was never written, and moves its position there.
  func finish(_ file: borrowing FileHandle) throws(IOError) {
    try file.truncate(to: position)
    try file.seek(to: position)
  }

  private func flush(
    _ buffer: UnsafeRawBufferPointer, _ range: Range<Int>, to file: borrowing FileHandle
  ) throws(IOError) {
    if range.isEmpty { return }
    try unsafe file.writeAll(UnsafeRawBufferPointer(rebasing: buffer[range]), at: position &+ Int64(range.lowerBound))
  }
}

/// Whether all bytes are zero. Most blocks are told apart by their first word; the rest costs one pass of the C
/// library's widest compare, of the buffer with itself moved by one.
func isZero(_ buffer: UnsafeRawBufferPointer) -> Bool {
  guard let base = buffer.baseAddress, buffer.count > 0 else { return true }
  if buffer.count < 16 { return unsafe buffer.allSatisfy { $0 == 0 } }
  if unsafe base.loadUnaligned(as: UInt64.self) != 0 { return false }
  return unsafe memcmp(base, base + 8, buffer.count - 8) == 0
}
