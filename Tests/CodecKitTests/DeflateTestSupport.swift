// SPDX-License-Identifier: Apache-2.0

// What the tests of the deflate family share: feeding engines in pieces, sample data, and running tools.

import CodecKit
import Foundation
import Testing

/// Feeds an engine in pieces and collects what it writes.
enum Feeding {
  /// How large the pieces are; each is a constant size.
  struct Pieces {
    var input: Int
    var output: Int
    static let whole = Pieces(input: .max, output: 4 << 20)
    static let bytes = Pieces(input: 1, output: 1)
  }

  /// What came out, and the error if there was one.
  struct Outcome {
    var bytes: [UInt8] = []
    var error: CodecError?
    var notices: [StreamNotice] = []
  }

  /// Runs a stream through an engine. `flushes` are offsets of the input after which a flush is asked for.
  static func run(
    _ engine: any StreamEngine, _ input: [UInt8], _ pieces: Pieces = .whole, flushes: [Int] = []
  ) -> Outcome {
    var outcome = Outcome()
    var room = [UInt8](repeating: 0, count: pieces.output)
    var used = 0
    var flushes = flushes
    var idle = 0
    while true {
      let border = flushes.first ?? input.count
      let end = pieces.input >= border - used ? border : used + pieces.input
      let flush: Flush = end < border ? .none : flushes.isEmpty ? .finish : .block
      let slice = Array(input[used..<end])
      do throws(CodecError) {
        let step = try withRoom(&room, &outcome.bytes) { (output) throws(CodecError) in
          try unsafe engine.step(slice.span.bytes, into: &output, flush: flush)
        }
        used += step.consumed
        idle = step.consumed + step.produced == 0 ? idle + 1 : 0
        if idle > 4 {
          Issue.record("the engine makes no progress")
          return outcome
        }
        if step.state == .finished {
          outcome.notices = engine.notices
          return outcome
        }
        if flush == .block, step.state == .needsInput, used == border { flushes.removeFirst() }
      } catch {
        outcome.error = error
        return outcome
      }
    }
  }

  private static func withRoom(
    _ room: inout [UInt8], _ result: inout [UInt8],
    _ body: (inout OutputRawSpan) throws(CodecError) -> StreamStep
  ) throws(CodecError) -> StreamStep {
    var step: StreamStep?
    var failure: CodecError?
    unsafe room.withUnsafeMutableBytes { memory in
      var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      do throws(CodecError) { step = try body(&output) } catch { failure = error }
      unsafe result.append(contentsOf: UnsafeRawBufferPointer(rebasing: memory[..<output.byteCount]))
    }
    if let failure { throw failure }
    return step ?? StreamStep(consumed: 0, produced: 0, state: .finished)
  }
}

/// Bytes to compress, the same in every run.
enum Sample {
  /// Text-like bytes: words from a small vocabulary, with numbers between.
  static func text(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 16)
    while bytes.count < count {
      let word = Self.next(&state)
      bytes.append(contentsOf: words[Int(word % UInt64(words.count))])
      bytes.append(UInt8(0x30 + (word >> 40) % 10))
      bytes.append(UInt8(0x30 + (word >> 50) % 10))
    }
    return Array(bytes.prefix(count))
  }

  /// Bytes that do not compress.
  static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: next(&state)) }
  }

  /// The next number of a small generator (splitmix64).
  static func next(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  private static let words = [
    "insert ", "into ", "orders ", "values ", "select ", "customer ", "null ", "2024-11-", "warehouse ", "price ",
  ].map { Array($0.utf8) }
}

/// Runs command line tools.
enum Tool {
  /// The bytes that a tool writes for an input; `nil` when it is not installed or fails.
  static func run(_ path: String, _ arguments: [String], input: [UInt8]) throws -> [UInt8]? {
    guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("deflate-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appendingPathComponent("input")
    let result = folder.appendingPathComponent("output")
    try Data(input).write(to: source)
    try Data().write(to: result)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = try FileHandle(forReadingFrom: source)
    process.standardOutput = try FileHandle(forWritingTo: result)
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return Array(try Data(contentsOf: result))
  }

  /// The SHA-256 of bytes in hexadecimal.
  static func sha256(_ bytes: [UInt8]) throws -> String {
    let line = try #require(try run("/usr/bin/sha256sum", [], input: bytes))
    return String(decoding: line.prefix(64), as: UTF8.self)
  }
}
