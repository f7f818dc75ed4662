// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// What a `.cka` archive is made of, for people and for machines.
struct CkaInfoReport {
  let archive: CkaArchive

  private var superblock: Superblock { archive.reader.summary.superblock }
  private var footer: Footer { archive.reader.summary.footer }

  /// Prints it.
  ///
  /// - Parameter listsFrames: whether every frame gets a line.
  func tell(listsFrames: Bool, _ session: Session) throws(Failure) {
    session.reporter.count(bytesIn: archive.source.size, bytesOut: footer.dataBytes)
    session.reporter.print(text)
    session.reporter.emit(json)
    guard listsFrames else { return }
    session.reporter.print(Self.frameLine(["offset", "kind", "codec", "stored", "raw", "count", "first"]))
    do throws(ArchiveError) {
      try archive.reader.forEachFrame { (frame: FrameSummary) throws(ArchiveError) in
        session.reporter.print(
          Self.frameLine([
            "\(frame.offset)", frame.kind, "\(frame.codec)", "\(frame.storedLength)", "\(frame.rawLength)",
            "\(frame.count)", "\(frame.first)",
          ]))
        session.reporter.emit([
          "type": "frame", "v": 1, "kind": .string(frame.kind), "offset": .uint(frame.offset),
          "codec": .uint(UInt64(frame.codec)), "stored": .uint(UInt64(frame.storedLength)),
          "raw": .uint(UInt64(frame.rawLength)), "count": .uint(UInt64(frame.count)), "first": .uint(frame.first),
        ])
      }
    } catch {
      throw Failure(error, archive: archive.name)
    }
  }

  private static let widths = [14, 11, 6, 10, 10, 8, 10]

  /// One line of the list, each column as wide as anything in it gets.
  private static func frameLine(_ columns: [String]) -> String {
    var line = "  "
    for (index, column) in columns.enumerated() {
      let padding = String(repeating: " ", count: max(0, widths[index] - column.count))
      line += index == 1 ? "  " + column + padding : padding + column
    }
    return line
  }

  private var text: String {
    var lines = ["\(archive.name.display): archive, format 1.\(superblock.minorVersion)"]
    func fact(_ label: String, _ value: String) {
      lines.append("  " + label + String(repeating: " ", count: max(1, 16 - label.count)) + value)
    }
    func size(_ bytes: UInt64) -> String { "\(NumberText.grouped(bytes)) bytes (\(ByteCount(bytes)))" }
    for (label, type) in [
      ("name", Superblock.Field.name), ("description", Superblock.Field.description),
      ("written by", Superblock.Field.program), ("source", Superblock.Field.source),
    ] {
      if let text = superblock.text(type) { fact(label, Escaping.visible(Array(text.utf8))) }
    }
    fact("created", superblock.creationTime.description)
    fact("uuid", superblock.uuid.description)
    fact("entries", NumberText.grouped(footer.entries))
    fact("content", size(footer.dataBytes))
    fact("without doubles", size(footer.rawBytes))
    fact("stored", size(footer.storedBytes))
    fact("archive", size(archive.source.size))
    if footer.dataBytes > 0 {
      let ratio = Double(footer.dataBytes) / Double(archive.source.size)
      fact(
        "ratio",
        "\(NumberText.fixed(ratio, decimals: 3)) (\(NumberText.percent(archive.source.size, of: footer.dataBytes)))")
    }
    fact("chunks", NumberText.grouped(footer.chunks))
    fact("frames", NumberText.grouped(footer.frames))
    fact("checksum", "SHA-256 of every chunk, XXH3 of every frame")
    fact("content root", footer.contentRoot.description)
    return lines.joined(separator: "\n")
  }

  private var json: JSONValue {
    var object: JSONValue = ["type": "archive", "v": 1, "command": "info"]
    object.add(archive.name.path.map { JSONValue.path($0) } ?? [JSONValue.Member("path", .null)])
    object.add("format", .string("1.\(superblock.minorVersion)"))
    object.add("uuid", .string(superblock.uuid.description))
    object.add("created", .string(superblock.creationTime.rfc3339(fractionDigits: 9)))
    if let name = superblock.text(Superblock.Field.name) { object.add("name", .string(name)) }
    object.add("entries", .uint(footer.entries))
    object.add("bytes", .uint(footer.dataBytes))
    object.add("unique_bytes", .uint(footer.rawBytes))
    object.add("stored_bytes", .uint(footer.storedBytes))
    object.add("archive_bytes", .uint(archive.source.size))
    object.add("chunks", .uint(footer.chunks))
    object.add("frames", .uint(footer.frames))
    object.add("depth", .uint(UInt64(footer.depth)))
    object.add("content_root", .string(footer.contentRoot.description))
    return object
  }
}
