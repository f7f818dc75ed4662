// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CommandLineKit
import SystemIO

/// An entry of a `.cka` archive, for people and for machines.
struct CkaEntryReport {
  /// The archive, where it matters.
  let archive: InputName?
  let entry: ArchiveEntry

  /// The name, with a slash behind that of a directory.
  var name: String {
    (entry.path.isEmpty ? "." : Escaping.visible(entry.path)) + (entry.kind == .directory ? "/" : "")
  }

  /// Permissions, owner, size, time, name and target.
  var line: String {
    let owner = "\(user)/\(group)"
    let size = sizeText
    // Owner and size share a column: long names take from the room before a short size.
    let padding = String(repeating: " ", count: max(1, 36 - owner.count - size.count))
    var line = "\(permissions) \(owner)\(padding)\(size)  \(entry.modificationTime)  \(name)"
    if entry.kind == .symbolicLink { line += " -> " + Escaping.visible(entry.target) }
    if entry.warnings.contains(.unreadable) { line += "  [incomplete]" }
    if entry.warnings.contains(.changed) { line += "  [changed while it was read]" }
    return line
  }

  private var sizeText: String {
    switch entry.kind {
    case .file: String(entry.size)
    case .characterDevice, .blockDevice: "\(entry.device.major),\(entry.device.minor)"
    default: "-"
    }
  }

  private var user: String {
    entry.owner.user.isEmpty ? String(entry.owner.uid) : Escaping.visible(entry.owner.user)
  }

  private var group: String {
    entry.owner.group.isEmpty ? String(entry.owner.gid) : Escaping.visible(entry.owner.group)
  }

  /// As `ls` writes them: `drwxr-sr-t`.
  private var permissions: String {
    let kind: Character =
      switch entry.kind {
      case .file: "-"
      case .directory: "d"
      case .symbolicLink: "l"
      case .fifo: "p"
      case .characterDevice: "c"
      case .blockDevice: "b"
      }
    let mode = entry.mode
    func execution(_ bit: UInt16, _ special: UInt16, _ letter: String) -> String {
      switch (mode & bit != 0, mode & special != 0) {
      case (true, true): letter
      case (false, true): letter.uppercased()
      case (true, false): "x"
      case (false, false): "-"
      }
    }
    func read(_ shift: UInt16) -> String {
      (mode >> shift & 4 != 0 ? "r" : "-") + (mode >> shift & 2 != 0 ? "w" : "-")
    }
    return String(kind) + read(6) + execution(0o100, 0o4000, "s") + read(3) + execution(0o010, 0o2000, "s") + read(0)
      + execution(0o001, 0o1000, "t")
  }

  /// One JSON object.
  func json(command: String) -> JSONValue {
    var object: JSONValue = ["type": "entry", "v": 1, "command": .string(command)]
    object.add(archive?.path.map { JSONValue.path($0, key: "archive") } ?? [JSONValue.Member("archive", .null)])
    object.add(JSONValue.path(entry.path))
    object.add("kind", .string(kindName))
    object.add("mode", .string(FileMode(rawValue: UInt32(entry.mode)).description))
    object.add("uid", .uint(UInt64(entry.owner.uid)))
    object.add("gid", .uint(UInt64(entry.owner.gid)))
    if !entry.owner.user.isEmpty { object.add("user", .string(String(decoding: entry.owner.user, as: UTF8.self))) }
    if !entry.owner.group.isEmpty { object.add("group", .string(String(decoding: entry.owner.group, as: UTF8.self))) }
    object.add("mtime", .string(entry.modificationTime.rfc3339(fractionDigits: 9)))
    if entry.kind == .file { object.add("size", .uint(entry.size)) }
    if entry.kind == .symbolicLink { object.add(JSONValue.path(entry.target, key: "target")) }
    if entry.kind == .characterDevice || entry.kind == .blockDevice {
      object.add("major", .uint(UInt64(entry.device.major)))
      object.add("minor", .uint(UInt64(entry.device.minor)))
    }
    if let group = entry.linkGroup { object.add("link_group", .uint(group.number)) }
    if !entry.attributes.isEmpty { object.add("xattrs", .uint(UInt64(entry.attributes.count))) }
    if !entry.warnings.isEmpty { object.add("incomplete", .bool(true)) }
    return object
  }

  private var kindName: String {
    switch entry.kind {
    case .file: "file"
    case .directory: "directory"
    case .symbolicLink: "link"
    case .fifo: "fifo"
    case .characterDevice: "character_device"
    case .blockDevice: "block_device"
    }
  }
}
