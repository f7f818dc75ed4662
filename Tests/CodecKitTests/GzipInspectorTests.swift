// SPDX-License-Identifier: Apache-2.0

// What `info` is told about gzip files.

import CodecKit
import Foundation
import Testing

@Suite("gzip inspection")
struct GzipInspectorTests {
  private struct Outcome {
    var report: StreamReport
    var error: CodecError?
    var bytesRead = 0
  }

  /// Inspects as a caller that can seek would, in windows that grow when they must.
  private func inspect(_ packed: [UInt8], window: Int) throws -> Outcome {
    let inspector = try #require(try Gzip.default.makeInspector(.init()))
    var outcome = Outcome(report: inspector.report)
    var at = 0
    var size = window
    do throws(CodecError) {
      while true {
        let start = min(at, packed.count)
        let end = min(packed.count, start + size)
        let part = Array(packed[start..<end])
        let step = try unsafe inspector.inspect(part.span.bytes, isEnd: end == packed.count)
        outcome.bytesRead += step.used
        if step.used == 0, step.skip == 0 {
          if end == packed.count { break }
          size *= 2
        }
        at += step.used + Int(step.skip)
      }
    } catch {
      outcome.error = error
    }
    outcome.report = inspector.report
    return outcome
  }

  private func vector(_ name: String) throws -> [UInt8] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return Array(try Data(contentsOf: root.appendingPathComponent("fixtures/vectors/gzip/\(name)")))
  }

  @Test("sized members are walked without inflating", arguments: [20, 1000, 1 << 20])
  func sized(window: Int) throws {
    for (name, size) in [("ig-sized.gz", 40_700), ("bgzf.gz", 96_790), ("py-mgzip.gz", 65_195)] {
      let outcome = try inspect(try vector(name), window: window)
      #expect(outcome.error == nil)
      #expect(outcome.report.access == "in parallel, by sized members; anywhere, by member sizes")
      #expect(outcome.report.contentSize == UInt64(size), "\(name)")
      #expect(outcome.report.checksum == "CRC-32")
      #expect(outcome.bytesRead < outcome.report.frames.count * 200)
    }
    let frames = try inspect(try vector("ig-sized.gz"), window: window).report.frames
    #expect(frames.map(\.contentSize) == [10_000, 10_000, 10_000, 10_000, 700, 0])
    #expect(zip(frames, frames.dropFirst()).allSatisfy { $0.offset + $0.packedSize == $1.offset })
  }

  @Test("other members are inflated", arguments: [20, 1000, 1 << 20])
  func inflated(window: Int) throws {
    let first = try Gzip {
      $0.fileName = "dump.sql"
      $0.modificationTime = 1000
    }.compress(Sample.text(5000))
    let packed = first + [0, 0, 0] + (try Gzip.default.compress([])) + (try Gzip.default.compress([1]))
    let report = try inspect(packed, window: window).report
    #expect(report.access == "from start to end")
    #expect(report.frames.map(\.contentSize) == [5000, 0, 1])
    #expect(report.frames.map(\.offset) == [0, UInt64(first.count + 3), UInt64(first.count + 23)])
    #expect(report.frames[0].details.contains(.init("name", "dump.sql")))
    #expect(report.frames[0].details.contains(.init("modified", "1000")))
  }

  @Test("mixed files are walked as far as sizes are told")
  func mixed() throws {
    let sized = try vector("ig-sized.gz")
    let packed = sized + (try Gzip.default.compress(Sample.text(100)))
    let report = try inspect(packed, window: 64).report
    #expect(report.frameCount == 7 && report.contentSize == 40_800 && report.access == "from start to end")
    #expect(report.frames[6].offset == UInt64(sized.count))
  }

  @Test("damage ends the report with an error, and what was seen stays")
  func damage() throws {
    for (name, code, frames) in [
      ("ig-lying-small.gz", .corrupt, 1), ("ig-lying-huge.gz", .truncated, 0), ("truncated-deflate.gz", .truncated, 0),
      ("bad-crc-first-of-two.gz", .checksumMismatch, 0), ("truncated-second-member.gz", .truncated, 1),
      ("zlib-wrapped.gz", .corrupt, 0), ("zero-length-file.gz", .truncated, 0),
    ] as [(String, CodecError.Code, Int)] {
      for window in [20, 1 << 20] {
        let outcome = try inspect(try vector(name), window: window)
        #expect(outcome.error?.code == code, "\(name): \(String(describing: outcome.error))")
        #expect(outcome.report.frames.count == frames, "\(name)")
      }
    }
    let trailing = try inspect(try vector("trailing-garbage.gz"), window: 4096)
    #expect(trailing.error == nil && trailing.report.details.count == 1)
  }
}
