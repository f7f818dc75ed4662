// SPDX-License-Identifier: Apache-2.0

/// Turns the tree of an archive, or a part of it, into a tar archive.
internal import CodecKit
internal import SystemIO

extension ArchiveReader {
  /// Writes the tree, or a part of it, as a POSIX tar archive (pax).
  ///
  /// Entries come in the order of the tree, links among them. Of a file with several names the first one that is selected
  /// has the content, and the others are hard links to it. Files with holes have the form of GNU's sparse format 1.0.
  /// Extended attributes stand under `SCHILY.xattr.`. The directory into which is extracted is called `./`.
  ///
  /// Every chunk is checked before it is written. The content of files of up to 1 MiB is known to be sound before their
  /// header is written, and that of larger ones as far as the checksums of frames tell when ``ExtractionOptions/keepsGoing``
  /// is set. When damage shows later, the tar archive ends there without its end, and this throws.
  ///
  /// - Parameters:
  ///   - output: gets the bytes.
  ///   - options: which entries, under which paths, whether damaged files are left out, whether owners have names, the
  ///     most bytes of data, and the threads that decode. What else they say is for whoever extracts the tar archive.
  ///   - progress: told from time to time how far it is; throws to give up.
  /// - Returns: what was written, and what was left out.
  /// - Throws: ``ArchiveError`` before the first byte for a tree that is not to be trusted, a path that is not there and a
  ///   limit; for damage, unless `keepsGoing` is set and it was seen in time; what the output throws.
  public func writeTar(
    to output: any ArchiveOutput, _ options: ExtractionOptions = .init(),
    progress: (ExtractionProgress) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) throws(ArchiveError) -> ExtractionReport {
    try TarWriter(self, TarOutput(output), options).run(progress)
  }
}

/// Writes one tar archive.
private final class TarWriter {
  /// Content of up to so many bytes is decoded as a whole before the header is written.
  private static let heldBytes: UInt64 = 1 << 20
  /// Tar archives are a multiple of twenty blocks long.
  private static let recordSize = 20 * TarHeader.blockSize

  private let archive: ArchiveReader
  private let output: TarOutput
  private let options: ExtractionOptions
  private let selection: EntrySelection
  private let blocks: BlockReadahead
  private var report = ExtractionReport()
  /// Archives that the selected files need, by depth.
  private var holders: Set<UInt32> = []
  /// The path of the first name of each file with several, once it has been written.
  private var groups: [ArchiveEntry.LinkGroup: [UInt8]] = [:]
  private var held = ByteBuffer()
  /// Whether the content of a file is not known, so that the lengths cannot be compared.
  private var mapsAreDamaged = false

  init(_ archive: ArchiveReader, _ output: TarOutput, _ options: ExtractionOptions) {
    self.archive = archive
    self.output = output
    self.options = options
    selection = EntrySelection(options)
    blocks = BlockReadahead(archive, threads: options.threads)
  }

  func run(_ progress: (ExtractionProgress) throws(ArchiveError) -> Void) throws(ArchiveError) -> ExtractionReport {
    try check()
    var found = Set<Int>()
    try forEach(isReporting: false) { (entry: ArchiveEntry) throws(ArchiveError) in
      guard let path = selection.target(of: entry, &found) else { return }
      do throws(ArchiveError) {
        try write(entry, path)
      } catch {
        throw error.about(entry.path)
      }
      try progress(
        ExtractionProgress(bytesRead: blocks.bytesRead, bytesWritten: output.count, entries: report.files))
    }
    try output.write(zeros: UInt64(2 * TarHeader.blockSize))
    try output.pad(to: Self.recordSize)
    try output.flush()
    return report
  }

  // MARK: - Before anything is written

  /// Walks what is looked at of the tree once: its rules, and how much will be written.
  private func check() throws(ArchiveError) {
    var data: UInt64 = 0
    var selected: UInt64 = 0
    var found = Set<Int>()
    try forEach(isReporting: true) { (entry: ArchiveEntry) throws(ArchiveError) in
      let isSelected = selection.target(of: entry, &found) != nil
      let length = try dataLength(of: entry, isSelected)
      let (sum, overflow) = data.addingReportingOverflow(length)
      guard !overflow else { throw ArchiveError(.limitExceeded, "the files add up to more than can be counted") }
      data = sum
      if isSelected { selected &+= length }
    }
    for depth in holders.sorted() {
      _ = try archive.holder(depth)
      if depth != archive.own.depth { try archive.checkMember(depth) }
    }
    if selection.paths.isEmpty, archive.recovery == nil, !report.hasDamage, !mapsAreDamaged {
      guard data == archive.summary.footer.dataBytes else {
        throw .corrupt("the files are not as long as the footer says")
      }
      if selection.isEverything { try archive.checkContentRoot() }
    }
    for (index, path) in options.paths.enumerated() where !found.contains(index) {
      throw ArchiveError(.notFound, "there is no such entry", path: path)
    }
    if let limit = options.maximumBytes, selected > limit {
      throw ArchiveError(.limitExceeded, "the files have \(selected) bytes, more than the \(limit) allowed")
    }
  }

