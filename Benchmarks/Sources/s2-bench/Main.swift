// SPDX-License-Identifier: Apache-2.0

import CodecKit
import Foundation

/// Times S2 in memory: bare blocks and whole streams at every level, one JSON line for each, MB/s of CPU time.
///
/// The lines have the names that the peers' own programs use, so that `s2.py` can put them side by side.
@main
enum S2Bench {
  static func main() throws {
    var arguments = CommandLine.arguments.dropFirst()
    guard arguments.count >= 5, let blockSize = Int(arguments[2]), let runs = Int(arguments[4]) else {
      print("usage: s2-bench block|stream BLOCKSIZE LEVEL,… RUNS FILE…   levels: fast better best snappy")
      exit(2)
    }
    let isStream = arguments[1] == "stream"
    let levels = arguments[3].split(separator: ",").map(String.init)
    arguments = arguments.dropFirst(4)
    for path in arguments {
      let input = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      for level in levels {
        let name = URL(fileURLWithPath: path).lastPathComponent
        let measure = try isStream ? streams(input, level, blockSize, runs) : blocks(input, level, blockSize, runs)
        let line: [String: Any] = [
          "file": name, "level": level, "mode": isStream ? "stream" : "block", "blocksize": blockSize,
          "out": measure.size, "enc_cpu_mbps": measure.compress, "dec_cpu_mbps": measure.restore,
        ]
        print(String(decoding: try JSONSerialization.data(withJSONObject: line, options: .sortedKeys), as: UTF8.self))
      }
    }
  }

  private struct Measure {
    var size: Int
    var compress: Double
    var restore: Double
  }

  private static func options(_ level: String, _ blockSize: Int?) -> CompressionOptions {
    CompressionOptions {
      $0.level = level == "best" ? .smallest : level == "better" ? .better : .fast
      $0.chunkSize = blockSize
    }
  }

  /// Each block alone, by one engine that is reused.
  private static func blocks(_ input: [UInt8], _ level: String, _ blockSize: Int, _ runs: Int) throws -> Measure {
    let codec = S2Raw(isSnappyCompatible: level == "snappy")
    let encoder = try codec.makeCompressionEngine(options(level, nil))
    let decoder = try codec.makeDecompressionEngine(.init())
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * blockSize + 1024, alignment: 64)
    defer { room.deallocate() }
    var packed: [[UInt8]] = []
    for start in stride(from: 0, to: input.count, by: blockSize) {
      let size = try run(encoder, input.span.bytes.extracting(start..<min(input.count, start + blockSize)), room)
      packed.append(Array(room[..<size]))
    }
    for (number, block) in packed.enumerated() {
      let size = try run(decoder, block.span.bytes, room)
      precondition(room[..<size].elementsEqual(input[number * blockSize..<number * blockSize + size]))
    }
    let compress = try median(runs) {
      for start in stride(from: 0, to: input.count, by: blockSize) {
        _ = try run(encoder, input.span.bytes.extracting(start..<min(input.count, start + blockSize)), room)
      }
    }
    let restore = try median(runs) { for block in packed { _ = try run(decoder, block.span.bytes, room) } }
    return Measure(
      size: packed.reduce(0) { $0 + $1.count }, compress: Double(input.count) / 1e6 / compress,
      restore: Double(input.count) / 1e6 / restore)
  }

  private static func run(
    _ engine: any StreamEngine, _ input: RawSpan, _ room: UnsafeMutableRawBufferPointer
  ) throws -> Int {
    try engine.reset()
    var output = OutputRawSpan(buffer: room, initializedCount: 0)
    let step = try engine.step(input, into: &output, flush: .finish)
    precondition(step.state == .finished)
    return output.finalize(for: room)
  }

  /// The whole input as one stream, with checksums, into one buffer that is reused.
  private static func streams(_ input: [UInt8], _ level: String, _ blockSize: Int, _ runs: Int) throws -> Measure {
    let codec = S2 { $0.isSnappyCompatible = level == "snappy" }
    let encoder = try codec.makeCompressionEngine(options(level, blockSize))
    let decoder = try codec.makeDecompressionEngine(.init())
    var packed: [UInt8] = []
    try drive(encoder, input) { packed.append(contentsOf: $0) }
    let compress = try median(runs) { try drive(encoder, input) { _ in } }
    let restore = try median(runs) {
      var total = 0
      try drive(decoder, packed) { total += $0.count }
      precondition(total == input.count)
    }
    return Measure(
      size: packed.count, compress: Double(input.count) / 1e6 / compress, restore: Double(input.count) / 1e6 / restore)
  }

  private static func drive(
    _ engine: any StreamEngine, _ input: [UInt8], _ take: (UnsafeRawBufferPointer) -> Void
  ) throws {
    try engine.reset()
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 20, alignment: 64)
    defer { memory.deallocate() }
    var used = 0
    while true {
      let room = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(memory.count, engine.preferredOutputSize)])
      var output = OutputRawSpan(buffer: room, initializedCount: 0)
      let step = try engine.step(input.span.bytes.extracting(droppingFirst: used), into: &output, flush: .finish)
      used += step.consumed
      take(UnsafeRawBufferPointer(rebasing: room[..<output.finalize(for: room)]))
      if step.state == .finished { return }
    }
  }

  /// The median of the seconds that some work takes, each time repeated for at least 150 ms.
  private static func median(_ runs: Int, _ work: () throws -> Void) rethrows -> Double {
    try work()
    var samples: [Double] = []
    for _ in 0..<max(1, runs) {
      let start = seconds()
      var times = 0.0
      repeat {
        try work()
        times += 1
      } while seconds() - start < 0.15
      samples.append((seconds() - start) / times)
    }
    return samples.sorted()[samples.count / 2]
  }

  /// CPU time of this process.
  private static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
