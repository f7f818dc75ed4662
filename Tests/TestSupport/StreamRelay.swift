// SPDX-License-Identifier: Apache-2.0

// Sends a generated stream of any length through a compressor into a decompressor and checks what comes out, storing
// nothing.

public import CodecKit

/// A stream that is generated, compressed, decompressed and compared on the fly.
public struct StreamRelay: Sendable {
  /// What came out was not what went in, or too little of it.
  public struct Mismatch: Error, CustomStringConvertible {
    /// About where.
    public let offset: UInt64
    /// The offset in words.
    public var description: String { "the content differs behind offset \(offset)" }
  }

  /// How many bytes go through.
  public let total: UInt64
  private let template: [UInt8]
  private let islands: [UInt64]
  private static let inputSize = 256 << 10
  private static let roomSize = 256 << 10
  private static let islandSize: UInt64 = 1 << 20

  /// Database-like pages that never repeat exactly: a template with a number of its own in each 4 KiB.
  public static func pages(total: UInt64) -> StreamRelay {
    StreamRelay(total: total, template: TestInputs.bytes(.pages, 64 << 10), islands: [])
  }

  /// Zeros, with islands of 1 MiB of text around some offsets: what a sparse file reads as.
  public static func sparse(total: UInt64, islands: [UInt64]) -> StreamRelay {
    StreamRelay(total: total, template: TestInputs.bytes(.text, 64 << 10), islands: islands)
  }

  /// Fills a buffer with the content from an offset on, which must be a multiple of 4096.
  fileprivate func fill(_ buffer: UnsafeMutableRawBufferPointer, offset: UInt64) {
    // The answer for a byte must not depend on the buffer that it is asked for with.
    var start = 0
    while start < buffer.count {
      let place = offset + UInt64(start)
      let count = min(buffer.count - start, Self.segment - Int(place % UInt64(Self.segment)))
      unsafe fillSegment(UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + count]), offset: place)
      start += count
    }
  }

  private static let segment = 64 << 10

  /// Fills a part of one segment.
  private func fillSegment(_ buffer: UnsafeMutableRawBufferPointer, offset: UInt64) {
    let segment = offset / UInt64(Self.segment) * UInt64(Self.segment)
    let reach = Self.islandSize / 2
    guard islands.isEmpty || islands.contains(where: { $0 < segment + reach && segment < $0 + reach }) else {
      unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
      return
    }
    unsafe Self.tile(buffer, offset: offset, template: template)
    for start in stride(from: 0, to: buffer.count - 7, by: 4096) {
      let word = (offset + UInt64(start)) &* 0x9E37_79B9_7F4A_7C15
      unsafe buffer.storeBytes(of: word, toByteOffset: start, as: UInt64.self)
    }
  }

  private static func tile(_ buffer: UnsafeMutableRawBufferPointer, offset: UInt64, template: [UInt8]) {
    var from = Int(offset % UInt64(template.count))
    var to = 0
    unsafe template.withUnsafeBytes { source in
      while to < buffer.count {
        let count = min(buffer.count - to, source.count - from)
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[to..<to + count])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from..<from + count]))
        to += count
        from = 0
      }
    }
  }

  /// Runs everything.
  ///
  /// - Parameters:
  ///   - codec: the codec.
  ///   - options: for compressing.
  ///   - progress: is called now and then.
  /// - Returns: the size of the compressed stream.
  /// - Throws: ``CodecError``, or ``Mismatch``.
  public func run(
    _ codec: some Codec, _ options: CompressionOptions, progress: () -> Void = {}
  ) throws -> UInt64 {
    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.inputSize, alignment: 64)
    let middle = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.roomSize, alignment: 64)
    defer {
      unsafe input.deallocate()
      unsafe middle.deallocate()
    }
    var compressor = try Compressor(codec, options)
    var reader = try RelayReader(
      Decompressor(
        codec,
        .init {
          $0.limits.maximumOutputSize = nil
          $0.limits.maximumRatio = nil
        }), self, roomSize: Self.roomSize)
    var position: UInt64 = 0
    while true {
      let count = Int(min(UInt64(Self.inputSize), total - position))
      let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: input[..<count])
      unsafe fill(piece, offset: position)
      position += UInt64(count)
      let flush: Flush = position == total ? .finish : .none
      var used = 0
      while true {
        var room = unsafe OutputRawSpan(buffer: middle, initializedCount: 0)
        let rest = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(piece)).extracting(used..<count)
        let step = try compressor.step(rest, into: &room, flush: flush)
        used += step.consumed
        try reader.take(room.bytes, flush: step.state == .finished ? .finish : .none)
        if step.state == .finished {
          guard reader.position == total else { throw Mismatch(offset: reader.position) }
          return compressor.totalOut
        }
        if step.state == .needsInput { break }
      }
      progress()
    }
  }
}

/// Decompresses and compares.
@safe
private struct RelayReader: ~Copyable {
  private(set) var position: UInt64 = 0
  private var stream: Decompressor
  private let relay: StreamRelay
  private let room: UnsafeMutableRawBufferPointer
  private let expected: UnsafeMutableRawBufferPointer

  init(_ stream: consuming Decompressor, _ relay: StreamRelay, roomSize: Int) {
    self.stream = stream
    self.relay = relay
    unsafe room = .allocate(byteCount: roomSize, alignment: 64)
    unsafe expected = .allocate(byteCount: roomSize + 4096, alignment: 64)
  }

  deinit {
    unsafe room.deallocate()
    unsafe expected.deallocate()
  }

  mutating func take(_ packed: RawSpan, flush: Flush) throws {
    var used = 0
    while true {
      var output = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
      let rest = packed.extracting(used..<packed.byteCount)
      let step = try stream.step(rest, into: &output, flush: flush)
      used += step.consumed
      let count = output.byteCount
      try compare(count)
      position += UInt64(count)
      if step.state != .needsOutput { return }
    }
  }

  private mutating func compare(_ count: Int) throws {
    // The content is made page by page.
    let skipped = Int(position % 4096)
    let length = skipped + count + (4096 - (skipped + count) % 4096) % 4096
    let page = unsafe UnsafeMutableRawBufferPointer(rebasing: expected[..<length])
    unsafe relay.fill(page, offset: position - UInt64(skipped))
    let isEqual = unsafe TestInputs.equal(
      UnsafeRawBufferPointer(rebasing: page[skipped..<skipped + count]),
      UnsafeRawBufferPointer(rebasing: room[..<count]))
    guard isEqual else { throw StreamRelay.Mismatch(offset: position) }
  }
}
