// SPDX-License-Identifier: Apache-2.0

/// A folder that takes the place of another one as a whole.
internal import BackupKit
internal import SystemIO

/// A new folder beside an old one. The old one is there until the new one is complete and has its name.
struct FolderSwap {
  /// The folder that is to be replaced; it may be missing.
  let target: Path
  /// Where the new one is made.
  let fresh: Path
  private let old: Path

  /// Makes an empty folder beside the target.
  ///
  /// - Parameters:
  ///   - target: what is to be replaced.
  ///   - id: makes the names of the others unique.
  /// - Throws: what the system answered; `EXDEV` for a mount point, which could not be renamed when all else was done.
  init(_ target: Path, _ id: BackupID) throws(IOError) {
    // A link is followed: what it leads to is the folder that everybody uses.
    let place = try FileSystem.exists(target) ? FileSystem.resolve(target) : target
    if try Self.isMountPoint(place) { throw IOError("replace a mount point", path: place, errno: .crossDevice) }
    self.target = place
    fresh = place.appending(suffix: ".restoring-\(id.short)")
    old = place.appending(suffix: ".replaced-\(id.short)")
    try FileSystem.makeDirectory(fresh, mode: .privateDirectory)
  }

  /// Whether a folder is on another device than what it stands in. One that is not there is not.
  static func isMountPoint(_ folder: Path) throws(IOError) -> Bool {
    guard try FileSystem.exists(folder) else { return false }
    let place = try FileSystem.resolve(folder)
    return try FileSystem.status(of: place).device != FileSystem.status(of: place.parent).device
  }

  /// Gives the new folder owner and mode of the old one, whoever made it.
  private func keepAttributes() throws(IOError) {
    let status = try FileSystem.status(of: target)
    if Machine.effectiveUser == 0 { try FileSystem.setOwner(uid: status.uid, gid: status.gid, of: fresh) }
    try FileSystem.setMode(status.mode.permissions, of: fresh)
  }

  /// Gives the new folder the name of the old one, so that at each moment one of them has it.
  ///
  /// - Throws: what the system answered; the old one is in its place then.
  func swap() throws(IOError) {
    var isExchanged = false
    var renamed: [(from: Path, to: Path)] = []
    do throws(IOError) {
      var renames = [(from: fresh, to: target)]
      if try FileSystem.exists(target) {
        try keepAttributes()
        isExchanged = try exchange()
        renames = isExchanged ? [(from: fresh, to: old)] : [(from: target, to: old)] + renames
      }
      for step in renames {
        try FileSystem.rename(step.from, to: step.to)
        renamed.append(step)
      }
      try FileSystem.syncDirectory(target.parent)
    } catch {
      // Names that may not stay are taken back as well.
      for step in renamed.reversed() { try? FileSystem.rename(step.to, to: step.from) }
      if isExchanged { _ = try? exchange() }
      throw error
    }
  }

  /// Exchanges the names of both folders.
  ///
  /// - Returns: whether the file system can do that. Where it cannot, the name is missing for a moment.
  private func exchange() throws(IOError) -> Bool {
    do throws(IOError) {
      try FileSystem.exchange(fresh, with: target)
      return true
    } catch {
      guard error.errno == .invalidArgument || error.errno == .notImplemented else { throw error }
      return false
    }
  }

  /// Removes what was replaced.
  func removeOld() throws(IOError) { try Self.remove(old) }

  /// Removes the new folder, which is of no use.
  func removeFresh() throws(IOError) { try Self.remove(fresh) }

  private static func remove(_ folder: Path) throws(IOError) {
    guard try FileSystem.exists(folder) else { return }
    let parent = try DirectoryHandle(folder.parent)
    try remove(folder.lastComponent, in: parent)
  }

  private static func remove(_ name: [UInt8], in parent: borrowing DirectoryHandle) throws(IOError) {
    if try parent.status(of: name).kind == .directory {
      let folder = try parent.openDirectory(name)
      for entry in try folder.entries(sorted: false) { try remove(entry.name, in: folder) }
      try parent.removeDirectory(name)
    } else {
      try parent.remove(name)
    }
  }
}
