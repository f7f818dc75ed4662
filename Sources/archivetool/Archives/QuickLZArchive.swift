// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

/// The `.qp` archives of qpress and of backup tools.
struct QuickLZArchive: ArchiveFormat {
  var name: String { "quicklz" }

  func recognizes(_ prefix: [UInt8]) -> Bool { unsafe QuickLZ().recognizes(prefix.span.bytes) == .certain }

  func walk(
    _ input: inout OpenedInput, _ options: DecompressionOptions, telling visitor: any ArchiveVisitor,
    progress: ProgressMonitor
  ) throws(Failure) {
    let reader: QuickLZArchiveReader
    do throws(CodecError) { reader = try QuickLZArchiveReader(options) } catch {
      throw Failure(error, input: input.name)
    }
    try QuickLZArchiveWalk(reader, options.limits, visitor, input.name).run(&input, progress)
  }
}

/// One way through an archive.
private struct QuickLZArchiveWalk {
  private let reader: QuickLZArchiveReader
  private let limits: DecompressionLimits
  private let visitor: any ArchiveVisitor
  private let name: InputName

  private var room = [UInt8](repeating: 0, count: 512 << 10)
  private var totalOut: UInt64 = 0
  /// The file that is being read, where it begins in the archive, and what is wrong with it.
  private var file: (entry: ArchiveEntry, start: UInt64, failure: Failure?)?

  init(
    _ reader: QuickLZArchiveReader, _ limits: DecompressionLimits, _ visitor: any ArchiveVisitor, _ name: InputName
  ) {
    self.reader = reader
    self.limits = limits
    self.visitor = visitor
    self.name = name
  }

  consuming func run(_ input: inout OpenedInput, _ progress: ProgressMonitor) throws(Failure) {
    var buffer = input.prefix
    var used = 0
    var count = buffer.count
    var isEnd = false
    while true {
      var consumed = 0
      let event: QuickLZArchiveReader.Event
      do throws(CodecError) {
        event = try step(unsafe buffer.span.bytes.extracting(used..<count), &consumed, isEnd: isEnd)
      } catch {
        let failure = failure(error, file?.entry.name)
        guard let file else { throw failure }
        // The file that the archive breaks off in is told with what it has.
        visitor.end(sizes(from: file.start), failure: file.failure ?? failure)
        return
      }
      used += consumed
      progress.update(PumpProgress(bytesRead: reader.position, bytesIn: reader.position, bytesOut: totalOut))
      switch event {
      case .needsInput:
        if buffer.count < Self.chunk { buffer += [UInt8](repeating: 0, count: Self.chunk - buffer.count) }
        do throws(IOError) { count = try input.source.fill(&buffer) } catch { throw Failure(error, input: name) }
        used = 0
        isEnd = count < buffer.count
      case .end: return
      default: take(event)
      }
    }
  }

  private static let chunk = 256 << 10

  private mutating func take(_ event: QuickLZArchiveReader.Event) {
    switch event {
    case .directory: _ = visitor.begin(ArchiveEntry(kind: .directory, path: path([])))
    case .file(let name):
      let entry = ArchiveEntry(kind: .file, path: path([name]))
      file = (entry, reader.position, nil)
      if !visitor.begin(entry) { reader.skipFile() }
    case .refused(let path, let error):
      visitor.refuse(failure(error, Array(path.joined(separator: [UInt8(ascii: "/")]))))
    case .damage(let error):
      let damage = failure(error, file?.entry.name)
      file?.failure = damage
    case .fileEnd:
      if let file { visitor.end(sizes(from: file.start), failure: file.failure) }
      file = nil
    case .directoryEnd, .needsInput, .needsOutput, .end: break
    }
  }

  private func path(_ last: [[UInt8]]) -> [[UInt8]] {
    (reader.directories + last).flatMap { $0.split(separator: UInt8(ascii: "/")).map(Array.init) }
  }

  private func sizes(from start: UInt64) -> ArchiveEntry.Sizes {
    ArchiveEntry.Sizes(content: reader.fileSize, packed: reader.position - start)
  }

  private func failure(_ error: CodecError, _ entry: [UInt8]?) -> Failure {
    var failure = Failure(error, input: name)
    if let entry { failure.concern(entry: entry) }
    return failure
  }

  /// One step of the reader. What it delivered is told to the visitor, also when it throws.
  private mutating func step(
    _ input: RawSpan, _ consumed: inout Int, isEnd: Bool
  ) throws(CodecError) -> QuickLZArchiveReader.Event {
    var result: QuickLZArchiveReader.Step?
    var thrown: CodecError?
    let produced = unsafe room.withUnsafeMutableBytes { memory -> Int in
      var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      do throws(CodecError) {
        result = try reader.step(input, into: &output, isEnd: isEnd)
      } catch {
        thrown = error
      }
      return unsafe output.finalize(for: memory)
    }
    if produced > 0 {
      unsafe visitor.write(room.span.bytes.extracting(0..<produced))
      totalOut += UInt64(produced)
      try checkLimits()
    }
    if let thrown { throw thrown }
    guard let result else { return .end }
    consumed = result.consumed
    return result.event
  }

  private func checkLimits() throws(CodecError) {
    if let maximum = limits.maximumOutputSize, totalOut > maximum {
      throw CodecError(
        .limitExceeded, codec: "quicklz", inputOffset: reader.position,
        reason: "the output exceeds the limit of \(maximum) bytes")
    }
    if let ratio = limits.maximumRatio {
      let allowed = reader.position.multipliedReportingOverflow(by: ratio)
      if !allowed.overflow, totalOut > max(allowed.partialValue, 1 << 20) {
        throw CodecError(
          .limitExceeded, codec: "quicklz", inputOffset: reader.position,
          reason: "the output exceeds \(ratio) times the input")
      }
    }
  }
}
