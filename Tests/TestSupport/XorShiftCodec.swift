// SPDX-License-Identifier: Apache-2.0

// A codec that only the tests know, made of nothing but the library's public API: proof that a stranger can add one.

public import CodecKit

/// A toy format: bytes are masked with a key and runs are shortened, in blocks with lengths, with a checksum at the end.
///
///     stream = magic(4) flags(1) key(1) block* end
///     block  = kind(1: stored 1, runs 2) contentSize(u32) packedSize(u32) packed bytes
///     end    = 0(1) [CRC-32 of the content, when flags bit 0]
///
/// Streams may be joined. Levels: 0 stores, 1 shortens runs, 2 does so in larger blocks.
public struct XorShiftCodec: Codec {
  /// What the bytes are masked with.
  public var key: UInt8 = 0x2A

  /// The codec with its default key.
  public init() {}

  static let magic: [UInt8] = [0xD7, 0x58, 0x53, 0x31]
  static let largestBlock = 64 << 10

  /// `xorshift`.
  public var descriptor: CodecDescriptor {
    CodecDescriptor(
      id: "xorshift", summary: "a toy for tests", aliases: ["xs"], suffixes: [".xs", ".xorshift"],
      signatures: [.init(Self.magic)],
      levels: .init(0...2, fastest: 0, fast: 1, balanced: 1, better: 2, smallest: 2),
      capabilities: [.contentChecksum, .optionalChecksum, .concatenation, .signature],
      parameters: [.init("key", "a number from 0 to 255 that masks the bytes; default 42")])
  }

  /// Takes `key`.
  public func configured(_ parameters: inout CodecParameters) throws(CodecError) -> any Codec {
    var copy = self
    if let key = try parameters.takeInteger("key", in: 0...255) { copy.key = UInt8(key) }
    return copy
  }

  /// A compressor.
  public func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
    let level = try descriptor.levels.resolve(options.level, codec: descriptor.id)
    guard options.dictionary == nil else {
      throw CodecError(.invalidOption, codec: descriptor.id, reason: "xorshift does not use dictionaries")
    }
    let size = options.chunkSize ?? (level == 2 ? Self.largestBlock : 4096)
    guard (1...Self.largestBlock).contains(size) else {
      throw CodecError(.invalidOption, codec: descriptor.id, reason: "a chunk has 1 to \(Self.largestBlock) bytes")
    }
    return XorShiftCompressor(key: key, shortensRuns: level > 0, blockSize: size, checksum: options.checksum)
  }

  /// A decompressor.
  public func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
    guard options.dictionary == nil else {
      throw CodecError(.invalidOption, codec: descriptor.id, reason: "xorshift does not use dictionaries")
    }
    return XorShiftDecompressor(options)
  }
}

/// Bytes that wait to be delivered.
struct XorShiftQueue {
  var bytes: [UInt8] = []
  var sent = 0
  var isEmpty: Bool { sent == bytes.count }

  mutating func send(_ output: inout OutputRawSpan) {
    let count = min(bytes.count - sent, output.freeCapacity)
    guard count > 0 else { return }
    let from = sent
    unsafe bytes.withUnsafeBytes { source in
      unsafe output.withUnsafeMutableBytes { memory, filled in
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled..<filled + count])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from..<from + count]))
        filled += count
      }
    }
    sent += count
    if isEmpty {
      bytes.removeAll(keepingCapacity: true)
      sent = 0
    }
  }
}

extension [UInt8] {
  mutating func appendNumber(_ number: UInt32) {
    for shift in [0, 8, 16, 24] as [UInt32] { append(UInt8(truncatingIfNeeded: number &>> shift)) }
  }

  func number(at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(self[offset + $1]) &<< UInt32($1 * 8) }
  }

  mutating func append(_ span: RawSpan, _ range: Range<Int>) {
    unsafe span.extracting(range).withUnsafeBytes { unsafe append(contentsOf: $0) }
  }
}

private final class XorShiftCompressor: StreamEngine {
  private enum State { case open, ended, failed }

