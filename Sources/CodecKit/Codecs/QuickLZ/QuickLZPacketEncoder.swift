// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Encodes the packets of one stream, one after the other. The result depends on the content and the settings alone.
@safe
final class QuickLZPacketEncoder {
  let level: Int
  /// How many bytes of content packets may refer back to; 0 for independent packets.
  let streamingBuffer: Int

  private var tables: QuickLZSearchTables
  /// The content that packets may refer to.
  private var history = ByteBuffer()
  /// Whether the tables hold nothing.
  private var isClear = true

  /// Makes an encoder.
  init(level: Int, streamingBuffer: Int = 0) {
    self.level = level
    self.streamingBuffer = streamingBuffer
    tables = QuickLZSearchTables()
  }

  /// The most content of a packet.
  static let largestContent = Int(UInt32.max) - 400

  /// The most bytes that a packet may need while it is made; in the end it is at most 9 bytes longer than its content,
  /// and not shorter than 9 in all.
  static func bound(_ count: Int) -> Int { QuickLZHeader.longSize + QuickLZItemWriter.bound(count) }

  /// Ready for another stream.
  func reset() {
    history.removeAll()
    clear()
  }

  /// Appends a packet.
  ///
  /// - Parameters:
  ///   - content: 1 byte to ``largestContent``.
  ///   - output: has room for ``bound(_:)``.
  /// - Returns: the size of the packet.
  func encode(_ content: RawSpan, into output: inout OutputRawSpan) throws(CodecError) -> Int {
    let count = content.byteCount
    precondition(output.freeCapacity >= Self.bound(count), "there is no room for a packet")
    return unsafe try output.appendWritten { (room) throws(CodecError) in
      guard let to = room.baseAddress else { return 0 }
      if streamingBuffer > 0, count <= streamingBuffer - history.count {
        return unsafe encodeWithHistory(content, to)
      }
      history.removeAll()
      clear()
      let size = unsafe content.withUnsafeBytes { bytes -> Int in
        guard let base = bytes.baseAddress else { return 0 }
        return unsafe encode(base, start: 0, count, reach: count, to)
      }
      if streamingBuffer > 0 { clear() }
      return size
    }
  }

  private func clear() {
    if !isClear { tables.clear() }
    isClear = true
  }

  private func encodeWithHistory(_ content: RawSpan, _ to: UnsafeMutableRawPointer) -> Int {
    var known = history.take()
    defer { swap(&known, &history) }
    let start = known.count
    known.reserve(streamingBuffer - start)
    known.append(content)
    return unsafe known.bytes.withUnsafeBytes { bytes -> Int in
      guard let base = bytes.baseAddress else { return 0 }
      return unsafe encode(base, start: start, content.byteCount, reach: streamingBuffer, to)
    }
  }

