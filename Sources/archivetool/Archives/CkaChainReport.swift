// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// The archives of a chain: what each holds, and what a restore of the last one reads from it.
struct CkaChainReport {
  let archive: CkaArchive

  /// Prints a line for each, the full archive first.
  func tell(_ session: Session) throws(Failure) {
    let usage: ChainUsage
    do throws(ArchiveError) { usage = try archive.reader.chainUsage() } catch {
      throw Failure(error, archive: archive.name)
    }
    session.reporter.print(Self.line(["depth", "created", "entries", "chunks", "stored", "restore reads", "name"]))
    for member in usage.members {
      session.reporter.print(line(member))
      session.reporter.emit(json(member))
    }
    for member in usage.members {
      guard let error = member.error else { continue }
      session.reporter.warning(Failure(.partial, error.reason, input: archive.name))
    }
    if !usage.isComplete {
      session.reporter.note("parts of the tree are in archives that are not there", subject: archive.name.display)
    }
  }

  private static let widths = [5, 20, 9, 9, 12, 13]

  private static func line(_ columns: [String]) -> String {
    columns.enumerated().map { index, column in
      guard index < widths.count else { return "  " + column }
      let padding = String(repeating: " ", count: max(0, widths[index] - column.count))
      return (index > 0 ? "  " : "") + (index == 1 ? column + padding : padding + column)
    }.joined()
  }

  private func name(_ member: ChainMemberUsage) -> String {
    let name = member.name.isEmpty ? archive.name.display : Escaping.visible(Array(member.name.utf8))
    if member.error != nil { return name + "  [not there]" }
    if member.isIndex { return name + "  [index only]" }
    if let holder = member.holder, holder != member.depth { return name + "  [merged into depth \(holder)]" }
    return name
  }

  private func line(_ member: ChainMemberUsage) -> String {
    let footer = member.summary?.footer
    return Self.line([
      "\(member.depth)",
      member.summary.map { $0.superblock.creationTime.rfc3339(fractionDigits: 0) } ?? "-",
      footer.map { "\($0.entries)" } ?? "-", footer.map { "\($0.chunks)" } ?? "-",
      footer.map { "\($0.storedBytes)" } ?? "-", "\(member.readBytes)", name(member),
    ])
  }

  private func json(_ member: ChainMemberUsage) -> JSONValue {
    var object: JSONValue = ["type": "member", "v": 1, "command": "list"]
    object.add(archive.name.path.map { JSONValue.path($0, key: "archive") } ?? [JSONValue.Member("archive", .null)])
    object.add("depth", .uint(UInt64(member.depth)))
    object.add("name", .string(member.name.isEmpty ? archive.name.display : member.name))
    object.add("uuid", .string(member.uuid.description))
    object.add("found", .bool(member.error == nil))
    if member.isIndex { object.add("index", .bool(true)) }
    if let holder = member.holder { object.add("holder", .uint(UInt64(holder))) }
    if let summary = member.summary {
      object.add("created", .string(summary.superblock.creationTime.rfc3339(fractionDigits: 9)))
      object.add("entries", .uint(summary.footer.entries))
      object.add("chunks", .uint(summary.footer.chunks))
      object.add("stored_bytes", .uint(summary.footer.storedBytes))
    }
    object.add("used_bytes", .uint(member.usedBytes))
    object.add("read_bytes", .uint(member.readBytes))
    return object
  }
}
