// SPDX-License-Identifier: Apache-2.0

/// Decodes the packets of one stream, one after the other.
///
/// With a streaming buffer, packets refer to the content of earlier ones, and all must pass through here in order. After
/// an error nothing is taken until ``reset()``.
final class QuickLZPacketDecoder {
  /// How many bytes of content packets may refer back to; 0 when they are independent.
  let streamingBuffer: Int

  private let table = QuickLZTable()
  /// The content that packets may refer to; as large as the streaming buffer once it is needed.
  private var history = ByteBuffer()
  /// The level of the stream's packets; 0 before the first.
  private var streamLevel = 0
  private var hasFailed = false

  /// Makes a decoder.
  init(streamingBuffer: Int = 0) {
    self.streamingBuffer = streamingBuffer
  }

  /// Ready for another stream.
  func reset() {
    history.removeAll()
    table.clear()
    streamLevel = 0
    hasFailed = false
  }

  /// Checks that a packet belongs to this decoder's stream.
  func check(_ header: QuickLZHeader) throws(QuickLZFault) {
    guard header.streamingBits == QuickLZHeader.streamingBits(ofBuffer: streamingBuffer) else {
      throw streamingBuffer == 0 ? .streamingPacket : .streamMismatch
    }
    guard streamingBuffer == 0 || streamLevel == 0 || streamLevel == header.level else { throw .streamMismatch }
  }

  /// Decodes a packet.
  ///
  /// - Parameters:
  ///   - packet: the input from the packet's first byte on, to its end or beyond.
  ///   - header: its header.
  ///   - output: has room for the content, which is appended only when all of it is right.
  /// - Returns: what is wrong, and the offset in the packet of the item that is.
  func decode(
    _ packet: RawSpan, _ header: QuickLZHeader, into output: inout OutputRawSpan
  ) -> (fault: QuickLZFault, offset: Int)? {
    guard !hasFailed else { return (.streamMismatch, 0) }
    do throws(QuickLZFault) { try check(header) } catch { return failure(error, 0) }
    guard packet.byteCount >= header.packetSize else { return failure(.truncatedPacket, 0) }
    precondition(output.freeCapacity >= header.contentSize, "there is no room for the content")
    streamLevel = header.level
    let problem: (QuickLZFault, Int)?
    if streamingBuffer > 0, header.contentSize <= streamingBuffer - history.count {
      problem = decodeWithHistory(packet, header, into: &output)
    } else {
      history.removeAll()
      table.clear()
      problem = decodeAlone(packet, header, into: &output)
      if streamingBuffer > 0 { table.clear() }
    }
    return problem.flatMap { failure($0.0, $0.1) }
  }

  private func failure(_ fault: QuickLZFault, _ offset: Int) -> (fault: QuickLZFault, offset: Int) {
    hasFailed = streamingBuffer > 0
    return (fault, offset)
  }

  private func decodeAlone(
    _ packet: RawSpan, _ header: QuickLZHeader, into output: inout OutputRawSpan
  ) -> (QuickLZFault, Int)? {
    guard header.isCompressed else {
      _ = output.append(prefixOf: packet.extracting(header.headerSize..<header.packetSize))
      return nil
    }
    return unsafe output.withUnsafeMutableBytes { (memory, initialized) -> (QuickLZFault, Int)? in
      guard let room = memory.baseAddress else { return (.matchOverrun, 0) }
      let problem = unsafe decode(packet, header, base: room + initialized, start: 0)
      if problem == nil { initialized += header.contentSize }
      return problem
    }
  }

  private func decodeWithHistory(
    _ packet: RawSpan, _ header: QuickLZHeader, into output: inout OutputRawSpan
  ) -> (QuickLZFault, Int)? {
    var content = history.take()
    defer { swap(&content, &history) }
    let start = content.count
    // Never moved once it has this size, so position 0 stays where it is.
    content.reserve(streamingBuffer - start)
    if header.isCompressed {
      var room = content.room()
      let problem = unsafe room.withUnsafeMutableBytes { (memory, _) -> (QuickLZFault, Int)? in
        guard let behind = memory.baseAddress else { return (.matchOverrun, 0) }
        return unsafe decode(packet, header, base: behind - start, start: start)
      }
      if let problem { return problem }
      content.didAppend(header.contentSize)
    } else {
      content.append(packet.extracting(header.headerSize..<header.packetSize))
      table.clear()
    }
    _ = output.append(prefixOf: content.bytes.dropping(start))
    return nil
  }

  private func decode(
    _ packet: RawSpan, _ header: QuickLZHeader, base: UnsafeMutableRawPointer, start: Int
  ) -> (QuickLZFault, Int)? {
    table.prepare(level: header.level, reach: max(start + header.contentSize, streamingBuffer))
    return unsafe packet.withUnsafeBytes { bytes -> (QuickLZFault, Int)? in
      guard let source = bytes.baseAddress else { return (.truncatedPacket, 0) }
      var cursor = unsafe QuickLZCursor(source, header, base: base, start: start)
      if let fault = cursor.decode(level: header.level, table) {
        return (fault, cursor.ip)
      }
      // Padding brings a payload up to its smallest size; nothing else may follow.
      let payload = header.packetSize - header.headerSize
      guard cursor.ip == header.packetSize || payload <= QuickLZHeader.smallestPayload else {
        return (.trailingData, cursor.ip)
      }
      return nil
    }
  }
}
