// SPDX-License-Identifier: Apache-2.0

// Salvages arrays in memory, and damages them.

import CodecKit
import TestSupport
import Testing

/// A stream in memory that can be read anywhere.
final class MemorySource: RandomAccessSource {
  private let bytes: [UInt8]
  /// The most bytes that one call delivers.
  private let piece: Int
  /// The largest room that was offered.
  private(set) var largestRoom = 0

  init(_ bytes: [UInt8], piece: Int = .max) {
    self.bytes = bytes
    self.piece = piece
  }

  var size: UInt64 { UInt64(bytes.count) }

  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(Never) -> Int {
    largestRoom = max(largestRoom, room.freeCapacity)
    guard offset < size else { return 0 }
    let count = min(room.freeCapacity, bytes.count - Int(offset), piece)
    unsafe bytes.withUnsafeBytes { source in
      unsafe room.withUnsafeMutableBytes { memory, filled in
        let from = unsafe UnsafeRawBufferPointer(rebasing: source[Int(offset)..<Int(offset) + count])
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...]).copyMemory(from: from)
        filled += count
      }
    }
    return count
  }
}

/// Takes everything, up to a bound that must never be passed.
struct BoundedSink: ByteSink {
  var bytes: [UInt8] = []
  var bound = 64 << 20
  var isOverrun = false

  mutating func write(_ span: RawSpan) throws(Never) {
    guard bytes.count + span.byteCount <= bound else {
      isOverrun = true
      return
    }
    unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }
}

/// What salvaging brought.
struct Salvaged: CustomTestStringConvertible {
  var testDescription: String { text }

  var output: [UInt8] = []
  var losses: [SalvageLoss] = []
  var summary = SalvageSummary()
  var error: CodecError?
  var isOverrun = false

  init(
    _ codec: some Codec, _ stream: [UInt8], _ options: DecompressionOptions = .init(), piece: Int = .max,
    bound: Int = 64 << 20
  ) {
    var sink = BoundedSink()
    sink.bound = bound
    do throws(PumpError<Never, Never>) {
      var salvager: Salvager<MemorySource>
      do throws(CodecError) {
        salvager = try Salvager(codec, options, source: MemorySource(stream, piece: piece))
      } catch { throw .codec(error) }
      var losses: [SalvageLoss] = []
      defer { self.losses = losses }
      summary = try salvager.run(to: &sink) { losses.append($0) }
    } catch {
      switch error {
      case .codec(let fault): self.error = fault
      }
    }
    output = sink.bytes
    isOverrun = sink.isOverrun
  }

  /// Whether everything outside of the reported losses is what it was, at its offset; and what is lost is zeros.
  func isTrue(to content: [UInt8]) -> Bool {
    guard output.count == content.count else { return false }
    var reported: [Range<Int>] = []
    for loss in losses {
      guard let lost = loss.lost else { return false }
      let start = Int(loss.outputOffset)
      let middle = start + Int(loss.unverified)
      let end = middle + Int(lost)
      guard end <= output.count, Self.same(output, [UInt8](repeating: 0, count: end), middle..<end) else {
        return false
      }
      reported.append(start..<end)
    }
    var position = 0
    for range in reported + [content.count..<content.count] {
      guard position <= range.lowerBound || range.isEmpty else { return false }
      if position < range.lowerBound, !Self.same(output, content, position..<range.lowerBound) { return false }
      position = max(position, range.upperBound)
    }
    return true
  }

  private static func same(_ left: [UInt8], _ right: [UInt8], _ range: Range<Int>) -> Bool {
    unsafe left.withUnsafeBytes { left in
      unsafe right.withUnsafeBytes { right in
        unsafe TestInputs.equal(
          UnsafeRawBufferPointer(rebasing: left[range]), UnsafeRawBufferPointer(rebasing: right[range]))
      }
    }
  }

  /// In short.
  var text: String {
    "\(output.count) bytes, " + (error.map { "\($0), " } ?? "")
      + losses.map {
        "[\($0.input) at \($0.outputOffset): \($0.unverified) unverified, "
          + "lost \($0.lost.map { "\($0)" } ?? "?"): \($0.fault)]"
      }.joined(separator: " ")
  }
}

/// Damage.
extension [UInt8] {
  /// With one byte changed.
  func flipped(_ index: Int, _ mask: UInt8 = 0x55) -> [UInt8] {
    var copy = self
    copy[index] ^= mask
    return copy
  }

  /// With a range overwritten by noise.
  func noisy(_ start: Int, _ count: Int, seed: UInt64) -> [UInt8] {
    var copy = self
    var random = SplitMix(seed: seed)
    let start = Swift.max(0, start)
    let end = Swift.min(copy.count, start + count)
    copy.replaceSubrange(start..<end, with: random.bytes(end - start))
    return copy
  }

  /// With bytes left out.
  func without(_ start: Int, _ count: Int) -> [UInt8] {
    var copy = self
    copy.removeSubrange(start..<Swift.min(copy.count, start + count))
    return copy
  }

  /// With noise put in.
  func with(_ count: Int, at index: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix(seed: seed)
    var copy = self
    copy.insert(contentsOf: random.bytes(count), at: index)
    return copy
  }
}

/// Offsets and sizes of the pieces of a stream, from its inspector.
func pieces(_ codec: some Codec, _ stream: [UInt8]) throws -> [Range<Int>] {
  let inspector = try #require(try codec.makeInspector(.init()))
  var offset = 0
  while offset < stream.count {
    let rest = Array(stream[offset...])
    let step = try unsafe inspector.inspect(rest.span.bytes, isEnd: true)
    offset += step.used + Int(step.skip)
    if step.used == 0, step.skip == 0 { break }
  }
  _ = try unsafe inspector.inspect([UInt8]().span.bytes, isEnd: true)
  return inspector.report.frames.map { Int($0.offset)..<Int($0.offset + $0.packedSize) }
}
