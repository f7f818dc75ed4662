// SPDX-License-Identifier: Apache-2.0

import CPeers
import CodecKit
import Foundation

/// Times each codec inside this process, through its stream as a program would use it, beside the C library called directly
/// on the same bytes in turn. The ratio of medians is what the wrapping costs: framing, checksums, streams.
@main
enum CodecBench {
  /// One line of definitions/libraries.json.
  struct Case: Decodable {
    let spec: String
    let peer: String
    let about: String
    let floor: Floor

    /// The least ratio of speeds; what is below is marked, and fails nothing: machines differ.
    struct Floor: Decodable {
      let compress: Double?
      let decompress: Double?
    }
  }

  struct Definitions: Decodable {
    let cases: [Case]
  }

  /// What was measured of one case, in MB/s of CPU time.
  struct Result: Encodable {
    let spec: String
    let about: String
    let compress: Double
    let peerCompress: Double
    let decompress: Double
    let peerDecompress: Double
    /// Our size by that of the peer.
    let size: Double
  }

  /// The C libraries, by the names that the definitions use.
  static let peers: [String: (compress: peer_call, restore: peer_call)] = [
    "snappy": (peer_snappy_compress, peer_snappy_restore), "zstd": (peer_zstd_compress, peer_zstd_restore),
    "lz4": (peer_lz4_compress, peer_lz4_restore), "deflate": (peer_deflate_compress, peer_deflate_restore),
  ]

  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let definitions = take("--definitions", &arguments) ?? "definitions/libraries.json"
    let isJSON = arguments.contains("--json")
    arguments.removeAll { $0 == "--json" }
    guard let file = arguments.first else {
      print("usage: codec-bench FILE [RUNS] [--definitions FILE] [--json]")
      exit(2)
    }
    let input = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
    let runs = arguments.count > 1 ? Int(arguments[1]) ?? 5 : 5
    let cases = try JSONDecoder().decode(
      Definitions.self, from: Data(contentsOf: URL(fileURLWithPath: definitions))
    ).cases
    if !isJSON { print("\(input.count) bytes, medians of \(runs) alternating runs, MB/s of CPU time") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for item in cases {
      let result = try run(item, input, runs)
      print(isJSON ? String(decoding: try encoder.encode(result), as: UTF8.self) : text(result, item))
    }
  }

  /// Takes an option and its value out of the arguments.
  private static func take(_ option: String, _ arguments: inout [String]) -> String? {
    guard let index = arguments.firstIndex(of: option), index + 1 < arguments.count else { return nil }
    defer { arguments.removeSubrange(index...(index + 1)) }
    return arguments[index + 1]
  }

  private static func run(_ item: Case, _ input: [UInt8], _ runs: Int) throws -> Result {
    guard let peer = peers[item.peer] else { fatalError("there is no peer \(item.peer)") }
    let codec = try CodecRegistry.builtin.codec(item.spec)
    var packed: [UInt8] = []
    try compress(codec, input, into: &packed, keeps: true)
    var nothing: [UInt8] = []
    var peerPacked = [UInt8](repeating: 0, count: input.count + input.count / 4 + (1 << 20))
    var peerPlain = [UInt8](repeating: 0, count: 16 << 20)
    let peerSize = peer.compress(input, input.count, &peerPacked, peerPacked.count)
    guard peerSize > 0 else { fatalError("the peer of \(item.spec) failed") }
    var samples: [[Double]] = [[], [], [], []]
    for _ in 0..<runs {
      samples[0].append(try seconds { try compress(codec, input, into: &nothing, keeps: false) })
      samples[1].append(seconds { _ = peer.compress(input, input.count, &peerPacked, peerPacked.count) })
      samples[2].append(try seconds { try restore(codec, packed, expected: input.count) })
      samples[3].append(
        seconds { precondition(peer.restore(peerPacked, peerSize, &peerPlain, peerPlain.count) == input.count) })
    }
    let speeds = samples.map { Double(input.count) / 1e6 / $0.sorted()[$0.count / 2] }
    return Result(
      spec: item.spec, about: item.about, compress: speeds[0], peerCompress: speeds[1], decompress: speeds[2],
      peerDecompress: speeds[3], size: Double(packed.count) / Double(peerSize))
  }

  private static func text(_ result: Result, _ item: Case) -> String {
    let ratios = (result.compress / result.peerCompress, result.decompress / result.peerDecompress)
    let marks = (mark(ratios.0, item.floor.compress), mark(ratios.1, item.floor.decompress))
    return String(
      format: "%@  compress %.0f, peer %.0f, ratio %.3f%@; decompress %.0f, peer %.0f, ratio %.3f%@; size %.4f  (%@)",
      item.spec.padding(toLength: 13, withPad: " ", startingAt: 0), result.compress, result.peerCompress, ratios.0,
      marks.0, result.decompress, result.peerDecompress, ratios.1, marks.1, result.size, item.about)
  }

  private static func mark(_ ratio: Double, _ floor: Double?) -> String {
    floor.map { ratio < $0 ? " (below \($0))" : "" } ?? ""
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
