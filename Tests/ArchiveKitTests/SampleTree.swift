// SPDX-License-Identifier: Apache-2.0

// A small tree with everything in it that an entry can have.

import CodecKit
import SystemIO
import TestSupport

@testable import ArchiveKit

/// Entries in order, and the content of the files.
struct SampleTree {
  private(set) var entries: [ArchiveEntry] = []
  private(set) var contents: [[UInt8]: [UInt8]] = [:]

  init() {
    var top = ArchiveEntry([], .directory)
    top.mode = 0o755
    entries.append(top)
    add("a", .directory) { $0.mode = 0o1777 }
    add("a/empty", .file, []) { _ in }
    add("a/fifo", .fifo) { $0.mode = 0o600 }
    add("a/link", .symbolicLink) { $0.target = Array("../b/\u{fe}x".utf8) + [0xFF] }
    add("a/one", .file, [7]) { $0.modificationTime = Timestamp(seconds: -86_401, nanoseconds: 999_999_999) }
    add("a/tty", .characterDevice) { $0.device = (5, 1 << 19) }
    add("a!", .file, Array("behind the directory".utf8)) { $0.modificationTime = Timestamp(seconds: 1 << 33) }
    let shared = Self.bytes(200_000, 2)
    let group = ArchiveEntry.LinkGroup(ordinal: 0, number: 1)
    add("b", .directory) { $0.owner = .init(uid: 1000, gid: .max, user: Array("jos\u{e9}".utf8), group: []) }
    add("b/first", .file, shared) { $0.linkGroup = group }
    add("b/second", .file, shared) { $0.linkGroup = group }
    add("b/text", .file, TestInputs.bytes(.text, 3_000_000)) {
      $0.cut = .contentDefined
      $0.birthTime = Timestamp(seconds: 1_500_000_000, nanoseconds: 5)
      $0.attributes = [
        ExtendedAttribute(name: Array("user.colour".utf8), value: [0, 1, 255]),
        ExtendedAttribute(name: Array("user.empty".utf8), value: []),
      ]
    }
    add("b/twice", .file, TestInputs.bytes(.text, 3_000_000)) { $0.cut = .contentDefined }
    add("c", .file, Self.bytes(2_500_000, 9)) {
      $0.cut = .pages(size: 16 << 10)
      $0.warnings = [.changed]
    }
    add("d", .blockDevice) { $0.device = (8, 3) }
  }

  /// Writes it.
  func archive(_ configure: (inout ArchiveWriterOptions) -> Void) throws(ArchiveError) -> [UInt8] {
    let output = MemoryArchiveOutput()
    let writer = try ArchiveWriter(to: output, .init(configure))
    var groups: Set<ArchiveEntry.LinkGroup> = []
    for entry in entries {
      if let group = entry.linkGroup, !groups.insert(group).inserted {
        try writer.add(entry)
      } else if let content = contents[entry.path] {
        try writer.add(entry, content, entry.cut)
      } else {
        try writer.add(entry)
      }
    }
    _ = try writer.finish()
    return output.bytes
  }

  private mutating func add(
    _ path: String, _ kind: ArchiveEntry.Kind, _ content: [UInt8]? = nil, _ configure: (inout ArchiveEntry) -> Void
  ) {
    var entry = ArchiveEntry(Array(path.utf8), kind)
    entry.mode = 0o644
    entry.modificationTime = Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_789)
    configure(&entry)
    entries.append(entry)
    if let content { contents[entry.path] = content }
  }

  static func bytes(_ count: Int, _ seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return random.bytes(count)
  }
}

extension ArchiveWriter {
  /// Adds a file whose content is in memory.
  func add(_ entry: ArchiveEntry, _ content: [UInt8], _ rule: CutRule) throws(ArchiveError) {
    try beginFile(entry)
    try append(content[...], rule)
    try endFile(entry)
  }

  /// Adds bytes of a file.
  func append(_ content: ArraySlice<UInt8>, _ rule: CutRule) throws(ArchiveError) {
    var rest = content
    try append(rule) { (room: inout OutputRawSpan) throws(ArchiveError) -> Int in
      let piece = rest.prefix(100_000)
      let count = unsafe room.append(prefixOf: piece.span.bytes)
      rest = rest.dropFirst(count)
      return count
    }
  }
}

extension ArchiveReader {
  /// All bytes of a file, or a part of them.
  func content(of entry: ArchiveEntry, range: Range<UInt64>? = nil) throws(ArchiveError) -> [UInt8] {
    var content: [UInt8] = []
    try read(entry, range: range) { (bytes: RawSpan) throws(ArchiveError) in
      unsafe bytes.withUnsafeBytes { unsafe content.append(contentsOf: $0) }
    }
    return content
  }
}
