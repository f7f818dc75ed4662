// SPDX-License-Identifier: Apache-2.0

/// What has not changed since the parent was made, and so is not read.
internal import CodecKit
internal import SystemIO

extension TreeArchiver {
  /// What the parent has under a path, if that can tell whether it has changed.
  private func stamped(_ path: [UInt8]) throws(ArchiveError) -> ParentEntry? {
    guard let writer, !options.isParanoid, let parent = try writer.parentEntry(at: path), parent.stamp != nil else {
      return nil
    }
    return parent
  }

  /// Takes a name as the parent has it, if what it stands for has not changed.
  ///
  /// - Returns: whether it has not.
  func takeUnchanged(_ name: SourceName) throws(ArchiveError) -> Bool {
    guard let parent = try stamped(name.path) else { return false }
    // What went wrong is said by whoever opens it.
    guard let status = try? name.directory.handle.status(of: name.name) else { return false }
    if isOutput(status) { return false }
    guard isUnchanged(parent, status) else { return false }
    return try take(unchanged: parent, status)
  }

  /// Takes what has a known status as the parent has it, if it has not changed.
  func takeUnchanged(_ path: [UInt8], _ status: FileStatus) throws(ArchiveError) -> Bool {
    guard let parent = try stamped(path), isUnchanged(parent, status) else { return false }
    return try take(unchanged: parent, status)
  }

  /// The time of the last change would do, were it not that clocks are set back and files put in each other's place.
  /// The device is not compared: its number changes from one boot to the next, and the path tells as much.
  private func isUnchanged(_ parent: ParentEntry, _ status: FileStatus) -> Bool {
    guard let stamp = parent.stamp, stamp.inode == status.inode, stamp.seconds == status.changeTime.seconds,
      stamp.nanoseconds == status.changeTime.nanoseconds
    else { return false }
    let entry = parent.entry
    return entry.kind == ArchiveEntry.Kind(status.kind) && entry.modificationTime == status.modificationTime
      && (entry.kind != .file || entry.size == UInt64(clamping: status.size))
      && (entry.kind == .directory || (entry.linkGroup != nil) == (status.links > 1))
      && entry.owner == owner(uid: status.uid, gid: status.gid)
      && (options.storesAttributes || entry.attributes.isEmpty)
  }

  private func take(unchanged parent: ParentEntry, _ status: FileStatus) throws(ArchiveError) -> Bool {
    let entry = parent.entry
    var isFurtherName = false
    if let group = entry.linkGroup {
      // Of a file with several names, all must agree which group they are.
      switch links.adopt(group, status, entry, parent.stamp) {
      case .refused: return false
      case .first: break
      case .further: isFurtherName = true
      }
    }
    if isFurtherName { report.hardLinks += 1 } else { count(entry.kind) }
    report.unchanged += 1
    options.entryTaken?(entry)
    try writer?.add(unchanged: parent)
    return true
  }
}

extension ArchiveEntry.Kind {
  /// - Returns: `nil` for what no archive holds.
  fileprivate init?(_ kind: FileKind) {
    switch kind {
    case .regular: self = .file
    case .directory: self = .directory
    case .symbolicLink: self = .symbolicLink
    case .fifo: self = .fifo
    case .characterDevice: self = .characterDevice
    case .blockDevice: self = .blockDevice
    default: return nil
    }
  }
}
