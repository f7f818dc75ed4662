// SPDX-License-Identifier: Apache-2.0

// Appending raw bytes and handing room to a C function.

extension OutputRawSpan {
  /// Appends as many bytes from the front of `source` as there is room for.
  ///
  /// - Returns: how many bytes were appended.
  package mutating func append(prefixOf source: RawSpan) -> Int {
    let count = Swift.min(source.byteCount, freeCapacity)
    guard count > 0 else { return 0 }
    unsafe source.withUnsafeBytes { from in
      unsafe withUnsafeMutableBytes { memory, initialized in
        guard let to = memory.baseAddress, let from = from.baseAddress else { return }
        unsafe (to + initialized).copyMemory(from: from, byteCount: count)
        initialized += count
      }
    }
    return count
  }

  /// Appends a little-endian number. There must be room.
  mutating func appendLittleEndian<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number) {
    unsafe append(number.littleEndian, as: Number.self)
  }

  /// Hands the free room to a function that writes to its start and tells how much it wrote.
  ///
  /// - Parameter body: gets the room; returns how many bytes of it are initialised now.
  /// - Returns: the same number.
  mutating func appendWritten(
    by body: (UnsafeMutableRawBufferPointer) throws(CodecError) -> Int
  ) throws(CodecError) -> Int {
    try unsafe withUnsafeMutableBytes { (memory, initialized) throws(CodecError) in
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[initialized...])
      let written = try unsafe body(room)
      precondition(written >= 0 && written <= room.count, "more was written than there was room for")
      initialized += written
      return written
    }
  }
}