  private let key: UInt8
  private let shortensRuns: Bool
  private let blockSize: Int
  private let checksum: Bool
  private var queue = XorShiftQueue()
  private var block: [UInt8] = []
  private var crc = CRC32()
  private var hasBegun = false
  private var state = State.open

  init(key: UInt8, shortensRuns: Bool, blockSize: Int, checksum: Bool) {
    self.key = key
    self.shortensRuns = shortensRuns
    self.blockSize = blockSize
    self.checksum = checksum
  }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    let before = output.byteCount
    if state != .open, input.byteCount > 0 {
      state = .failed
      throw CodecError(.streamFinished, reason: "the stream has ended")
    }
    var used = 0
    while state == .open {
      queue.send(&output)
      guard queue.isEmpty else { break }
      let count = min(input.byteCount - used, blockSize - block.count)
      if count > 0 {
        block.append(input, used..<used + count)
        used += count
      }
      // A full block goes out when more follows, so that the cutting does not depend on how input arrives.
      if used < input.byteCount {
        writeBlock()
        continue
      }
      if flush == .none { break }
      writeBlock()
      if flush == .finish { end() }
      break
    }
    queue.send(&output)
    let produced = output.byteCount - before
    if !queue.isEmpty || used < input.byteCount {
      return StreamStep(consumed: used, produced: produced, state: .needsOutput)
    }
    return StreamStep(consumed: used, produced: produced, state: state == .ended ? .finished : .needsInput)
  }

  func reset() {
    queue = XorShiftQueue()
    block = []
    crc.reset()
    hasBegun = false
    state = .open
  }

  private func begin() {
    guard !hasBegun else { return }
    hasBegun = true
    queue.bytes += XorShiftCodec.magic + [checksum ? 1 : 0, key]
  }

  private func writeBlock() {
    begin()
    guard !block.isEmpty else { return }
    unsafe crc.update(block.span.bytes)
    let masked = block.map { $0 ^ key }
    let short = shortensRuns ? Self.shortened(masked) : masked
    let packed = short.count < masked.count ? short : masked
    queue.bytes.append(short.count < masked.count ? 2 : 1)
    queue.bytes.appendNumber(UInt32(block.count))
    queue.bytes.appendNumber(UInt32(packed.count))
    queue.bytes += packed
    block.removeAll(keepingCapacity: true)
  }

  private func end() {
    begin()
    queue.bytes.append(0)
    if checksum { queue.bytes.appendNumber(crc.value) }
    state = .ended
  }

  /// Pairs of count and byte.
  private static func shortened(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count, result.count < bytes.count {
      var count = 1
      while count < 255, index + count < bytes.count, bytes[index + count] == bytes[index] { count += 1 }
      result += [UInt8(count), bytes[index]]
      index += count
    }
    return index < bytes.count ? bytes : result
  }
}

private final class XorShiftDecompressor: StreamEngine {
  private enum State {
    case between, header, block
    case packed(kind: UInt8, size: Int)
    case checksum, trailing, ended, failed
  }

  private let options: DecompressionOptions
  private var state = State.between
  private var queue = XorShiftQueue()
  private var held: [UInt8] = []
  private var wanted = 4
  private var offset: UInt64 = 0
  private var streams = 0
  private var hasChecksum = false
  private var key: UInt8 = 0
  private var crc = CRC32()
  private(set) var notices: [StreamNotice] = []

