// SPDX-License-Identifier: Apache-2.0

/// Reads bare packets, back to back: from the caller's input when that holds a whole packet, into the caller's output when
/// that has room for its content.
final class QuickLZRawDecoder: PiecewiseEngine {
  private let streamingBuffer: Int?
  private let maximumWindowSize: UInt64
  private let trailingData: DecompressionOptions.TrailingData

  private var packets: QuickLZPacketDecoder?
  private var state = State.reading
  /// Where the next packet stands in the stream.
  private var position: UInt64 = 0
  /// The beginning of a packet that the input did not hold as a whole.
  private var held = ByteBuffer()
  /// Content that did not fit into the caller's output.
  private var decoded = ByteBuffer()
  private(set) var notices: [StreamNotice] = []
  var pausesAtBorders = false

  private enum State { case reading, trailing, ended, failed }

  init(streamingBuffer: Int?, limits: DecompressionLimits, trailingData: DecompressionOptions.TrailingData) {
    self.streamingBuffer = streamingBuffer
    maximumWindowSize = limits.maximumWindowSize
    self.trailingData = trailingData
  }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    let before = output.byteCount
    var used = 0
    do throws(CodecError) {
      let answer = try work(input, &used, into: &output, isEnd: flush == .finish)
      return StreamStep(consumed: used, produced: output.byteCount - before, state: answer)
    } catch {
      state = .failed
      throw error
    }
  }

  func reset() {
    // The next stream may have another buffer, unless it was given.
    if streamingBuffer != nil { packets?.reset() } else { packets = nil }
    state = .reading
    position = 0
    held.removeAll()
    decoded.removeAll()
    notices = []
  }

  /// Whether packets do not refer to each other, as far as is known.
  private var isIndependent: Bool { (packets?.streamingBuffer ?? streamingBuffer ?? 0) == 0 }

  var isAtBorder: Bool { state == .reading && isIndependent && held.isEmpty && decoded.isEmpty }

  func makeScanner(largestPiece: Int) -> any PieceScanner {
    QuickLZPacketScanner(largestPiece: isIndependent ? largestPiece : 0)
  }

  func makePieceUnpacker() throws(CodecError) -> any PieceUnpacker { QuickLZPacketUnpacker() }

  func accept(_ piece: RawSpan, content: RawSpan, digest: (any PieceDigest)?) {
    if packets == nil { packets = QuickLZPacketDecoder() }
    position += UInt64(piece.byteCount)
  }

  /// Begins at a packet in the middle of a stream of independent ones.
  func resume(at offset: UInt64) {
    reset()
    packets = packets ?? QuickLZPacketDecoder()
    position = offset
  }

  private func work(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan, isEnd: Bool
  ) throws(CodecError) -> StreamStep.State {
    var hasRead = false
    while true {
      if decoded.drain(into: &output) > 0 { hasRead = true }
      guard decoded.isEmpty else { return .needsOutput }
      if pausesAtBorders, used > 0, used < input.byteCount, isAtBorder { return .needsOutput }
      switch state {
      case .failed: throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
      case .ended:
        guard used == input.byteCount else {
          throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
        }
        return .finished
      case .trailing:
        held.removeAll()
        used = input.byteCount
        if isEnd { state = .ended }
        return isEnd ? .finished : .needsInput
      case .reading: break
      }
      if held.isEmpty {
        let front = input.dropping(used)
        if front.isEmpty {
          if isEnd { state = .ended }
          return isEnd ? .finished : .needsInput
        }
        guard let header = try header(front) else { continue }
        if let header = header.value, front.byteCount >= header.packetSize {
          if hasRead, header.contentSize > output.freeCapacity { return .needsOutput }
          try decode(front, header, into: &output)
          used += header.packetSize
          hasRead = true
          continue
        }
        if isEnd { throw cut(header.value) }
        // A caller that tops its input up saves a copy.
        if hasRead { return .needsOutput }
        held.append(front)
        used = input.byteCount
        return .needsInput
      }
      var bytes = held.take()
      defer { swap(&bytes, &held) }
      guard let header = try header(bytes.bytes) else { continue }
      let needed = header.value?.packetSize ?? header.needed
      if bytes.count < needed {
        guard used < input.byteCount else {
          if isEnd { throw cut(header.value) }
          return .needsInput
        }
        // No more than the packet needs, so that what follows it can be read in place.
        let taken = min(needed - bytes.count, input.byteCount - used)
        bytes.append(input.extracting(used..<used + taken))
        used += taken
      } else if let header = header.value {
        if hasRead, header.contentSize > output.freeCapacity { return .needsOutput }
        try decode(bytes.bytes, header, into: &output)
        bytes.removeAll()
        hasRead = true
      }
    }
  }

  /// The header of the packet at the front, or how many bytes it takes to have it; `nil` when what stands there is no
  /// packet and need not be one.
  private func header(_ front: RawSpan) throws(CodecError) -> (value: QuickLZHeader?, needed: Int)? {
    let first = front.byte(at: 0)
    // The first byte alone tells what cannot be a packet.
    guard first & 0xC0 == 0x40 else {
      guard position > 0 else { throw QuickLZFault.badHeader.error(at: position) }
      try meetTrailingData()
      return nil
    }
    let needed = QuickLZHeader.size(firstByte: first)
    guard front.byteCount >= needed else { return (nil, needed) }
    let header: QuickLZHeader
    do throws(QuickLZFault) {
      header = try QuickLZHeader(front)
      // More could not be of use, so a claim of it is not waited for.
      guard header.packetSize <= 2 * header.contentSize + 64 else { throw .trailingData }
    } catch {
      throw error.error(at: position)
    }
    guard UInt64(header.contentSize) <= maximumWindowSize else {
      throw CodecError(
        .limitExceeded, inputOffset: position,
        reason: "a packet holds \(header.contentSize) bytes; the limit is \(maximumWindowSize)",
        requiredLimit: UInt64(header.contentSize))
    }
    let packets = try decoder(for: header)
    do throws(QuickLZFault) { try packets.check(header) } catch { throw error.error(at: position) }
    return (header, needed)
  }

  /// The decoder of this stream, made for its first packet.
  private func decoder(for header: QuickLZHeader) throws(CodecError) -> QuickLZPacketDecoder {
    if let packets { return packets }
    let usual = [0, 100_000, 1_000_000]
    guard let buffer = streamingBuffer ?? (header.streamingBits < 3 ? usual[header.streamingBits] : nil) else {
      throw CodecError(
        .unsupportedFeature, inputOffset: position,
        reason: "the packets were written with a streaming buffer of unknown size: give it as in buffer=1048576")
    }
    let made = QuickLZPacketDecoder(streamingBuffer: buffer)
    packets = made
    return made
  }

  private func decode(
    _ packet: RawSpan, _ header: QuickLZHeader, into output: inout OutputRawSpan
  ) throws(CodecError) {
    let packets = try decoder(for: header)
    let problem: (fault: QuickLZFault, offset: Int)?
    if output.freeCapacity >= header.contentSize {
      problem = packets.decode(packet, header, into: &output)
    } else {
      var aside = decoded.take()
      defer { swap(&aside, &decoded) }
      aside.reserve(header.contentSize)
      var room = aside.room()
      problem = packets.decode(packet, header, into: &room)
      if problem == nil { aside.didAppend(header.contentSize) }
    }
    if let problem { throw problem.fault.error(at: position + UInt64(problem.offset)) }
    position += UInt64(header.packetSize)
  }

  private func cut(_ header: QuickLZHeader?) -> CodecError {
    (header == nil ? QuickLZFault.truncatedHeader : .truncatedPacket).error(at: position)
  }

  private func meetTrailingData() throws(CodecError) {
    let text = "what follows the last packet does not belong to it"
    switch trailingData {
    case .reject: throw CodecError(.corrupt, inputOffset: position, reason: text)
    case .report: notices.append(StreamNotice(.trailingData, inputOffset: position, text: text))
    case .ignore: break
    }
    state = .trailing
  }
}