  /// Writes a packet for the content from a position on.
  private func encode(
    _ base: UnsafeRawPointer, start: Int, _ count: Int, reach: Int, _ to: UnsafeMutableRawPointer
  ) -> Int {
    let headerSize = QuickLZHeader.size(ofContent: count)
    isClear = false
    let search = unsafe QuickLZSearch(base, start: start, end: start + count, to, headerSize: headerSize)
    var size =
      switch level {
      case 1:
        reach < 1 << 19
          ? unsafe search.encodeLevel1(tables.narrow(QuickLZTable.level1Entries))
          : unsafe search.encodeLevel1(tables.wide(QuickLZTable.level1Entries))
      case 2:
        reach < 1 << 18
          ? unsafe search.encodeLevel2(tables.narrow(QuickLZTable.level2Buckets * 4), tables.counters())
          : unsafe search.encodeLevel2(tables.wide(QuickLZTable.level2Buckets * 4), tables.counters())
      default:
        reach <= QuickLZTable.narrowLimit
          ? unsafe search.encodeLevel3(tables.heads(UInt16.self), tables.links(UInt16.self, reach))
          : unsafe search.encodeLevel3(tables.heads(UInt32.self), tables.links(UInt32.self, reach))
      }
    // A stored packet must not be shorter than the 9 bytes that readers fetch.
    var isCompressed = true
    if let payload = size, payload < count || headerSize + count < QuickLZHeader.longSize {
      size = max(payload, QuickLZHeader.smallestPayload)
      for index in payload..<max(payload, QuickLZHeader.smallestPayload) {
        unsafe to.storeBytes(of: 0, toByteOffset: headerSize + index, as: UInt8.self)
      }
    } else {
      isCompressed = false
      unsafe (to + headerSize).copyMemory(from: base + start, byteCount: count)
      if level < 3 { clear() }
    }
    let header = QuickLZHeader(
      isCompressed: isCompressed, level: level, streamingBits: QuickLZHeader.streamingBits(ofBuffer: streamingBuffer),
      payloadSize: isCompressed ? size ?? count : count, contentSize: count)
    unsafe to.storeBytes(of: header.flags, as: UInt8.self)
    if headerSize == QuickLZHeader.longSize {
      unsafe QuickLZBytes.store32(UInt32(truncatingIfNeeded: header.packetSize), to, 1)
      unsafe QuickLZBytes.store32(UInt32(truncatingIfNeeded: count), to, 5)
    } else {
      unsafe to.storeBytes(of: UInt8(truncatingIfNeeded: header.packetSize), toByteOffset: 1, as: UInt8.self)
      unsafe to.storeBytes(of: UInt8(truncatingIfNeeded: count), toByteOffset: 2, as: UInt8.self)
    }
    return header.packetSize
  }
}

/// What encoders remember of the content, by level. Memory is had at the first use and kept.
@safe
struct QuickLZSearchTables: ~Copyable {
  private var memory = ByteBuffer()
  private var used = 0
  private var linkMemory = ByteBuffer()

  init() {}

  /// Forgets everything; the links need not be, because nothing leads to them.
  mutating func clear() {
    unsafe start(used).initializeMemory(as: UInt8.self, repeating: 0, count: used)
  }

  private mutating func start(_ size: Int) -> UnsafeMutableRawPointer {
    let isFresh = used != size
    memory.reserve(size)
    used = size
    var room = memory.room()
    let start = unsafe room.withUnsafeMutableBytes { memory, _ in unsafe memory.baseAddress.unsafelyUnwrapped }
    if isFresh { unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: size) }
    return unsafe start
  }

  /// Entries of 32 bits, for positions that leave room for a tag.
  mutating func narrow(_ count: Int) -> UnsafeMutablePointer<UInt32> {
    unsafe start(8 * count + Self.counterRoom).assumingMemoryBound(to: UInt32.self)
  }

  /// Entries of 64 bits.
  mutating func wide(_ count: Int) -> UnsafeMutablePointer<UInt64> {
    unsafe start(8 * count + Self.counterRoom).assumingMemoryBound(to: UInt64.self)
  }

  private static let counterRoom = QuickLZTable.level2Buckets

  /// The counters of level 2, behind the entries.
  mutating func counters() -> UnsafeMutablePointer<UInt8> {
    unsafe (start(used) + (used - Self.counterRoom)).assumingMemoryBound(to: UInt8.self)
  }

  /// Level 3: the last position for each hash, plus one.
  mutating func heads<Link: BitwiseCopyable>(_ type: Link.Type) -> UnsafeMutablePointer<Link> {
    unsafe start(4 << QuickLZSearch.headBits).assumingMemoryBound(to: type)
  }

  /// Level 3: for each position of the window the one before it with the same hash, plus one.
  mutating func links<Link: BitwiseCopyable>(_ type: Link.Type, _ reach: Int) -> UnsafeMutablePointer<Link> {
    linkMemory.reserve(MemoryLayout<Link>.size * min(reach, QuickLZSearch.window))
    var room = linkMemory.room()
    return unsafe room.withUnsafeMutableBytes { memory, _ in
      unsafe memory.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: type)
    }
  }
}
