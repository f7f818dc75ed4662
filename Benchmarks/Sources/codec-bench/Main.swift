// SPDX-License-Identifier: Apache-2.0

import CPeers
import CodecKit
import Foundation

/// Times each codec inside this process, through its stream as a program would use it, beside the C library called directly
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
    var packed: [UInt8] = []
    try compress(codec, input, into: &packed, keeps: true)
    var nothing: [UInt8] = []
    var peerPacked = [UInt8](repeating: 0, count: input.count + input.count / 4 + (1 << 20))
    var peerPlain = [UInt8](repeating: 0, count: 16 << 20)
    let peerSize = item.compress(input, input.count, &peerPacked, peerPacked.count)
    guard peerSize > 0 else { fatalError("the peer of \(item.spec) failed") }
    var samples: [[Double]] = [[], [], [], []]
    for _ in 0..<runs {
      samples[0].append(try seconds { try compress(codec, input, into: &nothing, keeps: false) })
      samples[1].append(seconds { _ = item.compress(input, input.count, &peerPacked, peerPacked.count) })
      samples[2].append(try seconds { try restore(codec, packed, expected: input.count) })
      samples[3].append(
        seconds { precondition(item.restore(peerPacked, peerSize, &peerPlain, peerPlain.count) == input.count) })
    }
    let speeds = samples.map { Double(input.count) / 1e6 / $0.sorted()[$0.count / 2] }
    print(
      String(
        format:
          "%@  compress %.0f, peer %.0f, ratio of speeds %.3f; restore %.0f, peer %.0f, ratio %.3f; size %.4f  (%@)",
        item.spec.padding(toLength: 13, withPad: " ", startingAt: 0), speeds[0], speeds[1], speeds[0] / speeds[1],
        speeds[2], speeds[3], speeds[2] / speeds[3], Double(packed.count) / Double(peerSize), item.about))
  }

  private static func seconds(_ work: () throws -> Void) rethrows -> Double {
    let start = peer_cpu_nanoseconds()
    try work()
    return Double(peer_cpu_nanoseconds() - start) / 1e9
  }

  /// Compresses into one reused buffer of the codec's favourite size; keeps the result only when asked.
  private static func compress(_ codec: some Codec, _ input: [UInt8], into packed: inout [UInt8], keeps: Bool) throws {
    var stream = try Compressor(codec)
    let room = max(stream.preferredOutputSize, 1 << 16)
    packed.removeAll(keepingCapacity: true)
    try withRoom(room) { memory in
      var used = 0
      while true {
        var output = OutputRawSpan(buffer: memory, initializedCount: 0)
        let step = try stream.step(input.span.bytes.extracting(droppingFirst: used), into: &output, flush: .finish)
        used += step.consumed
        let count = output.finalize(for: memory)
        if keeps { packed.append(contentsOf: memory[..<count]) }
        if step.state == .finished { return }
      }
    }
  }

  /// Restores into one reused buffer of the codec's favourite size.
  private static func restore(_ codec: some Codec, _ packed: [UInt8], expected: Int) throws {
    var stream = try Decompressor(codec)
    try withRoom(max(stream.preferredOutputSize, 8 << 20)) { memory in
      var used = 0
      var total = 0
      while true {
        let room = UnsafeMutableRawBufferPointer(rebasing: memory[..<max(stream.preferredOutputSize, 1 << 16)])
        var output = OutputRawSpan(buffer: room, initializedCount: 0)
        let step = try stream.step(packed.span.bytes.extracting(droppingFirst: used), into: &output, flush: .finish)
        used += step.consumed
        total += output.finalize(for: room)
        if step.state == .finished { break }
      }
      precondition(total == expected)
    }
  }

  private static func withRoom(_ size: Int, _ work: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    defer { memory.deallocate() }
    try work(memory)
  }
}
