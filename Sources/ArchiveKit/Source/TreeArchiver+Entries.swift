// SPDX-License-Identifier: Apache-2.0

/// Entries from what the file system says.
internal import CodecKit
internal import SystemIO

extension TreeArchiver {
  /// What the status says.
  func entry(_ path: [UInt8], _ kind: ArchiveEntry.Kind, _ status: FileStatus) -> ArchiveEntry {
    var entry = ArchiveEntry(path, kind)
    entry.apply(status)
    entry.owner = owner(uid: status.uid, gid: status.gid)
    if writer == nil, kind == .file { entry.size = UInt64(clamping: status.size) }
    return entry
  }

  /// Neighbours mostly belong to the same people, and then share the names in memory.
  func owner(uid: UInt32, gid: UInt32) -> ArchiveEntry.Owner {
    if options.overridesOwner { return ArchiveEntry.Owner(uid: 0, gid: 0) }
    if let lastOwner, lastOwner.uid == uid, lastOwner.gid == gid { return lastOwner }
    var owner = ArchiveEntry.Owner(uid: uid, gid: gid)
    if !options.usesNumericOwners {
      owner.user = accounts.userName(uid) ?? []
      owner.group = accounts.groupName(gid) ?? []
    }
    lastOwner = owner
    return owner
  }

  /// By what a later archive may see that nothing has changed; `nil` when something changed so lately that a further
  /// change could bear the same time.
  func stamp(_ status: FileStatus) -> Stamp? {
    let changed = status.changeTime
    var limit = clock()
    limit.seconds -= 2
    guard changed < limit else { return nil }
    return Stamp(inode: status.inode, seconds: changed.seconds, nanoseconds: changed.nanoseconds)
  }

  /// Adds the extended attributes that can be read.
  func addAttributes(
    to entry: inout ArchiveEntry, names: () throws(IOError) -> [[UInt8]],
    value: ([UInt8]) throws(IOError) -> [UInt8]?
  ) {
    guard options.storesAttributes, writer != nil else { return }
    var refusal: IOError?
    do throws(IOError) {
      for name in try names() {
        do throws(IOError) {
          if let value = try value(name) { entry.attributes.append(ExtendedAttribute(name: name, value: value)) }
        } catch {
          refusal = error
        }
      }
    } catch {
      refusal = error
    }
    if let refusal { warn(entry.path, .attributes, refusal) }
  }

  /// Whether an archive can hold an entry with so many attributes; warns when it cannot.
  func fits(_ entry: ArchiveEntry) -> Bool {
    if entry.attributes.isEmpty { return true }
    let length = entry.attributes.reduce(0) { $0 + $1.name.count + $1.value.count + 8 }
    // Room is left for all the rest, content included.
    if length + (512 << 10) <= TreeBlockEncoder.maximumEntryLength { return true }
    warn(entry.path, .tooLarge)
    return false
  }

  /// Takes a further name of a file that has been taken already.
  ///
  /// - Returns: whether it is one.
  func takeFurtherName(
    _ path: [UInt8], _ status: FileStatus, _ kind: ArchiveEntry.Kind
  ) throws(ArchiveError) -> Bool {
    guard status.links > 1, let known = links.take(status, kind) else { return false }
    var entry = known.entry
    entry.path = path
    report.hardLinks += 1
    options.entryTaken?(entry)
    try writer?.add(entry, known.stamp)
    return true
  }

  /// Takes an entry with nothing in it, or what will never be known of a file.
  func take(_ given: ArchiveEntry, _ stamp: Stamp?, _ status: FileStatus) throws(ArchiveError) {
    guard fits(given) else { return }
    var entry = given
    try note(&entry, stamp, status)
    guard let writer else { return }
    if entry.kind == .file {
      try writer.beginFile(entry)
      try writer.endFile(entry, stamp)
    } else {
      try writer.add(entry, stamp)
    }
  }

  /// Counts an entry, and remembers it if the same file may come by another name.
  func note(_ entry: inout ArchiveEntry, _ stamp: Stamp?, _ status: FileStatus) throws(ArchiveError) {
    count(entry.kind)
    if status.links > 1, entry.kind != .directory {
      entry.linkGroup = links.group(status, like: try writer?.parentEntry(at: entry.path))
      links.note(status, entry, stamp)
    }
    options.entryTaken?(entry)
  }

  func count(_ kind: ArchiveEntry.Kind) {
    switch kind {
    case .file: report.files += 1
    case .directory: report.directories += 1
    case .symbolicLink: report.symbolicLinks += 1
    case .fifo, .characterDevice, .blockDevice: report.specialFiles += 1
    }
  }
}

extension ArchiveEntry {
  /// Takes over what the status says, but for the owner.
  mutating func apply(_ status: FileStatus) {
    mode = UInt16(truncatingIfNeeded: status.mode.rawValue)
    modificationTime = status.modificationTime
  }
}
