// SPDX-License-Identifier: Apache-2.0

/// Checks an archive, and names what is damaged.
internal import CodecKit

/// Checks whether an archive is what it says, without writing anything.
///
/// Of an increment its own frames are checked, and its whole tree as far as the ancestors are there that have parts of
/// it. What lies in the ancestors is checked with them, when the chain is to be.
public final class ArchiveVerifier {
  /// What is known of the chunks of an archive whose frames have been checked.
  private struct Chunks {
    var lost: ChunkRanges
    var lengths: [UInt32]
  }

  private let archive: ArchiveReader
  private let source: any ArchiveSource
  private let level: VerificationLevel
  private let checksChain: Bool
  private let workers: Workers<UnpackerSet>
  private let inFlight: Int
  private let progress: (VerificationReport) throws(ArchiveError) -> Void

  private var report = VerificationReport()
  /// By the depth of the archive that holds them.
  private var chunks: [UInt32: Chunks] = [:]
  /// What has been said of archives that are not there.
  private var missing: Set<String> = []
  /// Whether some entries could not be looked at.
  private var isPartial = false

  /// Prepares a check.
  ///
  /// - Parameters:
  ///   - archive: the archive.
  ///   - source: its bytes.
  ///   - level: how thorough to be.
  ///   - chain: whether all archives that it is made upon are checked, too. Default: `false`.
  ///   - threads: how many threads decode; 0 is one for each core.
  ///   - progress: told from time to time how far it is; throws to give up.
  public init(
    _ archive: ArchiveReader, _ source: any ArchiveSource, _ level: VerificationLevel, chain: Bool = false,
    threads: Int = 1,
    progress: @escaping (VerificationReport) throws(ArchiveError) -> Void = { (_) throws(ArchiveError) in }
  ) {
    self.archive = archive
    self.source = source
    self.level = level
    checksChain = chain
    self.progress = progress
    let count = ThreadCount.workers(threads)
    workers = Workers(limit: count, label: "verify")
    inFlight = count + 2
  }

  /// Checks.
  ///
  /// - Returns: what was found.
  /// - Throws: what keeps the check from being made: that the source cannot be read, or is not supported.
  public func run() throws(ArchiveError) -> VerificationReport {
    if archive.trailingBytes > 0 {
      report.problems.append(
        .corrupt("\(archive.trailingBytes) bytes follow the end of the archive", at: archive.summary.size))
    }
    try check(archive.own, source) { () throws(ArchiveError) in try archive.checkContentRoot() }
    if checksChain { try checkAncestors() }
    if level >= .full || !report.isSound { try checkTree() }
    return report
  }

  // MARK: - Frames

  private func check(
    _ member: ChainMember, _ source: any ArchiveSource, _ checkRoot: () throws(ArchiveError) -> Void
  ) throws(ArchiveError) {
    let (frames, bytes) = (report.frames, report.bytes)
    let check = FrameCheck(member, source, level, workers, inFlight: inFlight) {
      [self] (found) throws(ArchiveError) in
      (report.frames, report.bytes) = (frames + found.frames, bytes + found.bytes)
      try progress(report)
    }
    var found = try check.run()
    if level >= .full {
      do throws(ArchiveError) { try checkRoot() } catch {
        guard error.isDamage else { throw error }
        found.problems.append(error)
      }
    }
    (report.frames, report.bytes) = (frames + found.frames, bytes + found.bytes)
    report.problems += found.problems.map { $0.inside(member.name) }
    report.members.append(
      .init(
        name: member.name, depth: member.depth, bytes: found.bytes, isIndex: member.isDetachedIndex,
        problems: found.problems.count))
    chunks[member.depth] = Chunks(lost: ChunkRanges(found.bad), lengths: found.lengths)
  }

  private func checkAncestors() throws(ArchiveError) {
    for ordinal in (0..<UInt32(archive.ancestors.count)).reversed() {
      do throws(ArchiveError) {
        let member = try archive.member(ordinal)
        if chunks[member.depth] != nil { continue }
        try check(member, member.frames.source) { () throws(ArchiveError) in
          // What is said of it names it already.
          try archive.store.checkRoots(of: member, directory: try member.directory().digest)
        }
        if member.isDetachedIndex { _ = try archive.holder(ordinal) }
      } catch {
        guard error.isDamage || error.isMissingArchive else { throw error }
        note(missing: error)
      }
    }
  }

