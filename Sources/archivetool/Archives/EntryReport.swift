// SPDX-License-Identifier: Apache-2.0

import CommandLineKit

/// An entry of an archive, for people and for machines.
struct EntryReport {
  let archive: InputName
  let entry: ArchiveEntry
  /// Of a file.
  let sizes: ArchiveEntry.Sizes?

  /// The name, with a slash behind that of a directory.
  var name: String { Escaping.visible(entry.name) + (entry.kind == .directory ? "/" : "") }

  /// Plain size, packed size and name.
  var line: String { column(sizes?.content) + "  " + column(sizes?.packed) + "  " + name }

  private func column(_ size: UInt64?) -> String {
    let text = size.map { String($0) } ?? "-"
    return String(repeating: " ", count: max(0, 14 - text.count)) + text
  }

  /// One JSON object.
  func json(command: String) -> JSONValue {
    var object: JSONValue = ["type": "entry", "v": 1, "command": .string(command)]
    object.add(archive.path.map { JSONValue.path($0, key: "archive") } ?? [JSONValue.Member("archive", .null)])
    object.add(JSONValue.path(entry.name))
    object.add("kind", .string(entry.kind.rawValue))
    if let sizes {
      object.add("size", .uint(sizes.content))
      object.add("packed_size", .uint(sizes.packed))
    }
    return object
  }
}
