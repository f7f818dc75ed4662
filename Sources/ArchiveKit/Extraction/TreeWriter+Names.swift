// SPDX-License-Identifier: Apache-2.0

/// Names in the target: what is there already, directories, links, devices.
internal import SystemIO

extension TreeWriter {
  enum Decision { case create, replace, keep }

  /// What to do about what has the name already.
  func decide(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) -> Decision {
    if let parent = EntryPath.parent(of: path), ownDirectories.contains(parent) { return .create }
    do throws(IOError) {
      let (directory, name) = try session.target.place(of: path)
      let status: FileStatus
      do throws(IOError) {
        status = try directory.handle.status(of: name)
      } catch {
        if error.errno == .noSuchFile { return .create }
        throw error
      }
      let isKept: Bool
      switch options.overwrite {
      case .never: throw IOError("replace", path: Path(path), errno: .exists)
      case .always: isKept = false
      case .newer: isKept = status.modificationTime >= entry.modificationTime
      case .changed:
        isKept =
          entry.kind == .file && status.kind == .regular && UInt64(status.size) == entry.size
          && status.modificationTime == entry.modificationTime
      }
      if isKept {
        report.unchanged += 1
        return .keep
      }
      guard status.kind != .directory else { throw IOError("replace", path: Path(path), errno: .isDirectory) }
      return .replace
    } catch {
      throw ArchiveError(error, path: entry.path)
    }
  }

  /// Gives a file that keeps its content the owner, the mode and the attributes of the entry, where it has others.
  func refresh(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) {
    do throws(IOError) {
      let (directory, name) = try session.target.place(of: path)
      let status = try directory.handle.status(of: name)
      let rules = session.rules
      var isSame = status.mode == rules.mode(entry)
      if let owner = rules.owner(entry) { isSame = isSame && status.uid == owner.uid && status.gid == owner.gid }
      for attribute in rules.extendedAttributes(entry).set where isSame {
        isSame = try directory.handle.extendedAttribute(attribute.name, of: name) == attribute.value
      }
      if !isSame { try session.apply(entry, to: name, in: directory) }
    } catch {
      report.problems.append(
        .init(path: entry.path, kind: .metadata, error: ArchiveError(error, path: entry.path)))
    }
  }

  /// Whether something has the name already.
  func isTaken(_ path: [UInt8]) throws(ArchiveError) -> Bool {
    do throws(IOError) {
      let (directory, name) = try session.target.place(of: path)
      _ = try directory.handle.status(of: name)
      return true
    } catch {
      if error.errno == .noSuchFile { return false }
      throw ArchiveError(error, path: path)
    }
  }

  /// Makes a directory and those above it, where they are missing.
  func makeDirectories(_ path: [UInt8]) throws(ArchiveError) {
    if knownDirectories.contains(path) { return }
    if let parent = EntryPath.parent(of: path) { try makeDirectories(parent) }
    do throws(IOError) {
      let (directory, name) = try session.target.place(of: path)
      do throws(IOError) {
        try directory.handle.makeDirectory(name)
        ownDirectories.insert(path)
      } catch {
        guard error.errno == .exists else { throw error }
        let status = try directory.handle.status(of: name)
        if status.kind != .directory {
          // A link in the way is never followed, and what this run has made stays.
          guard options.overwrite == .always, !ownNames.contains(path) else { throw error }
          try directory.handle.remove(name)
          try directory.handle.makeDirectory(name)
          ownDirectories.insert(path)
        }
      }
      knownDirectories.insert(path)
    } catch {
      throw ArchiveError(error, path: path)
    }
  }

  func makeLink(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) {
    guard let group = entry.linkGroup, let first = groups[group] else { return }
    _ = try put(entry, path) { (directory: SharedDirectory, name: [UInt8]) throws(IOError) in
      let (other, existing) = try session.target.place(of: first)
      try directory.handle.makeHardLink(name, to: existing, in: other.handle)
    }
    report.files += entry.kind == .file ? 1 : 0
  }

  func makeSpecial(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) {
    if let group = entry.linkGroup, groups[group] != nil { return try makeLink(entry, path) }
    let isDevice = entry.kind == .characterDevice || entry.kind == .blockDevice
    if isDevice, !options.allowsSpecial || !Account.isSuperuser {
      throw ArchiveError(.invalidOption, "devices are left out", path: entry.path)
    }
    let isMade = try put(entry, path) { (directory: SharedDirectory, name: [UInt8]) throws(IOError) in
      switch entry.kind {
      case .symbolicLink: try directory.handle.makeSymbolicLink(name, to: Path(entry.target))
      case .fifo: try directory.handle.makeFIFO(name)
      default:
        try directory.handle.makeDevice(
          name, kind: entry.kind == .blockDevice ? .block : .character,
          number: DeviceNumber(major: entry.device.major, minor: entry.device.minor))
      }
      do throws(IOError) {
        try session.apply(entry, to: name, in: directory)
      } catch {
        report.problems.append(
          .init(path: entry.path, kind: .metadata, error: ArchiveError(error, path: entry.path)))
      }
    }
    if isMade { note(first: path, of: entry) }
    report.others += 1
  }

  /// Makes something that is no file of content, in place of what is there if that may be.
  ///
  /// - Returns: whether it was made; `false` when what was there has been kept.
  private func put(
    _ entry: ArchiveEntry, _ path: [UInt8], _ make: (SharedDirectory, [UInt8]) throws(IOError) -> Void
  ) throws(ArchiveError) -> Bool {
    let decision = try decide(entry, path)
    if decision == .keep { return false }
    do throws(IOError) {
      let (directory, name) = try session.target.place(of: path)
      guard decision == .replace else {
        try make(directory, name)
        return true
      }
      let temporary = try TemporaryName.make()
      try make(directory, temporary)
      do throws(IOError) {
        try directory.handle.rename(temporary, to: name)
      } catch {
        try? directory.handle.remove(temporary)
        throw error
      }
      return true
    } catch {
      throw ArchiveError(error, path: entry.path)
    }
  }
}