  private func dataLength(of entry: ArchiveEntry, _ isSelected: Bool) throws(ArchiveError) -> UInt64 {
    guard entry.kind == .file, entry.size > 0 else { return 0 }
    do throws(ArchiveError) {
      var sum: UInt64 = 0
      try archive.forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
        guard case .chunks(let ordinal, let first, let count, let length) = run else { return }
        if isSelected { holders.insert(try archive.place(ordinal, first, count).holder) }
        sum &+= length
      }
      return sum
    } catch {
      if !isSelected, error.code == .missingParent {
        mapsAreDamaged = true
        return 0
      }
      // Damage of a map is damage of one file; it is told when the file's turn comes.
      guard passesOver(error) else { throw error }
      mapsAreDamaged = true
      return 0
    }
  }

  /// Whether damage is that of one entry or leaf, and the work goes on.
  private func passesOver(_ error: ArchiveError) -> Bool {
    options.keepsGoing && error.isDamage && error.code != .unsafeTree
  }

  /// All entries; with `keepsGoing`, without those of damaged leaves.
  private func forEach(
    isReporting: Bool, _ body: (ArchiveEntry) throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    var cursor = archive.entries(beneathAnyOf: selection.paths)
    while true {
      let entry: ArchiveEntry?
      do throws(ArchiveError) {
        entry = try cursor.next()
      } catch {
        guard passesOver(error) else { throw error }
        let path = cursor.skipLeaf()
        if isReporting { report.problems.append(.init(path: path, kind: .damaged, error: error)) }
        continue
      }
      guard let entry else { return }
      try body(entry)
    }
  }

  // MARK: - Entries

  private func write(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) {
    if let group = entry.linkGroup {
      if let first = groups[group] {
        try writeHeader(entry, .hardLink, path, target: first)
        if entry.kind == .file { report.files += 1 } else { report.others += 1 }
        return
      }
      if entry.kind != .file { groups[group] = path }
    }
    switch entry.kind {
    case .file: try writeFile(entry, path)
    case .directory:
      // The top has no name of its own.
      let name = path.isEmpty ? Array("./".utf8) : path + [EntryPath.slash]
      try writeHeader(entry, .directory, name)
      report.directories += 1
    case .symbolicLink:
      try writeHeader(entry, .symbolicLink, path, target: entry.target)
      report.others += 1
    case .fifo, .characterDevice, .blockDevice:
      let kind: TarHeader.Kind =
        entry.kind == .fifo ? .fifo : entry.kind == .blockDevice ? .blockDevice : .characterDevice
      try writeHeader(entry, kind, path)
      report.others += 1
    }
  }

  private func writeFile(_ entry: ArchiveEntry, _ path: [UInt8]) throws(ArchiveError) {
    let map: SparseMap
    let isHeld: Bool
    held.removeAll()
    do throws(ArchiveError) {
      map = SparseMap(entry.size == 0 ? [] : try archive.runs(of: entry), size: entry.size)
      isHeld = map.dataLength <= Self.heldBytes
      if isHeld {
        // The buffer is out of the object meanwhile.
        var buffer = held.take()
        defer { held = buffer.take() }
        try deliver(map) { (bytes: RawSpan) throws(ArchiveError) in buffer.append(bytes) }
      } else if options.keepsGoing {
        for case .chunks(let ordinal, let first, let count, _) in map.pieces {
          try blocks.check(ordinal, first: first, count: count)
        }
      }
    } catch {
      guard passesOver(error) else { throw error }
      report.problems.append(.init(path: entry.path, kind: .damaged, error: error.about(entry.path)))
      return
    }
    let mapBytes = map.hasHoles ? map.bytes : []
    try writeHeader(
      entry, .file, path, size: map.dataLength + UInt64(mapBytes.count), isSparse: map.hasHoles)
    try output.write(mapBytes)
    if isHeld {
      let output = output
      try held.lend { (bytes: inout ByteBuffer) throws(ArchiveError) in try output.write(bytes.bytes) }
    } else {
      try deliver(map) { (bytes: RawSpan) throws(ArchiveError) in try output.write(bytes) }
    }
    try output.pad(to: TarHeader.blockSize)
    if let group = entry.linkGroup { groups[group] = path }
    report.files += 1
    report.bytes += map.dataLength
  }

  /// Delivers the data of a file, checked.
  private func deliver(_ map: SparseMap, _ body: (RawSpan) throws(ArchiveError) -> Void) throws(ArchiveError) {
    let zeros = [UInt8](repeating: 0, count: TarHeader.blockSize)
    for piece in map.pieces {
      switch piece {
      case .chunks(let ordinal, let first, let count, let length):
        try blocks.read(ordinal, first: first, count: count, length: length, body)
      case .zeros(let count): try unsafe body(zeros.span.bytes.extracting(0..<Int(count)))
      }
    }
  }

  // MARK: - Headers

  /// Writes the header of an entry, and before it what does not fit in there.
  private func writeHeader(
    _ entry: ArchiveEntry, _ kind: TarHeader.Kind, _ path: [UInt8], target: [UInt8] = [], size: UInt64 = 0,
    isSparse: Bool = false
  ) throws(ArchiveError) {
    var header = TarHeader(kind, path)
    header.mode = entry.mode & 0o7777
    header.uid = UInt64(entry.owner.uid)
    header.gid = UInt64(entry.owner.gid)
    header.size = size
    header.seconds = entry.modificationTime.seconds
    header.target = target
    if !options.usesNumericOwners { (header.user, header.group) = (entry.owner.user, entry.owner.group) }
    header.device = entry.device
    var records = PaxRecords()
    if isSparse {
      // Whoever does not know the format finds another name than that of the file.
      header.path = Self.sparseName(path)
      records.add("GNU.sparse.major", 1)
      records.add("GNU.sparse.minor", 0)
      records.add("GNU.sparse.name", path)
      records.add("GNU.sparse.realsize", entry.size)
    } else if !TarHeader.fits(path: path) || TarHeader.isText(path) {
      records.add("path", path)
    }
    if !TarHeader.fits(target: target) || TarHeader.isText(target) { records.add("linkpath", target) }
    addNumbers(header, entry.modificationTime, to: &records)
    if !TarHeader.fits(account: header.user) { records.add("uname", header.user) }
    if !TarHeader.fits(account: header.group) { records.add("gname", header.group) }
    if kind != .hardLink { for attribute in entry.attributes { records.add(attribute) } }
    if !records.isEmpty { try write(records, for: path, entry) }
    try output.write(header.bytes)
  }

  private func addNumbers(_ header: TarHeader, _ time: Timestamp, to records: inout PaxRecords) {
    if header.uid > TarHeader.maximumShortNumber { records.add("uid", header.uid) }
    if header.gid > TarHeader.maximumShortNumber { records.add("gid", header.gid) }
    if header.size > TarHeader.maximumLongNumber { records.add("size", header.size) }
    if time.nanoseconds > 0 || time.seconds < 0 || time.seconds > Int64(TarHeader.maximumLongNumber) {
      records.add("mtime", time)
    }
    if UInt64(header.device.major) > TarHeader.maximumShortNumber {
      records.add("SCHILY.devmajor", UInt64(header.device.major))
    }
    if UInt64(header.device.minor) > TarHeader.maximumShortNumber {
      records.add("SCHILY.devminor", UInt64(header.device.minor))
    }
  }

  private func write(_ records: PaxRecords, for path: [UInt8], _ entry: ArchiveEntry) throws(ArchiveError) {
    var header = TarHeader(.extendedHeader, Self.extendedName(path))
    header.size = UInt64(records.bytes.count)
    header.seconds = entry.modificationTime.seconds
    try output.write(header.bytes)
    try output.write(records.bytes)
    try output.pad(to: TarHeader.blockSize)
  }

  /// A name for who does not know extended headers and takes them for files.
  private static func extendedName(_ path: [UInt8]) -> [UInt8] { name(in: "PaxHeaders.0/", path) }

  private static func sparseName(_ path: [UInt8]) -> [UInt8] { name(in: "GNUSparseFile.0/", path) }

  private static func name(in folder: String, _ path: [UInt8]) -> [UInt8] {
    let last = path.split(separator: EntryPath.slash).last ?? []
    return Array(folder.utf8) + last.prefix(64).map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }
  }
}
