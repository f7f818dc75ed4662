// SPDX-License-Identifier: Apache-2.0

/// A tar stream whose members become entries.
internal import CodecKit
internal import SystemIO

extension TreeArchiver {
  /// No link leads farther than a path is long.
  private static let maximumTarget = EntryPath.maximumLength
  private static let maximumAccountName = 255

  /// Takes the members of a tar stream as entries: ustar, pax, GNU and the oldest form, with long names, extended
  /// attributes and holes. To be called once, and with a writer to which nothing has been given.
  ///
  /// Of members with the same path the last one counts, and a hard link is a further name of what its target was when it
  /// came, as when the stream is extracted. A path is stored without slashes at its start. A member with a path that has
  /// `..` is left out, as is a hard link to what has not come, what the archive has no kind for, and what stands below
  /// something that is no directory: each is a ``TreeWarning``. Bytes behind the end of the stream are read and ignored.
  ///
  /// Patterns of the options are compared with the paths of members. Entries are held in memory until all are there,
  /// about as many bytes for each as in the tree of an archive.
  ///
  /// - Parameter stream: the bytes, not compressed.
  /// - Returns: what was taken.
  /// - Throws: ``ArchiveError`` with `notAnArchive` when the stream is none of tar, `truncated` when it has no end,
  ///   `corrupt`, `limitExceeded` for headers beyond all measure, `cancelled`; what the stream and the writer throw.
  public func archiveTar(_ stream: any ArchiveStream) throws(ArchiveError) -> TreeArchiverReport {
    report = TreeArchiverReport()
    writer?.beginUnsorted()
    let input = StreamInput(stream)
    var reader = TarMemberReader(input)
    while let member = try reader.next() { try take(member, reader, input) }
    while try input.skip(1 << 20) > 0 { try tell([]) }
    try finishMembers()
    return report
  }

  private func take(
    _ given: TarMember, _ reader: TarMemberReader, _ input: StreamInput
  ) throws(ArchiveError) {
    var member = given
    try tell(member.path)
    switch member.kind {
    case .label: return try skipMember(input, member.length, member.path)
    case .other:
      warn(member.path, .unstorable)
      return try skipMember(input, member.length, member.path)
    case .hardLink:
      try takeLink(member)
      return try skipMember(input, member.length, member.path)
    case .entry(let kind):
      let regions = try reader.regions(of: &member)
      guard let path = place(ofMember: member.path, isDirectory: kind == .directory),
        let entry = entry(path, kind, member)
      else { return try skipMember(input, member.length, member.path) }
      if kind == .file { return try takeFile(entry, member, regions, input) }
      note(member: entry)
      try writer?.note(unsorted: .entry(entry))
      try skipMember(input, member.length, member.path)
    }
  }

  private func takeLink(_ member: TarMember) throws(ArchiveError) {
    guard let path = place(ofMember: member.path, isDirectory: false) else { return }
    guard let target = MemberPath(member.target), !target.path.isEmpty else { return warn(path, .withoutTarget) }
    report.hardLinks += 1
    options.entryTaken?(ArchiveEntry(path, .file))
    try writer?.note(unsorted: .link(path, to: target.path))
  }

  /// Counts an entry.
  func note(member entry: ArchiveEntry) {
    switch entry.kind {
    case .file: report.files += 1
    case .directory: report.directories += 1
    case .symbolicLink: report.symbolicLinks += 1
    case .fifo, .characterDevice, .blockDevice: report.specialFiles += 1
    }
    options.entryTaken?(entry)
  }

  /// What the headers say; `nil`, after a warning, when no archive can hold it.
  private func entry(_ path: [UInt8], _ kind: ArchiveEntry.Kind, _ member: TarMember) -> ArchiveEntry? {
    var entry = ArchiveEntry(path, kind)
    entry.mode = member.mode
    entry.modificationTime = member.modified
    entry.owner = owner(member.owner)
    if kind == .file { entry.size = member.size }
    if kind == .symbolicLink {
      entry.target = member.target
      guard !entry.target.isEmpty, entry.target.count <= Self.maximumTarget, !entry.target.contains(0) else {
        warn(path, .unstorable)
        return nil
      }
    }
    if kind == .characterDevice || kind == .blockDevice { entry.device = member.device }
    if options.storesAttributes, writer != nil {
      entry.attributes = member.attributes.filter {
        !$0.name.isEmpty && $0.name.count <= EntryPath.maximumComponentLength && !$0.name.contains(0)
      }
      if entry.attributes.count < member.attributes.count { warn(path, .attributes) }
    }
    return fits(entry) ? entry : nil
  }

  private func owner(_ given: ArchiveEntry.Owner) -> ArchiveEntry.Owner {
    if options.overridesOwner { return ArchiveEntry.Owner(uid: 0, gid: 0) }
    var owner = given
    if options.usesNumericOwners || owner.user.count > Self.maximumAccountName { owner.user = [] }
    if options.usesNumericOwners || owner.group.count > Self.maximumAccountName { owner.group = [] }
    return owner
  }

  // MARK: - Files

  private func takeFile(
    _ given: ArchiveEntry, _ member: TarMember, _ regions: [Range<UInt64>], _ input: StreamInput
  ) throws(ArchiveError) {
    var entry = given
    let beginning = entry.size < CutRuleChooser.smallestCut || regions.first?.lowerBound != 0 ? 0 : member.length
    let wanted = Int(min(beginning, UInt64(CutRuleChooser.beginningSize)))
    entry.cut = try input.withBytes(wanted) { chooser.rule(path: entry.path, size: entry.size, beginning: $0) }
    if case .pages(let size) = entry.cut, !regions.allSatisfy({ $0.lowerBound % UInt64(size) == 0 }) {
      entry.cut = .contentDefined
    }
    try writer?.note(unsorted: .begin(0, entry))
    var position: UInt64 = 0
    for region in regions where !region.isEmpty {
      try appendHole(region.lowerBound - position)
      try appendMember(input, entry.cut, region.upperBound - region.lowerBound, entry.path)
      position = region.upperBound
    }
    try appendHole(entry.size - position)
    note(member: entry)
    try writer?.note(unsorted: .end(entry))
  }

  func appendHole(_ length: UInt64) throws(ArchiveError) {
    guard length > 0 else { return }
    report.holeBytes += length
    try writer?.append(hole: length)
  }
}

extension TarMemberReader {
  /// Where the data of a member belong. What tells it within the data is taken.
  fileprivate func regions(of member: inout TarMember) throws(ArchiveError) -> [Range<UInt64>] {
    switch member.sparse {
    case .regions(let regions): regions
    case .textInData: try readMap(&member)
    case nil: [0..<member.length]
    }
  }
}
