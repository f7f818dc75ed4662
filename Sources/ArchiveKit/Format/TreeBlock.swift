// SPDX-License-Identifier: Apache-2.0

/// How entries stand in a block of the tree.
internal import CodecKit
internal import SystemIO

/// What an entry carries beside what every entry has.
private struct EntryFlags: OptionSet {
  let rawValue: UInt64
  static let owner = EntryFlags(rawValue: 1)
  static let birth = EntryFlags(rawValue: 2)
  static let maps = EntryFlags(rawValue: 4)
  static let digest = EntryFlags(rawValue: 8)
  static let group = EntryFlags(rawValue: 16)
  static let attributes = EntryFlags(rawValue: 32)
  static let warnings = EntryFlags(rawValue: 64)
  static let extensions = EntryFlags(rawValue: 128)
  static let known: UInt64 = 255
}

/// What an entry is told relative to.
private struct EntryContext {
  var path: [UInt8] = []
  var owner: ArchiveEntry.Owner?
  var seconds: Int64 = 0
  var runs = RunCoding()
}

/// Encodes entries, one after another.
struct TreeBlockEncoder {
  /// The most bytes that one entry may take.
  static let maximumEntryLength = 4 << 20

  private var context = EntryContext()
  private var writer = FieldWriter()
  private(set) var count = 0

  var bytes: [UInt8] { writer.bytes }
  var length: Int { writer.count }

  /// Starts the next block, keeping the memory.
  mutating func removeAll() {
    context = EntryContext()
    writer.removeAll()
    count = 0
  }

  mutating func add(_ entry: ArchiveEntry) {
    let shared = EntryPath.sharedCount(context.path, entry.path)
    writer.varint(shared)
    writer.varint(entry.path.count - shared)
    writer.raw(entry.path[shared...])
    writer.fixed(entry.kind.rawValue)
    let flags = flags(of: entry)
    writer.varint(flags.rawValue)
    writer.varint(UInt64(entry.mode))
    if flags.contains(.owner) {
      writer.varint(UInt64(entry.owner.uid))
      writer.varint(UInt64(entry.owner.gid))
      writer.string(entry.owner.user)
      writer.string(entry.owner.group)
    }
    let time = entry.modificationTime
    writer.signed(time.seconds &- context.seconds)
    writer.fixed(time.nanoseconds)
    if let birth = entry.birthTime {
      writer.signed(birth.seconds &- time.seconds)
      writer.fixed(birth.nanoseconds)
    }
    writeKind(entry)
    if let group = entry.linkGroup {
      writer.varint(UInt64(group.ordinal))
      writer.varint(group.number)
    }
    if !entry.attributes.isEmpty {
      writer.varint(entry.attributes.count)
      for attribute in entry.attributes {
        writer.string(attribute.name)
        writer.string(attribute.value)
      }
    }
    if !entry.warnings.isEmpty { writer.varint(entry.warnings.rawValue) }
    if !entry.extensions.isEmpty {
      writer.varint(entry.extensions.count)
      for item in entry.extensions {
        writer.varint(item.type)
        writer.string(item.value)
      }
    }
    context.path = entry.path
    context.owner = entry.owner
    context.seconds = time.seconds
    count += 1
  }

  private func flags(of entry: ArchiveEntry) -> EntryFlags {
    var flags: EntryFlags = []
    if context.owner != entry.owner { flags.insert(.owner) }
    if entry.birthTime != nil { flags.insert(.birth) }
    if case .maps = entry.content { flags.insert(.maps) }
    if entry.kind == .file, entry.digest != nil { flags.insert(.digest) }
    if entry.linkGroup != nil { flags.insert(.group) }
    if !entry.attributes.isEmpty { flags.insert(.attributes) }
    if !entry.warnings.isEmpty { flags.insert(.warnings) }
    if !entry.extensions.isEmpty { flags.insert(.extensions) }
    return flags
  }

  private mutating func writeKind(_ entry: ArchiveEntry) {
    switch entry.kind {
    case .file:
      writer.varint(entry.size)
      writer.varint(entry.cut.code)
      if entry.size > 0 {
        switch entry.content {
        case .runs(let runs): context.runs.write(runs, size: entry.size, to: &writer)
        case .maps(let maps):
          writer.varint(maps.count)
          for map in maps {
            writer.varint(UInt64(map.ordinal))
            writer.varint(map.block)
            writer.varint(map.length)
            writer.digest(map.digest)
          }
        }
      }
      if let digest = entry.digest { writer.digest(digest) }
    case .symbolicLink: writer.string(entry.target)
    case .characterDevice, .blockDevice:
      writer.varint(UInt64(entry.device.major))
      writer.varint(UInt64(entry.device.minor))
    case .directory, .fifo: break
    }
  }
}

/// Decodes entries, one after another, and refuses what the format forbids.
struct TreeBlockDecoder {
  private var context = EntryContext()
  private var reader: FieldReader
  private let depth: UInt32

  /// - Parameters:
  ///   - bytes: the block, decoded.
  ///   - depth: the depth of the archive whose tree it belongs to.
  init(_ bytes: [UInt8], depth: UInt32) {
    reader = FieldReader(bytes)
    self.depth = depth
  }

  /// Goes on behind something that stands before the entries.
  init(_ reader: FieldReader, depth: UInt32) {
    self.reader = reader
    self.depth = depth
  }

