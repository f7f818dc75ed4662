// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

// Decoding blocks: into the caller's output where that has room, with the history that linked blocks refer to.

extension LZ4FrameDecoder {
  /// Whether a block can be decoded into so much room.
  ///
  /// A block does not say how large it becomes. Where the room holds less than it may become, the frame's declared size
  /// and then experience decide whether to try.
  func fits(_ field: UInt32, in room: Int) -> Bool {
    let size = Int(field & ~LZ4Format.storedFlag)
    if field & LZ4Format.storedFlag != 0, stageHasStoredBlocks { return room >= size }
    if room >= largestContent(ofBlock: size) { return true }
    guard triesSmallRoom, room > 0 else { return false }
    if let declared = header.contentSize, declared >= contentCount { return UInt64(room) >= declared - contentCount }
    return room / 2 >= size
  }

  /// Legacy blocks have no flag for stored ones.
  private var stageHasStoredBlocks: Bool { header.blockSize != LZ4Format.legacyBlockSize }

  /// What a block of a size can become: a byte adds at most 255 to a length.
  private func largestContent(ofBlock size: Int) -> Int { min(header.blockSize, size * 255) }

  /// Reads a block of a frame: size field, data and checksum.
  func readBlock(_ unit: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    let field = unit.uint32(at: 0)
    let size = Int(field & ~LZ4Format.storedFlag)
    let block = unit.extracting(4..<4 + size)
    if header.hasBlockChecksums, XXH32.of(block) != unit.uint32(at: 4 + size) {
      throw CodecError(
        .checksumMismatch, inputOffset: position + UInt64(4 + size), reason: "a block's checksum does not match it")
    }
    if field & LZ4Format.storedFlag == 0 {
      try decode(block, into: &output)
    } else if output.freeCapacity >= size {
      _ = output.append(prefixOf: block)
      try acceptLast(size, of: &output)
    } else {
      commitTail(of: output)
      decoded.append(block)
      try acceptDecoded()
    }
  }

  /// Reads a block of a legacy frame: size field and data.
  func readLegacyBlock(_ unit: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    try decode(unit.dropping(4), into: &output)
  }

  private func decode(_ block: RawSpan, into output: inout OutputRawSpan) throws(CodecError) {
    let largest = largestContent(ofBlock: block.byteCount)
    if fits(UInt32(truncatingIfNeeded: block.byteCount), in: output.freeCapacity) {
      if !header.hasIndependentBlocks, tailCount > 0, tailCount < LZ4Format.historySize, !history.isEmpty {
        commitTail(of: output)
      }
      let capacity = min(largest, output.freeCapacity)
      let tail = header.hasIndependentBlocks ? 0 : min(tailCount, LZ4Format.historySize)
      var status = 0
      _ = unsafe try output.appendWritten { (room) throws(CodecError) in
        status = unsafe decompress(block, to: room.baseAddress, capacity: capacity, tail: tail)
        return max(0, status)
      }
      if status >= 0 {
        return try acceptLast(status, of: &output)
      }
      guard capacity < largest else { throw corrupt(status) }
      triesSmallRoom = false
    }
    commitTail(of: output)
    let status = decodeAside(block, largest: largest)
    guard status >= 0 else { throw corrupt(status) }
    try acceptDecoded()
  }

  /// Decodes a block into ``decoded``.
  private func decodeAside(_ block: RawSpan, largest: Int) -> Int {
    var target = decoded.take()
    target.reserve(largest)
    var status = 0
    var room = target.room()
    unsafe room.withUnsafeMutableBytes { (memory, initialized) in
      status = unsafe decompress(block, to: memory.baseAddress, capacity: largest, tail: 0)
      initialized = max(0, status)
    }
    target.didAppend(max(0, status))
    swap(&target, &decoded)
    return status
  }

  /// Decompresses with what lies before: `tail` bytes right before the room, or else history or dictionary.
  private func decompress(
    _ block: RawSpan, to room: UnsafeMutableRawPointer?, capacity: Int, tail: Int
  ) -> Int {
    // Taken, because a class cannot lend out its property's memory while its methods run.
    var past = history.take()
    defer { swap(&past, &history) }
    return unsafe block.withUnsafeBytes { (source) -> Int in
      let size = Int32(clamping: source.count)
      let capacity = Int32(clamping: capacity)
      if tail > 0, let room = unsafe room {
        return Int(
          unsafe ck_lz4_decompress(source.baseAddress, size, room, capacity, room - tail, Int32(clamping: tail)))
      }
      if !past.isEmpty {
        return unsafe past.bytes.withUnsafeBytes {
          Int(unsafe ck_lz4_decompress(source.baseAddress, size, room, capacity, $0.baseAddress, Int32($0.count)))
        }
      }
      return Int(unsafe ck_lz4_decompress(source.baseAddress, size, room, capacity, nil, 0))
    }
  }

  /// Checks and counts a block that lies at the end of the output, and takes it back when it must not be there.
  private func acceptLast(_ count: Int, of output: inout OutputRawSpan) throws(CodecError) {
    do throws(CodecError) {
      try accept(output.bytes.extracting(last: count), isInOutput: true)
    } catch {
      output.removeLast(count)
      throw error
    }
  }

  /// Checks and counts a block that lies in ``decoded``.
  private func acceptDecoded() throws(CodecError) {
    var block = decoded.take()
    defer { swap(&block, &decoded) }
    try accept(block.bytes, isInOutput: false)
  }

  /// Takes note of a block's content while it is still in the processor's cache.
  private func accept(_ content: RawSpan, isInOutput: Bool) throws(CodecError) {
    if header.hasContentChecksum { hash.update(content) }
    contentCount += UInt64(content.byteCount)
    if !header.hasIndependentBlocks {
      if isInOutput { tailCount += content.byteCount } else { remember(content) }
    }
    if let size = header.contentSize, contentCount > size {
      throw CodecError(
        .contentSizeMismatch, inputOffset: position, reason: "the frame declares \(size) bytes and holds more")
    }
  }

  private func corrupt(_ status: Int) -> CodecError {
    // liblz4 answers -1 - n when it stumbles at byte n.
    let offset = position + 4 + UInt64(max(0, -1 - status))
    return fault(
      .corrupt, at: offset, "a block does not decode: a match or a length in it is not possible",
      native: .init(number: status, name: "LZ4_decompress_safe"))
  }

  // What linked blocks refer to.

  /// Forgets the last frame: a new one begins with the dictionary, or with nothing.
  func beginHistory() {
    history.removeAll()
    tailCount = 0
    if let dictionary { history.append(dictionary.bytes) }
  }

  /// Puts the frame's bytes at the end of the output into the history, before the caller takes them away.
  func commitTail(of output: borrowing OutputRawSpan) {
    guard tailCount > 0 else { return }
    remember(output.bytes.extracting(last: tailCount))
    tailCount = 0
  }

  private func remember(_ content: RawSpan) {
    let kept = content.extracting(last: LZ4Format.historySize)
    // Four times the size: what is kept moves only once in three times its size.
    if history.capacity < 4 * LZ4Format.historySize { history.reserve(4 * LZ4Format.historySize - history.count) }
    history.removeFirst(max(0, history.count + kept.byteCount - LZ4Format.historySize))
    history.append(kept)
  }
}
