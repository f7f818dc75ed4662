// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit

/// The structure of a file, for people and for machines.
struct InfoReport {
  let name: InputName
  let codec: CodecDescriptor
  /// The size of the file.
  let size: UInt64
  let report: StreamReport
  /// Whether the file was walked to its end without an error.
  let isComplete: Bool

  /// How many frames are listed on a terminal before the rest is counted only.
  private static let listed = 1000

  /// The report as lines, without a newline at the end.
  func text(listsFrames: Bool) -> String {
    var lines = ["\(name.display): \(codec.id)" + (isComplete ? "" : ", damaged: what follows is what could be read")]
    let width = max(12, report.details.map(\.name.count).max() ?? 0) + 2
    func fact(_ label: String, _ value: String) {
      lines.append("  " + label + String(repeating: " ", count: max(1, width - label.count)) + value)
    }
    fact("compressed", "\(NumberText.grouped(size)) bytes (\(ByteCount(size)))")
    if let content = contentSize {
      fact("content", "\(NumberText.grouped(content)) bytes (\(ByteCount(content)))")
      if size > 0, content > 0 {
        fact(
          "ratio",
          "\(NumberText.fixed(Double(content) / Double(size), decimals: 3)) (\(NumberText.percent(size, of: content)))")
      }
    } else {
      fact("content", isComplete ? "size not stored" : "not known")
    }
    fact("checksum", report.checksum ?? noChecksum)
    let others = report.frameCount - report.contentFrameCount
    fact("pieces", "\(report.contentFrameCount)" + (others > 0 ? " and \(others) without content" : ""))
    fact("decodes", report.access)
    for detail in report.details { fact(detail.name, Escaping.visible(detail.value)) }
    if listsFrames { lines += frameLines }
    return lines.joined(separator: "\n")
  }

  /// Of a file that breaks off inside of its first piece nobody knows whether a checksum would have followed.
  private var noChecksum: String {
    isComplete || report.contentFrameCount > 0
      ? "none: the format cannot prove that the content is right" : "not known"
  }

  private var contentSize: UInt64? { isComplete ? report.contentSize : nil }

  private var frameLines: [String] {
    var table = Table([
      .number("offset"), .word("kind"), .number("size"), .number("content"), .number("blocks"), .text("details"),
    ])
    for frame in report.frames.prefix(Self.listed) {
      table.add([
        String(frame.offset), frame.kind, String(frame.packedSize), frame.contentSize.map { String($0) } ?? "-",
        frame.blocks.map { String($0) } ?? "-",
        frame.details.map { "\($0.name) \(Escaping.visible($0.value))" }.joined(separator: ", "),
      ])
    }
    var lines = table.rendered().split(separator: "\n").map { "  " + $0 }
    let hidden = report.frameCount - UInt64(min(report.frames.count, Self.listed))
    if hidden > 0 { lines.append("  and \(hidden) more") }
    return lines
  }

  /// The report as one object.
  func json(listsFrames: Bool) -> JSONValue {
    var object: JSONValue = ["type": "info", "v": 1]
    object.add(name.path.map { JSONValue.path($0) } ?? [JSONValue.Member("path", .null)])
    object.add("codec", .string(codec.id.rawValue))
    object.add("complete", .bool(isComplete))
    object.add("compressed_size", .uint(size))
    object.add("content_size", contentSize.map { .uint($0) } ?? .null)
    if let content = contentSize, size > 0 { object.add("ratio", .double(Double(content) / Double(size))) }
    object.add("checksum", report.checksum.map { .string($0) } ?? .null)
    object.add("frame_count", .uint(report.frameCount))
    object.add("content_frame_count", .uint(report.contentFrameCount))
    object.add("access", .string(report.access))
    object.add("parallel_by", report.parallelBy.map { .string($0) } ?? .null)
    object.add("seekable_by", report.seekableBy.map { .string($0) } ?? .null)
    object.add("details", .object(report.details.map { .init($0.name, .string($0.value)) }))
    if listsFrames { object.add("frames", .array(report.frames.map(Self.json))) }
    return object
  }

  private static func json(_ frame: StreamReport.Frame) -> JSONValue {
    [
      "kind": .string(frame.kind), "offset": .uint(frame.offset), "size": .uint(frame.packedSize),
      "content_size": frame.contentSize.map { .uint($0) } ?? .null,
      "blocks": frame.blocks.map { .uint($0) } ?? .null,
      "details": .object(frame.details.map { .init($0.name, .string($0.value)) }),
    ]
  }
}
