// SPDX-License-Identifier: Apache-2.0

// What the zstd tests share: inputs, a driver with chosen sizes, the vectors, and the real tool.

import CodecKit
import Foundation

/// What came of a stream.
struct ZstdOutcome {
  var output: [UInt8] = []
  var error: CodecError?
  var finished = false
  var notices: [StreamNotice] = []
}

enum ZstdTrial {
  static let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Text-like bytes with repeats, the same for every call.
  static func text(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    let words = ["table", "row", "index", "backup", "of", "the", "night", "page", "log", "42", "7", "\n", "checkpoint"]
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 16)
    while bytes.count < count {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      bytes += words[Int(state % UInt64(words.count))].utf8
      bytes.append(UInt8(truncatingIfNeeded: 32 + (state >> 40) % 3))
    }
    return Array(bytes.prefix(count))
  }

  /// A large input made of a small one with changes, quickly also in debug builds.
  static func large(_ count: Int) -> [UInt8] {
    let tile = text(1 << 16, seed: 3)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + tile.count)
    var serial: UInt64 = 0
    while bytes.count < count {
      let start = bytes.count
      bytes += tile
      for place in 0..<200 {
        serial = serial &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[start + place * 300 + Int(serial >> 56)] = UInt8(truncatingIfNeeded: serial >> 33)
      }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// Bytes that do not compress.
  static func noise(_ count: Int, seed: UInt64 = 9) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }

  /// Feeds an engine pieces of `piece` bytes with room for `room` bytes at a time.
  static func run(
    _ engine: any StreamEngine, _ input: [UInt8], piece: Int = .max, room: Int = 1 << 20, flush: Flush = .none
  ) -> ZstdOutcome {
    var outcome = ZstdOutcome()
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(room, 1), alignment: 16)
    defer { unsafe memory.deallocate() }
    var position = 0
    var end = 0
    var idle = 0
    while true {
      if position == end { end = position + min(piece, input.count - position) }
      let atEnd = end == input.count
      var output = unsafe OutputRawSpan(
        buffer: UnsafeMutableRawBufferPointer(rebasing: memory[..<room]), initializedCount: 0)
      var answer: StreamStep?
      do {
        answer = try unsafe engine.step(
          input.span.bytes.extracting(position..<end), into: &output, flush: atEnd ? .finish : flush)
      } catch {
        outcome.error = error
      }
      let count = output.byteCount
      _ = unsafe output.finalize(for: UnsafeMutableRawBufferPointer(rebasing: memory[..<room]))
      unsafe outcome.output.append(contentsOf: memory.prefix(count))
      guard let answer else { break }
      position += answer.consumed
      if answer.state == .finished {
        outcome.finished = true
        break
      }
      idle = answer.consumed + answer.produced == 0 ? idle + 1 : 0
      precondition(idle < 4, "no progress")
    }
    outcome.notices = engine.notices
    return outcome
  }

  static func decode(
    _ input: [UInt8], _ options: DecompressionOptions = .init(), piece: Int = .max, room: Int = 1 << 20
  ) throws -> ZstdOutcome {
    run(try Zstd.default.makeDecompressionEngine(options), input, piece: piece, room: room)
  }

  /// Drives an inspector as a caller that can seek would.
  static func inspect(_ input: [UInt8], piece: Int = 64 << 10) throws -> (report: StreamReport, error: CodecError?) {
    guard let inspector = try Zstd.default.makeInspector(.init()) else { throw CocoaError(.featureUnsupported) }
    var offset = 0
    var window = piece
    do {
      while true {
        let start = min(offset, input.count)
        let end = min(input.count, start + window)
        let isEnd = end == input.count
        // A skip beyond the end is for the inspector to find: it gets nothing more.
        if offset > input.count {
          throw CodecError(.truncated, inputOffset: UInt64(input.count), reason: "cut within what was skipped")
        }
        let step = try unsafe inspector.inspect(input.span.bytes.extracting(start..<end), isEnd: isEnd)
        offset += step.used + Int(step.skip)
        if step.used == 0, step.skip == 0 {
          if isEnd { return (inspector.report, nil) }
          window *= 2
        } else {
          window = piece
        }
      }
    } catch let error as CodecError {
      return (inspector.report, error)
    }
  }

  /// Runs the real tool, or another one, on bytes.
  static func tool(_ name: String = "zstd", _ arguments: [String], _ input: [UInt8]) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("zstd-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appendingPathComponent("in")
    let target = folder.appendingPathComponent("out")
    try Data(input).write(to: source)
    try Data().write(to: target)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.currentDirectoryURL = folder
    let (from, to) = (try FileHandle(forReadingFrom: source), try FileHandle(forWritingTo: target))
    process.standardInput = from
    process.standardOutput = to
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    return [UInt8](try Data(contentsOf: target))
  }

  /// What the codec makes of the first bytes of a stream.
  static func recognition(_ bytes: [UInt8]) -> Recognition { unsafe Zstd.default.recognizes(bytes.span.bytes) }

  /// The resident memory of this process in bytes.
  static var residentMemory: Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
  }

  /// The error that a call throws.
  static func error(_ body: () throws -> Void) -> CodecError? {
    do {
      try body()
      return nil
    } catch {
      return error as? CodecError
    }
  }
}
