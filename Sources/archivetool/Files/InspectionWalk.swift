// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// Feeds an inspector, jumping over what it does not want to see.
struct InspectionWalk: ~Copyable {
  private var input: OpenedInput
  private var buffer: [UInt8]
  /// Where in the buffer the next byte is: taking small pieces from the front moves nothing.
  private var next = 0
  /// How far the input has been looked at or skipped.
  private(set) var position: UInt64 = 0

  init(_ input: consuming OpenedInput) {
    buffer = input.prefix
    self.input = input
  }

  private var waiting: Int { buffer.count - next }

  /// Walks to the end.
  mutating func run(_ inspector: any StreamInspector, progress: ProgressMonitor) throws(Failure) {
    var atEnd = false
    while true {
      let step: InspectionStep
      do throws(CodecError) {
        step = try unsafe inspector.inspect(buffer.span.bytes.extracting(next..<buffer.count), isEnd: atEnd)
      } catch {
        throw Failure(error, input: input.name)
      }
      position += UInt64(step.used)
      next += step.used
      if step.skip > 0 { try skip(step.skip) }
      progress.update(PumpProgress(bytesRead: position, bytesIn: position, bytesOut: 0))
      if atEnd && step.used == 0 && step.skip == 0 { return }
      if !atEnd && (waiting < nextChunk || step.used == 0) { atEnd = try !fill() }
    }
  }

  private static let chunk = 64 << 10
  /// Between two jumps there is little more than a header.
  private static let chunkAfterJump = 4 << 10
  private var nextChunk = Self.chunk

  /// Reads more behind what is left. Grows when the inspector could not use what it had.
  private mutating func fill() throws(Failure) -> Bool {
    var more = [UInt8](repeating: 0, count: max(nextChunk, waiting))
    nextChunk = min(2 * nextChunk, Self.chunk)
    let count: Int
    do throws(IOError) { count = try input.source.fill(&more) } catch { throw Failure(error, input: input.name) }
    buffer.removeSubrange(..<next)
    next = 0
    buffer += more.prefix(count)
    return count > 0
  }

  /// Passes over bytes that must be there.
  private mutating func skip(_ count: UInt64) throws(Failure) {
    let buffered = min(count, UInt64(waiting))
    next += Int(buffered)
    position += buffered
    let rest = count - buffered
    guard rest > 0 else { return }
    nextChunk = Self.chunkAfterJump
    let skipped: UInt64
    do throws(IOError) { skipped = try input.source.skip(rest, size: input.size) } catch {
      throw Failure(error, input: input.name)
    }
    position += skipped
    guard skipped == rest else {
      throw Failure(
        CodecError(.truncated, inputOffset: position, reason: "the input ends early"), input: input.name)
    }
  }
}