  init(_ options: DecompressionOptions) { self.options = options }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    if case .failed = state { throw error(.streamFinished, "the stream has failed") }
    if case .ended = state, input.byteCount > 0 { throw error(.streamFinished, "the stream has ended") }
    let before = output.byteCount
    var used = 0
    do throws(CodecError) {
      let answer = try work(input, &used, &output, flush)
      offset += UInt64(used)
      return StreamStep(consumed: used, produced: output.byteCount - before, state: answer)
    } catch {
      state = .failed
      throw error
    }
  }

  func reset() {
    state = .between
    queue = XorShiftQueue()
    held = []
    wanted = 4
    offset = 0
    streams = 0
    notices = []
  }

  private func work(
    _ input: RawSpan, _ used: inout Int, _ output: inout OutputRawSpan, _ flush: Flush
  ) throws(CodecError) -> StreamStep.State {
    while true {
      queue.send(&output)
      guard queue.isEmpty else { return .needsOutput }
      if case .ended = state { return .finished }
      if case .trailing = state { used = input.byteCount }
      let count = min(input.byteCount - used, wanted - held.count)
      held.append(input, used..<used + count)
      used += count
      if case .between = state, !XorShiftCodec.magic.starts(with: held) {
        try meetStranger(input, &used)
        continue
      }
      if held.count == wanted {
        if case .trailing = state {
        } else {
          try take()
          continue
        }
      }
      guard flush == .finish else { return .needsInput }
      switch state {
      case .between where held.isEmpty && streams > 0, .trailing: state = .ended
      default: throw error(.truncated, "the stream ends in the middle", at: offset + UInt64(used))
      }
    }
  }

  private func meetStranger(_ input: RawSpan, _ used: inout Int) throws(CodecError) {
    let start = offset + UInt64(used) - UInt64(held.count)
    guard streams > 0 else { throw error(.corrupt, "the magic is missing", at: start) }
    switch options.trailingData {
    case .reject: throw error(.corrupt, "bytes follow the end", at: start)
    case .report: notices.append(StreamNotice(.trailingData, inputOffset: start, text: "bytes follow the end"))
    case .ignore: break
    }
    held = []
    used = input.byteCount
    state = .trailing
    wanted = 0
  }

  /// All bytes of a part are here.
  private func take() throws(CodecError) {
    let part = held
    held.removeAll(keepingCapacity: true)
    switch state {
    case .between:
      state = .header
      wanted = 2
    case .header:
      guard part[0] < 2 else { throw error(.unsupportedFeature, "reserved flags are set") }
      hasChecksum = part[0] == 1
      key = part[1]
      crc.reset()
      beginBlock()
    case .block where part.count == 1:
      switch part[0] {
      case 0:
        if hasChecksum {
          state = .checksum
          wanted = 4
        } else {
          endStream()
        }
      case 1, 2:
        held = part
        wanted = 9
      default: throw error(.corrupt, "there is no block kind \(part[0])")
      }
    case .block:
      let (content, packed) = (Int(part.number(at: 1)), Int(part.number(at: 5)))
      guard content > 0, content <= XorShiftCodec.largestBlock, packed <= content, packed > 0 else {
        throw error(.corrupt, "a block of \(content) bytes, packed \(packed)")
      }
      guard UInt64(content) <= options.limits.maximumWindowSize else {
        throw error(.limitExceeded, "a block of \(content) bytes is over the limit")
      }
      state = .packed(kind: part[0], size: content)
      wanted = packed
    case .packed(let kind, let size):
      let masked = kind == 2 ? try expanded(part, to: size) : part
      guard masked.count == size else { throw error(.corrupt, "a stored block has another size") }
      queue.bytes = masked.map { $0 ^ key }
      unsafe crc.update(queue.bytes.span.bytes)
      beginBlock()
    case .checksum:
      guard part.number(at: 0) == crc.value else { throw error(.checksumMismatch, "the checksum does not match") }
      endStream()
    case .trailing, .ended, .failed: break
    }
  }

  private func beginBlock() {
    state = .block
    wanted = 1
  }

  private func endStream() {
    streams += 1
    state = .between
    wanted = 4
  }

  private func expanded(_ pairs: [UInt8], to size: Int) throws(CodecError) -> [UInt8] {
    var result: [UInt8] = []
    for index in stride(from: 0, to: pairs.count - 1, by: 2) {
      guard pairs[index] > 0, result.count + Int(pairs[index]) <= size else { break }
      result += [UInt8](repeating: pairs[index + 1], count: Int(pairs[index]))
    }
    guard result.count == size, pairs.count % 2 == 0 else { throw error(.corrupt, "runs do not fill their block") }
    return result
  }

  private func error(_ code: CodecError.Code, _ reason: String, at place: UInt64? = nil) -> CodecError {
    CodecError(code, codec: "xorshift", inputOffset: place ?? offset, reason: reason)
  }
}
