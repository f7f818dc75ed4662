// SPDX-License-Identifier: Apache-2.0

import CPeers
import CodecKit
import Foundation

/// Times QuickLZ packets of 64 KiB on one thread beside libsnappy on the same pieces, in turn. What the C reference does is
/// known as a fraction of libsnappy's speed on four files of the usual corpora; the last columns compare with that.
@main
enum QuickLZBench {
  /// The C reference: its speed as a fraction of libsnappy's, and its ratio, by level.
  struct Reference {
    let decode: [Double]
    let encode: [Double]
    let ratio: [Double]
  }

  static let references: [String: Reference] = [
    "dickens": .init(decode: [0.51, 0.53, 0.65], encode: [0.98, 0.43, 0.14], ratio: [1.672, 1.912, 1.894]),
    "nci.8M": .init(decode: [0.34, 0.37, 0.49], encode: [0.66, 0.35, 0.13], ratio: [4.956, 5.863, 6.407]),
    "osdb": .init(decode: [0.31, 0.28, 0.56], encode: [0.63, 0.27, 0.11], ratio: [1.695, 1.972, 1.985]),
    "xml": .init(decode: [0.38, 0.40, 0.49], encode: [0.84, 0.42, 0.145], ratio: [4.235, 5.013, 5.249]),
  ]

  static func main() throws {
    let isJSON = CommandLine.arguments.contains("--json")
    let files = CommandLine.arguments.dropFirst().filter { $0 != "--json" }
    guard !files.isEmpty else {
      print("usage: quicklz-bench [--json] FILE...   (dickens, nci.8M, osdb and xml are compared with the C reference)")
      exit(2)
    }
    if !isJSON {
      print(
        "file, level, ratio; MB/s and fraction of snappy: encode, decode | of the C reference: ratio, encode, decode")
    }
    for path in files {
      let url = URL(fileURLWithPath: path)
      try run(url.lastPathComponent, [UInt8](try Data(contentsOf: url)), isJSON)
    }
  }

  private static func run(_ name: String, _ input: [UInt8], _ isJSON: Bool) throws {
    for level in 1...3 {
      let options = CompressionOptions { $0.level = .native(level) }
      let packed = try QuickLZRaw().compress(input, options)
      var room = [UInt8](repeating: 0, count: input.count + input.count / 4 + (1 << 20))
      let snappySize = peer_snappy_compress(input, input.count, &room, room.count)
      let snappy = Array(room[..<snappySize])
      var samples: [[Double]] = [[], [], [], []]
      for _ in 0..<7 {
        samples[0].append(seconds { _ = peer_snappy_compress(input, input.count, &room, room.count) })
        samples[1].append(try seconds { try compress(input, options) })
        samples[2].append(seconds { _ = peer_snappy_restore(snappy, snappy.count, &room, room.count) })
        samples[3].append(try seconds { try restore(packed, expected: input.count) })
      }
      let medians = samples.map { $0.sorted()[$0.count / 2] }
      if isJSON {
        print(try line(name, level, Double(input.count) / Double(packed.count), medians))
      } else {
        report(name, level, input.count, packed.count, medians)
      }
    }
  }

  /// Ratio and speeds as multiples of those of the C reference; of a file for which they are not known, only its name.
  private static func line(_ name: String, _ level: Int, _ ratio: Double, _ times: [Double]) throws -> String {
    var object: [String: Any] = ["file": name, "level": level]
    if let reference = references[name] {
      object["ratio"] = ratio / reference.ratio[level - 1]
      object["encode"] = times[0] / times[1] / reference.encode[level - 1]
      object["decode"] = times[2] / times[3] / reference.decode[level - 1]
    }
    return String(decoding: try JSONSerialization.data(withJSONObject: object, options: .sortedKeys), as: UTF8.self)
  }

  private static func report(_ name: String, _ level: Int, _ count: Int, _ packed: Int, _ times: [Double]) {
    let ratio = Double(count) / Double(packed)
    let speeds = times.map { Double(count) / 1e6 / $0 }
    let encode = speeds[1] / speeds[0]
    let decode = speeds[3] / speeds[2]
    var line = String(
      format: "%@  %d  %.3f  %.0f  %.3f  %.0f  %.3f", name.padding(toLength: 10, withPad: " ", startingAt: 0), level,
      ratio,
      speeds[1], encode, speeds[3], decode)
    if let reference = references[name] {
      line += String(
        format: "  | %.3f  %.2f  %.2f", ratio / reference.ratio[level - 1], encode / reference.encode[level - 1],
        decode / reference.decode[level - 1])
    }
    print(line)
  }

  private static func seconds(_ work: () throws -> Void) rethrows -> Double {
    let start = peer_cpu_nanoseconds()
    try work()
    return Double(peer_cpu_nanoseconds() - start) / 1e9
  }

  /// Compresses into one reused buffer; drops the result.
  private static func compress(_ input: [UInt8], _ options: CompressionOptions) throws {
    var stream = try Compressor(QuickLZRaw(), options)
    try withRoom(stream.preferredOutputSize) { memory in
      var used = 0
      while true {
        var output = OutputRawSpan(buffer: memory, initializedCount: 0)
        let step = try stream.step(input.span.bytes.extracting(droppingFirst: used), into: &output, flush: .finish)
        used += step.consumed
        _ = output.finalize(for: memory)
        if step.state == .finished { return }
      }
    }
  }

  /// Restores into one reused buffer; drops the result.
  private static func restore(_ packed: [UInt8], expected: Int) throws {
    var stream = try Decompressor(QuickLZRaw())
    try withRoom(stream.preferredOutputSize) { memory in
      var used = 0
      var total = 0
      while true {
        var output = OutputRawSpan(buffer: memory, initializedCount: 0)
        let step = try stream.step(packed.span.bytes.extracting(droppingFirst: used), into: &output, flush: .finish)
        used += step.consumed
        total += output.finalize(for: memory)
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
