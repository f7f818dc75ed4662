// SPDX-License-Identifier: Apache-2.0

/// Status, permissions, owner and times of an open file.
internal import Glibc

extension FileHandle {
  /// The attributes of the open file.
  ///
  /// - Throws: What the system answered.
  public func status() throws(IOError) -> FileStatus {
    let target = descriptor
    var raw = Glibc.stat()
    try Syscalls.run(.fstat, "get the status", path: path, descriptor: target) { _ in
      unsafe Int(fstat(target, &raw))
    }
    return FileStatus(raw)
  }

  /// Sets the permission bits; the umask has no part in it.
  ///
  /// - Throws: What the system answered, such as `EPERM`.
  public func setMode(_ mode: FileMode) throws(IOError) {
    let target = descriptor
    try Syscalls.run(.fchmod, "set the mode", path: path, descriptor: target) { _ in
      Int(fchmod(target, mode.rawValue))
    }
  }

  /// Sets user and group; nil leaves one as it is. The kernel clears the set-ID bits, so set the mode afterwards.
  ///
  /// - Throws: What the system answered; `EPERM` for whoever may not give files away.
  public func setOwner(uid: UInt32?, gid: UInt32?) throws(IOError) {
    let target = descriptor
    try Syscalls.run(.fchown, "set the owner", path: path, descriptor: target) { _ in
      Int(fchown(target, uid ?? UInt32.max, gid ?? UInt32.max))
    }
  }

  /// Sets the times of the last read and the last change; nil leaves one as it is.
  ///
  /// - Throws: What the system answered.
  public func setTimes(access: Timestamp?, modification: Timestamp?) throws(IOError) {
    let target = descriptor
    let times = [access?.rawTime ?? unchangedTime, modification?.rawTime ?? unchangedTime]
    try Syscalls.run(.futimens, "set the times", path: path, descriptor: target) { _ in
      unsafe Int(futimens(target, times))
    }
  }

  /// Sets all that `attributes` names, in the order in which none undoes another: owner, mode, times.
  ///
  /// - Throws: What the system answered.
  public func apply(_ attributes: FileAttributes) throws(IOError) {
    var mode = attributes.mode
    if let owner = attributes.owner {
      do throws(IOError) {
        try setOwner(uid: owner.uid, gid: owner.gid)
      } catch {
        guard !attributes.requiresOwner && error.errno == .notPermitted else { throw error }
        mode = try applyGroup(owner.gid, mode: mode)
      }
    }
    if let mode { try setMode(mode) }
    if attributes.accessTime != nil || attributes.modificationTime != nil {
      try setTimes(access: attributes.accessTime, modification: attributes.modificationTime)
    }
  }

  /// Sets the group where the user cannot be set, and returns what is left of the mode.
  private func applyGroup(_ gid: UInt32, mode: FileMode?) throws(IOError) -> FileMode? {
    var grantsGroup = true
    do throws(IOError) {
      try setOwner(uid: nil, gid: gid)
    } catch {
      guard error.errno == .notPermitted else { throw error }
      grantsGroup = false
    }
    guard let mode else { return nil }
    let plain = mode.permissions.rawValue
    if grantsGroup { return FileMode(rawValue: plain) }
    // The file belongs to a group that was not meant: it gets no more than everybody gets.
    let others = plain & 0o007
    return FileMode(rawValue: (plain & 0o707) | (plain & 0o070 & (others << 3)))
  }
}

/// UTIME_OMIT, a macro Swift cannot see.
var unchangedTime: timespec { timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2) }