  /// An archive is not there, or is another one.
  private func note(missing error: ArchiveError) {
    guard missing.insert(error.reason).inserted else { return }
    if error.isMissingArchive, !checksChain {
      report.unchecked.append(error)
    } else {
      report.problems.append(error)
    }
  }

  // MARK: - Tree

  private func checkTree() throws(ArchiveError) {
    var cursor = archive.entries()
    var links = LinkAgreement()
    var data: UInt64 = 0
    while true {
      do throws(ArchiveError) {
        guard let entry = try cursor.next() else { break }
        report.entries += 1
        do throws(ArchiveError) { try links.note(entry) } catch { report.problems.append(error) }
        guard entry.kind == .file, entry.size > 0 else { continue }
        if let length = try check(entry) { data &+= length }
        try progress(report)
      } catch {
        guard error.isDamage || error.isMissingArchive else { throw error }
        if error.isMissingArchive {
          note(missing: error)
          isPartial = true
        } else {
          report.problems.append(error)
          report.treeIsDamaged = true
        }
        _ = cursor.skipLeaf()
      }
    }
    if report.isSound, !isPartial, data != archive.summary.footer.dataBytes {
      report.problems.append(
        .corrupt("the files are not as long as the end says", at: archive.summary.footer.offset))
    }
  }

  /// - Returns: the bytes of the file's chunks; `nil` when it is damaged, or not all of it is there.
  private func check(_ entry: ArchiveEntry) throws(ArchiveError) -> UInt64? {
    do throws(ArchiveError) {
      var length: UInt64 = 0
      var isHit = false
      var isKnown = true
      try archive.forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
        guard case .chunks(let ordinal, let first, let count, let bytes) = run else { return }
        let place = try archive.place(ordinal, first, count)
        if let known = chunks[place.holder] {
          isHit = isHit || known.lost.overlap(place.first..<(place.first + count))
          isKnown = isKnown && !known.lengths.isEmpty
        } else {
          isKnown = false
        }
        length &+= bytes
      }
      if isHit {
        report.damagedFiles.append(entry.path)
        return nil
      }
      if level >= .full, isKnown { try checkDigest(entry) }
      if level == .deep, !archive.own.isDetachedIndex {
        try archive.read(entry) { (_) throws(ArchiveError) in }
      } else if !isKnown {
        report.uncheckedFiles += 1
      }
      return length
    } catch {
      if error.isMissingArchive {
        note(missing: error)
        report.uncheckedFiles += 1
        isPartial = true
        return nil
      }
      guard error.isDamage else { throw error }
      report.problems.append(error.about(entry.path))
      report.damagedFiles.append(entry.path)
      return nil
    }
  }

  /// Compares lengths and digest of a file with what its chunks give.
  private func checkDigest(_ entry: ArchiveEntry) throws(ArchiveError) {
    var digest = ContentDigest()
    try archive.forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
      switch run {
      case .hole(let length): digest.add(hole: length)
      case .chunks(let ordinal, let first, let count, let length):
        let place = try archive.place(ordinal, first, count)
        guard let known = chunks[place.holder]?.lengths, place.first + count <= UInt64(known.count) else { return }
        var sum: UInt64 = 0
        let ids = entry.digest == nil ? [] : try archive.idTable(ordinal).records(first..<(first + count))
        for index in 0..<Int(count) {
          let chunk = known[Int(place.first) + index]
          sum += UInt64(chunk)
          if !ids.isEmpty { digest.add(ids[index], length: Int(chunk)) }
        }
        guard sum == length else { throw .corrupt("chunks have another length than their file says") }
      }
    }
    if let expected = entry.digest, digest.value != expected {
      throw ArchiveError(.checksumMismatch, "the content is not what its digest says", path: entry.path)
    }
  }
}

extension ArchiveError {
  /// Whether an archive that is needed is not there, or is another one.
  var isMissingArchive: Bool { code == .missingParent || code == .wrongParent }
}