  /// The next entry; `nil` at the end.
  mutating func next() throws(ArchiveError) -> ArchiveEntry? {
    guard !reader.isAtEnd else { return nil }
    let start = reader.position
    let shared = try reader.varint()
    guard shared <= UInt64(context.path.count) else { throw .corrupt("a path shares more than there is") }
    let path = Array(context.path[..<Int(shared)]) + (try reader.string())
    guard let kind = ArchiveEntry.Kind(rawValue: try reader.fixed()) else {
      throw ArchiveError(.unsupportedFeature, "an entry has an unknown kind", path: path)
    }
    var entry = ArchiveEntry(path, kind)
    do throws(ArchiveError) {
      try readFields(&entry)
    } catch {
      throw error.about(path)
    }
    guard reader.position - start <= TreeBlockEncoder.maximumEntryLength else {
      throw .corrupt("an entry is larger than any may be")
    }
    if let fault = EntryPath.fault(in: path) { throw ArchiveError(.unsafeTree, fault, path: path) }
    context.path = path
    context.owner = entry.owner
    context.seconds = entry.modificationTime.seconds
    return entry
  }

  private mutating func readFields(_ entry: inout ArchiveEntry) throws(ArchiveError) {
    let flags = EntryFlags(rawValue: try reader.varint())
    guard flags.rawValue & ~EntryFlags.known == 0 else {
      throw ArchiveError(.unsupportedFeature, "an entry has an unknown flag")
    }
    guard let mode = UInt16(exactly: try reader.varint()), mode <= 0o7777 else {
      throw .corrupt("an entry has impossible permissions")
    }
    entry.mode = mode
    if flags.contains(.owner) {
      guard let uid = UInt32(exactly: try reader.varint()), let gid = UInt32(exactly: try reader.varint()) else {
        throw .corrupt("an entry has an impossible owner")
      }
      entry.owner = .init(uid: uid, gid: gid, user: try reader.string(), group: try reader.string())
    } else {
      guard let owner = context.owner else { throw .corrupt("the first entry of a block has no owner") }
      entry.owner = owner
    }
    entry.modificationTime = try readTime(after: context.seconds)
    if flags.contains(.birth) { entry.birthTime = try readTime(after: entry.modificationTime.seconds) }
    guard entry.kind == .file || (!flags.contains(.maps) && !flags.contains(.digest)) else {
      throw .corrupt("what is no file has content")
    }
    try readKind(&entry, flags)
    if flags.contains(.group) {
      guard let ordinal = UInt32(exactly: try reader.varint()), ordinal <= depth else {
        throw .corrupt("a hard link is of an archive that is no ancestor")
      }
      guard entry.kind != .directory else { throw .corrupt("a directory is a hard link") }
      entry.linkGroup = .init(ordinal: ordinal, number: try reader.varint())
    }
    if flags.contains(.attributes) {
      for _ in 0..<(try reader.count(eachAtLeast: 2)) {
        let name = try reader.string()
        guard !name.isEmpty, name.count <= 255, !name.contains(0) else {
          throw .corrupt("an extended attribute has an impossible name")
        }
        entry.attributes.append(ExtendedAttribute(name: name, value: try reader.string()))
      }
    }
    if flags.contains(.warnings) { entry.warnings = .init(rawValue: try reader.varint()) }
    if flags.contains(.extensions) {
      for _ in 0..<(try reader.count(eachAtLeast: 2)) {
        let type = try reader.varint()
        guard type & 1 == 0 else {
          throw ArchiveError(.unsupportedFeature, "an entry has an extension that must be understood")
        }
        entry.extensions.append(.init(type: type, value: try reader.string()))
      }
    }
  }

  private mutating func readTime(after base: Int64) throws(ArchiveError) -> Timestamp {
    let seconds = base &+ (try reader.signed())
    let nanoseconds: UInt32 = try reader.fixed()
    guard nanoseconds < 1_000_000_000 else { throw .corrupt("a time has impossible nanoseconds") }
    return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
  }

  private mutating func readKind(_ entry: inout ArchiveEntry, _ flags: EntryFlags) throws(ArchiveError) {
    switch entry.kind {
    case .file:
      entry.size = try reader.varint()
      guard entry.size <= UInt64(Int64.max) else { throw .corrupt("a file has an impossible size") }
      entry.cut = CutRule(code: try reader.varint())
      if entry.size > 0 {
        entry.content =
          flags.contains(.maps)
          ? .maps(try readMaps(size: entry.size))
          : .runs(
            try context.runs.read(
              size: entry.size, depth: depth, limit: TreeBlockEncoder.maximumEntryLength / 2, from: &reader))
      } else if flags.contains(.maps) {
        throw .corrupt("an empty file has content")
      }
      if flags.contains(.digest) { entry.digest = try reader.digest() }
    case .symbolicLink:
      entry.target = try reader.string()
      guard !entry.target.isEmpty, !entry.target.contains(0) else {
        throw ArchiveError(.unsafeTree, "a symbolic link leads nowhere")
      }
    case .characterDevice, .blockDevice:
      guard let major = UInt32(exactly: try reader.varint()), let minor = UInt32(exactly: try reader.varint()) else {
        throw .corrupt("a device has impossible numbers")
      }
      entry.device = (major, minor)
    case .directory, .fifo: break
    }
  }

  private mutating func readMaps(size: UInt64) throws(ArchiveError) -> [MapReference] {
    var maps: [MapReference] = []
    var total: UInt64 = 0
    for _ in 0..<(try reader.count(eachAtLeast: 35)) {
      guard let ordinal = UInt32(exactly: try reader.varint()), ordinal <= depth else {
        throw .corrupt("a map lies in an archive that is no ancestor")
      }
      let block = try reader.varint()
      let length = try reader.varint()
      maps.append(
        MapReference(ordinal: ordinal, block: block, length: length, digest: try reader.digest()))
      let (sum, overflow) = total.addingReportingOverflow(length)
      guard length > 0, !overflow else { throw .corrupt("a map covers an impossible length") }
      total = sum
    }
    guard total == size else { throw .corrupt("a file's content is not as long as the file") }
    return maps
  }
}
