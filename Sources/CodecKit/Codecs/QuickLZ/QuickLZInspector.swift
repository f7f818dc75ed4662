// SPDX-License-Identifier: Apache-2.0

/// Walks a qpress archive from entry to entry and from block to block, and counts; nothing is decoded.
final class QuickLZInspector: StreamInspector {
  private var place = QuickLZArchivePlace.start
  private var position: UInt64 = 0
  private var chunkSize = 0
  private var path: [[UInt8]] = []
  private var pathLength = 0
  private var file: File?
  private var finished = StreamReport()
  private var isDone = false

  /// The file that is being walked.
  private struct File {
    var name: [UInt8]
    var start: UInt64
    var contentSize: UInt64 = 0
    var compressed: UInt64 = 0
    var stored: UInt64 = 0
    var levels: Set<Int> = []
  }

  init() {}

  /// What was seen so far, with the file that is being walked.
  var report: StreamReport {
    var report = finished
    if let file { append(file, to: &report) }
    if place != .start {
      report.checksum = "Adler-32"
      // As one stream there is one file, and more than one block to choose from.
      if report.frameCount == 1, (report.frames.first?.blocks ?? 0) > 1 {
        report.parallelBy = "blocks"
        report.seekableBy = "block headers"
      }
      report.details = [.init("chunk size", String(chunkSize))]
    }
    return report
  }

  func inspect(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> InspectionStep {
    var used = 0
    while !isDone {
      let front = input.dropping(used)
      if place == .entry, front.isEmpty {
        isDone = isEnd
        return InspectionStep(used: used)
      }
      let extent: QuickLZArchiveExtent
      do throws(QuickLZFault) {
        extent = try QuickLZArchiveFormat.extent(of: front, at: place, chunkSize: chunkSize)
      } catch {
        throw error.error(at: position).completed(codec: "quicklz")
      }
      guard case .known(let item, let length) = extent else {
        guard isEnd else { return InspectionStep(used: used) }
        throw QuickLZArchiveFormat.cut(front, at: place).error(at: position).completed(codec: "quicklz")
      }
      try note(item)
      position += UInt64(length)
      if item == .trailer, let file {
        append(file, to: &finished)
        self.file = nil
      }
      guard length <= front.byteCount else {
        return InspectionStep(used: input.byteCount, skip: UInt64(length - front.byteCount))
      }
      used += length
    }
    return InspectionStep(used: input.byteCount)
  }

  private func note(_ item: QuickLZArchiveItem) throws(CodecError) {
    switch item {
    case .header(let size):
      chunkSize = size
      place = .entry
    case .directory(let name):
      pathLength += name.count + 1
      guard pathLength <= QuickLZArchiveFormat.longestPath else {
        throw QuickLZFault.badName.error(at: position).completed(codec: "quicklz")
      }
      path.append(name)
    case .up:
      guard let left = path.popLast() else {
        throw QuickLZFault.unbalancedUp.error(at: position).completed(codec: "quicklz")
      }
      pathLength -= left.count + 1
    case .file(let name):
      file = File(name: name, start: position)
      place = .block
    case .block(_, _, let packet):
      file?.contentSize &+= UInt64(packet.contentSize)
      if packet.isCompressed { file?.compressed += 1 } else { file?.stored += 1 }
      file?.levels.insert(packet.level)
    case .trailer: place = .entry
    }
  }

  private func append(_ file: File, to report: inout StreamReport) {
    let name = Array((path + [file.name]).joined(separator: [UInt8(ascii: "/")]))
    var details = [StreamReport.Detail("name", String(decoding: name, as: UTF8.self))]
    if file.compressed > 0 { details.append(.init("compressed blocks", String(file.compressed))) }
    if file.stored > 0 { details.append(.init("stored blocks", String(file.stored))) }
    if !file.levels.isEmpty {
      details.append(.init("level", file.levels.sorted().map(String.init).joined(separator: ", ")))
    }
    report.append(
      .init(
        kind: "file", offset: file.start, packedSize: position - file.start, contentSize: file.contentSize,
        blocks: file.compressed + file.stored, details: details))
  }
}
