// SPDX-License-Identifier: Apache-2.0

import CPeers
import CodecKit
import Foundation

/// Times each codec inside this process, through a pump as a program would use it, beside the C library called directly
/// on the same bytes in turn. The ratio of medians is what the wrapping costs: framing, checksums, streams.
@main
enum CodecBench {
  struct Case {
    let spec: String
    let compress: peer_call
    let restore: peer_call
    let about: String
  }

  static let cases = [
    Case(
      spec: "snappy", compress: peer_snappy_compress, restore: peer_snappy_restore,
      about: "raw library on 64 KiB pieces, no checksum"),
    Case(
      spec: "zstd:level=3", compress: peer_zstd_compress, restore: peer_zstd_restore,
      about: "one-shot calls on 4 MiB, with checksum"),
    Case(
      spec: "lz4:level=1", compress: peer_lz4_compress, restore: peer_lz4_restore,
      about: "block calls on 4 MiB, no checksum"),
    Case(
      spec: "gzip:level=6", compress: peer_deflate_compress, restore: peer_deflate_restore,
      about: "one-shot libdeflate on 4 MiB"),
  ]

  static func main() throws {
    guard CommandLine.arguments.count >= 2 else {
      print("usage: codec-bench FILE [RUNS]")
      exit(2)
    }
    let input = [UInt8](try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1])))
    let runs = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 5 : 5
    print("\(input.count) bytes, medians of \(runs) alternating runs, MB/s of CPU time")
    for item in cases { try run(item, input, runs) }
  }

  private static func run(_ item: Case, _ input: [UInt8], _ runs: Int) throws {
    let codec = try CodecRegistry.builtin.codec(item.spec)
    var packed = Memory()
    try compress(codec, input, into: &packed)
    var peerPacked = [UInt8](repeating: 0, count: input.count + input.count / 4 + (1 << 20))
    var peerPlain = [UInt8](repeating: 0, count: 16 << 20)
    let peerSize = item.compress(input, input.count, &peerPacked, peerPacked.count)
    guard peerSize > 0 else { fatalError("the peer of \(item.spec) failed") }
    var samples: [[Double]] = [[], [], [], []]
    for _ in 0..<runs {
      samples[0].append(try seconds { try compress(codec, input, into: &packed) })
      samples[1].append(seconds { _ = item.compress(input, input.count, &peerPacked, peerPacked.count) })
      samples[2].append(try seconds { try restore(codec, packed.bytes, expected: input.count) })
      samples[3].append(
        seconds { precondition(item.restore(peerPacked, peerSize, &peerPlain, peerPlain.count) == input.count) })
    }
    let speeds = samples.map { Double(input.count) / 1e6 / $0.sorted()[$0.count / 2] }
    print(
      String(
        format:
          "%@  compress %.0f, peer %.0f, ratio of speeds %.3f; restore %.0f, peer %.0f, ratio %.3f; size %.4f  (%@)",
        item.spec.padding(toLength: 13, withPad: " ", startingAt: 0), speeds[0], speeds[1], speeds[0] / speeds[1],
        speeds[2], speeds[3], speeds[2] / speeds[3], Double(packed.bytes.count) / Double(peerSize), item.about))
  }

  private static func seconds(_ work: () throws -> Void) rethrows -> Double {
    let start = peer_cpu_nanoseconds()
    try work()
    return Double(peer_cpu_nanoseconds() - start) / 1e9
  }

  private static func compress(_ codec: some Codec, _ input: [UInt8], into packed: inout Memory) throws {
    var pump = try StreamPump(compressing: codec)
    var source = ArraySource(bytes: input)
    packed.bytes.removeAll(keepingCapacity: true)
    try pump.run(from: &source, to: &packed)
  }

  private static func restore(_ codec: some Codec, _ packed: [UInt8], expected: Int) throws {
    var pump = try StreamPump(decompressing: codec)
    var source = ArraySource(bytes: packed)
    var sink = Counter()
    try pump.run(from: &source, to: &sink)
    precondition(sink.count == expected)
  }
}

/// Reads an array.
struct ArraySource: ByteSource {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func read(into room: inout OutputRawSpan) throws(CodecError) -> Int {
    let count = min(room.freeCapacity, bytes.count - position)
    let from = position
    bytes.withUnsafeBytes { memory in
      room.withUnsafeMutableBytes { target, initialized in
        guard count > 0 else { return }
        (target.baseAddress! + initialized).copyMemory(from: memory.baseAddress! + from, byteCount: count)
        initialized += count
      }
    }
    position += count
    return count
  }
}

/// Collects bytes.
struct Memory: ByteSink {
  var bytes: [UInt8] = []
  mutating func write(_ span: RawSpan) throws(CodecError) {
    span.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }
}

/// Counts bytes.
struct Counter: ByteSink {
  var count = 0
  mutating func write(_ span: RawSpan) throws(CodecError) { count += span.byteCount }
}
