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
    var shared: [ChainMemberUsage] = []
    if superblock.depth > 0 {
      do throws(ArchiveError) { shared = try archive.reader.chainUsage().members } catch {
        throw Failure(error, archive: archive.name)
      }
    }
    session.reporter.print(text(shared))
    session.reporter.emit(json(shared))
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

  private func text(_ shared: [ChainMemberUsage]) -> String {
    var lines = ["\(archive.name.display): \(kind), format 1.\(superblock.minorVersion)"]
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
    if let parent = superblock.parent { fact("parent", parent.description) }
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
    for member in shared where member.usedBytes > 0 {
      let name = member.name.isEmpty ? "this archive" : Escaping.visible(Array(member.name.utf8))
      fact("content in", "\(name): \(size(member.usedBytes))\(member.error == nil ? "" : ", which is not there")")
    }
    fact("chunks", NumberText.grouped(footer.chunks))
    fact("frames", NumberText.grouped(footer.frames))
    fact("checksum", "SHA-256 of every chunk, XXH3 of every frame")
    fact("content root", footer.contentRoot.description)
    return lines.joined(separator: "\n")
  }

  private var kind: String {
    if superblock.isDetachedIndex { return "index of an archive" }
    guard superblock.depth > 0 else { return "archive" }
    return superblock.parent == nil
      ? "archive of depth \(superblock.depth), merged with its parents" : "increment of depth \(superblock.depth)"
  }

  private func json(_ shared: [ChainMemberUsage]) -> JSONValue {
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
    if superblock.isDetachedIndex { object.add("index", .bool(true)) }
    if let parent = superblock.parent { object.add("parent", .string(parent.description)) }
    if !shared.isEmpty {
      object.add(
        "content_in",
        .array(
          shared.map { member in
            [
              "depth": .uint(UInt64(member.depth)), "name": .string(member.name),
              "uuid": .string(member.uuid.description), "found": .bool(member.error == nil),
              "bytes": .uint(member.usedBytes),
            ]
          }))
    }
    object.add("content_root", .string(footer.contentRoot.description))
    return object
  }
}
