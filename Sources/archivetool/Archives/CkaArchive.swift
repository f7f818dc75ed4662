// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// A `.cka` archive as the argument of a command.
struct CkaArchive {
  let name: InputName
  let source: FileArchiveSource
  let reader: ArchiveReader

  /// Whether a file with this beginning is such an archive.
  static func recognizes(_ prefix: [UInt8]) -> Bool { prefix.starts(with: Superblock.magic) }

  /// Opens an archive that can be read anywhere.
  ///
  /// - Parameters:
  ///   - input: the archive; its prefix has been read.
  ///   - parents: folders with the archives that it is made upon; its own folder is looked at in any case.
  init(_ input: borrowing OpenedInput, parents: [[UInt8]] = [], _ session: Session) throws(Failure) {
    name = input.name
    source = try Self.source(input)
    do throws(ArchiveError) {
      reader = try ArchiveReader(
        source, ancestors: ParentFolders.finder(for: input.name, parents), registry: session.registry)
    } catch {
      throw Failure(error, archive: input.name)
    }
  }

  /// The bytes of an archive that can be read anywhere.
  static func source(_ input: borrowing OpenedInput) throws(Failure) -> FileArchiveSource {
    do throws(ArchiveError) {
      if let path = input.name.path { return try FileArchiveSource(Path(path)) }
      guard input.status.kind == .regular else {
        throw ArchiveError(.invalidOption, "an archive from a pipe can only be extracted")
      }
      return try FileArchiveSource(FileHandle.standardInput)
    } catch {
      throw Failure(error, archive: input.name)
    }
  }

  /// Tells of bytes that follow the archive.
  func noteTrailingBytes(to reporter: Reporter) {
    guard reader.trailingBytes > 0 else { return }
    reporter.warning(
      Failure(
        .partial, "\(reader.trailingBytes) bytes follow the end of the archive", input: name,
        offset: reader.summary.size))
  }
}

extension CkaArchive {
  /// Prints the entries.
  func list(_ paths: [[UInt8]], isLong: Bool, _ session: Session) throws(Failure) {
    var selection = EntrySelection(paths)
    do throws(ArchiveError) {
      var cursor = reader.entries(beneathAnyOf: selection.names)
      while let entry = try cursor.next() {
        guard selection.includes(path: entry.path) else { continue }
        let report = CkaEntryReport(archive: name, entry: entry)
        session.reporter.print(isLong ? report.line : report.name)
        session.reporter.emit(report.json(command: "list"))
        session.reporter.count(bytesIn: 0, bytesOut: entry.size)
      }
    } catch {
      throw Failure(error, archive: name)
    }
    for missing in selection.unused {
      var failure = Failure(.partial, "not in the archive", input: name)
      failure.concern(entry: missing)
      session.reporter.failure(failure)
    }
    noteTrailingBytes(to: session.reporter)
  }

  /// Checks everything, and names what is damaged.
  ///
  /// - Parameter chain: whether the archives that it is made upon are checked, too.
  func test(_ level: VerificationLevel, chain: Bool = false, threads: Int, _ session: Session) throws(Failure) {
    session.progress.begin(name.display, total: source.size)
    let start = MonotonicClock.now
    let report: VerificationReport
    let progress = session.progress
    do throws(ArchiveError) {
      report = try ArchiveVerifier(reader, source, level, chain: chain, threads: threads) {
        (state) throws(ArchiveError) in
        progress.update(PumpProgress(bytesRead: state.bytes, bytesIn: state.bytes, bytesOut: 0))
      }.run()
    } catch {
      throw Failure(error, archive: name)
    }
    for problem in report.problems { session.reporter.failure(Failure(problem, archive: name)) }
    for path in report.damagedFiles {
      var failure = Failure(.damaged, "damaged: hit by what is said above", input: name)
      failure.concern(entry: path)
      session.reporter.failure(failure)
    }
    if report.treeIsDamaged {
      session.reporter.note("a part of the tree cannot be read: more files may be hit", subject: name.display)
    }
    tellMembers(report, session)
    guard report.isSound else { return }
    let transfer = TransferResult(
      bytesIn: source.size, bytesOut: reader.summary.footer.dataBytes, nanoseconds: MonotonicClock.now - start)
    session.report(
      FileReport(
        command: "test", input: name, output: nil, codec: "cka", level: nil, transfer: transfer,
        plain: transfer.bytesOut, packed: transfer.bytesIn))
  }

  /// Says what was checked, and what was not.
  private func tellMembers(_ report: VerificationReport, _ session: Session) {
    for error in report.unchecked {
      session.reporter.note("not checked: \(error.reason)", subject: name.display)
    }
    if report.uncheckedFiles > 0 {
      session.reporter.detail(
        "the content of \(report.uncheckedFiles) files lies in parents, too; --chain checks these",
        subject: name.display)
    }
    guard report.members.count > 1 else { return }
    for member in report.members {
      let what = member.problems == 0 ? "sound" : "\(member.problems) problems"
      session.reporter.detail(
        "depth \(member.depth): \(what), \(member.bytes) bytes\(member.isIndex ? ", an index" : "")",
        subject: member.name.map { Escaping.visible(Array($0.utf8)) } ?? name.display)
    }
  }
}
