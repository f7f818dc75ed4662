// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

/// How much memory a codec takes: measured in a process of its own.
///
/// In the process of the benchmark, what earlier codecs left to the allocator would hide what the next one takes. So the
/// tool starts itself once more for each figure. The child gets the sample through a pipe, streams it through the codec,
/// drops what comes out, and says by how much its resident memory was higher at the peak than before it had the codec.
enum MemoryProbe {
  /// The first argument of such a child. No user types it, so that no help lists it.
  static let word = Array("--measure-memory".utf8)

  /// Which way the sample goes.
  enum Direction: String { case compress, decompress }

  // MARK: - The parent

  /// Measures one codec in one direction.
  ///
  /// - Parameters:
  ///   - item: the codec.
  ///   - direction: which way.
  ///   - bytes: what goes in.
  ///   - stop: ends the measurement.
  /// - Returns: The bytes at the peak; `nil` when no child could be started or did not answer.
  static func peak(_ item: BenchCase, _ direction: Direction, _ bytes: [UInt8], _ stop: StopRequest) -> UInt64? {
    let arguments: [[UInt8]] = [
      Array("archivetool".utf8), word, Array(direction.rawValue.utf8), Array(item.spec.utf8),
      Array(String(item.threads).utf8),
    ]
    let errors = FileHandle.standardError
    guard
      var child = try? ChildProcess.start("/proc/self/exe", arguments: arguments, input: .piped, errors: errors)
    else { return nil }
    feed(bytes, &child, stop)
    child.closeInput()
    let answer = try? readAll(child.output, limit: 64)
    guard child.wait() == 0, let answer, let text = String(validating: answer, as: UTF8.self) else { return nil }
    return UInt64(text.prefix { $0 != "\n" })
  }

  private static func feed(_ bytes: [UInt8], _ child: inout ChildProcess, _ stop: StopRequest) {
    var position = 0
    while position < bytes.count, !stop.isAsked {
      let end = min(position + (256 << 10), bytes.count)
      // A child that reads no more has failed; its status will say so.
      do throws(IOError) { try unsafe child.write(bytes.span.bytes.extracting(position..<end)) } catch { return }
      position = end
    }
  }

  /// The beginning of what a child writes; the rest is passed over.
  private static func readAll(_ output: borrowing FileHandle, limit: Int) throws(IOError) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = try unsafe piece.withUnsafeMutableBufferPointer {
        (room: inout UnsafeMutableBufferPointer<UInt8>) throws(IOError) -> Int in
        var room = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(room), initializedCount: 0)
        return try output.read(into: &room)
      }
      if count == 0 { return bytes }
      bytes += piece.prefix(min(count, limit - bytes.count))
    }
  }

  // MARK: - The child

  /// Does what a child was started for.
  ///
  /// - Parameter arguments: those of the process.
  /// - Returns: The status of the process; `nil` when this process is no such child.
  static func run(_ arguments: [[UInt8]]) -> Int32? {
    guard arguments.count == 5, arguments[1] == word else { return nil }
    let words = arguments[2...].map { String(decoding: $0, as: UTF8.self) }
    guard let direction = Direction(rawValue: words[0]), let threads = Int(words[2]),
      let codec = try? CodecRegistry.builtin.codec(words[1])
    else { return 2 }
    let before = ResourceUsage.residentBytes ?? 0
    do {
      try measure(codec, direction, threads)
      let peak = ResourceUsage.current.peakResidentBytes
      try FileHandle.standardOutput.write("\(peak > before ? peak - before : 0)\n")
      return 0
    } catch {
      return 1
    }
  }

  private static func measure(_ codec: CodecSelection, _ direction: Direction, _ threads: Int) throws {
    var source = FileSource(FileHandle.standardInput)
    var sink = NullSink()
    switch direction {
    case .compress:
      var pump = try StreamPump(compressing: codec, CompressionOptions { $0.threads = threads })
      try pump.run(from: &source, to: &sink)
    case .decompress:
      let options = DecompressionOptions {
        $0.threads = threads
        $0.limits = DecompressionLimits {
          $0.maximumOutputSize = nil
          $0.maximumWindowSize = 1 << 31
        }
      }
      var pump = try StreamPump(decompressing: codec, options)
      try pump.run(from: &source, to: &sink)
    }
  }
}
