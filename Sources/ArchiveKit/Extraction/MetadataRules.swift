// SPDX-License-Identifier: Apache-2.0

/// Which metadata an extracted file gets.
internal import SystemIO

/// Turns what an entry says into what the file system is told.
struct MetadataRules: Sendable {
  let restoresOwners: Bool
  let usesNumericOwners: Bool
  let allowsSpecial: Bool
  let accounts = AccountNames()

  init(_ options: ExtractionOptions) {
    restoresOwners = options.restoresOwners
    usesNumericOwners = options.usesNumericOwners
    allowsSpecial = options.allowsSpecial
  }

  /// The permission bits. Set-ID bits are for those who restore owners: on a file of another owner they mean something
  /// else.
  func mode(_ entry: ArchiveEntry) -> FileMode {
    let mode = FileMode(rawValue: UInt32(entry.mode))
    return restoresOwners ? mode : mode.removing(FileMode(rawValue: 0o6000))
  }

  /// Who shall own it; by name where the name means somebody here.
  func owner(_ entry: ArchiveEntry) -> FileAttributes.Owner? {
    guard restoresOwners else { return nil }
    var owner = FileAttributes.Owner(uid: entry.owner.uid, gid: entry.owner.gid)
    if !usesNumericOwners {
      if !entry.owner.user.isEmpty, let uid = accounts.user(named: entry.owner.user) { owner.uid = uid }
      if !entry.owner.group.isEmpty, let gid = accounts.group(named: entry.owner.group) { owner.gid = gid }
    }
    return owner
  }

  /// Owner, mode and time for an open file.
  func attributes(_ entry: ArchiveEntry) -> FileAttributes {
    FileAttributes {
      $0.mode = mode(entry)
      $0.owner = owner(entry)
      $0.modificationTime = entry.modificationTime
    }
  }

  /// The extended attributes that may be set, and whether some are left out.
  func extendedAttributes(_ entry: ArchiveEntry) -> (set: [ExtendedAttribute], leavesOut: Bool) {
    if allowsSpecial { return (entry.attributes, false) }
    let set = entry.attributes.filter { attribute in
      !Self.special.contains { attribute.name.starts(with: $0) }
    }
    return (set, set.count < entry.attributes.count)
  }

  private static let special = [Array("security.".utf8), Array("trusted.".utf8)]
}
