// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// Extracts a `.cka` archive and tells what came of it.
struct CkaExtraction {
  let options: ExtractionOptions
  let folder: Path
  /// Where the archives are looked for that it is made upon.
  var parents: [[UInt8]] = []

  /// Extracts an archive: by its tables where it can be read anywhere, else from front to back.
  func run(_ input: consuming OpenedInput, _ session: Session) throws(Failure) {
    let name = input.name
    let start = MonotonicClock.now
    let report: ExtractionReport
    if name.path != nil || input.status.kind == .regular {
      let archive = try CkaArchive(input, parents: parents, session)
      session.progress.begin(name.display, total: archive.reader.summary.footer.storedBytes)
      do throws(ArchiveError) {
        if options.isDryRun { try list(archive, session) }
        let progress = session.progress
        report = try Extractor(archive.reader, into: folder, options) { (state) throws(ArchiveError) in
          progress.update(Self.progress(state))
        }.run()
      } catch {
        throw Failure(error, archive: name)
      }
      archive.noteTrailingBytes(to: session.reporter)
    } else {
      if options.isDryRun {
        throw Failure(.usage, "an archive from a pipe can only be extracted, not looked at before", input: name)
      }
      report = try stream(input, session)
    }
    Self.tell(report, of: name, session, nanoseconds: MonotonicClock.now - start)
  }

  private func stream(_ input: consuming OpenedInput, _ session: Session) throws(Failure) -> ExtractionReport {
    let name = input.name
    session.progress.begin(name.display, total: nil)
    let progress = session.progress
    do throws(ArchiveError) {
      let extractor = try StreamExtractor(
        CkaInputStream(input), into: folder, options, ancestors: ParentFolders.finder(for: name, parents),
        registry: session.registry
      ) { (state) throws(ArchiveError) in
        progress.update(Self.progress(state))
      }
      let report = try extractor.run()
      if extractor.trailingBytes > 0 {
        session.reporter.warning(
          Failure(.partial, "\(extractor.trailingBytes) bytes follow the end of the archive", input: name))
      }
      return report
    } catch {
      var failure = Failure(error, archive: name)
      if error.code == .truncated { failure.hint = "what came before is there, as far as it was complete" }
      throw failure
    }
  }

  private static func progress(_ state: ExtractionProgress) -> PumpProgress {
    PumpProgress(bytesRead: state.bytesRead, bytesIn: state.bytesRead, bytesOut: state.bytesWritten)
  }

  private func list(_ archive: CkaArchive, _ session: Session) throws(ArchiveError) {
    try Extractor.forEachSelected(archive.reader, options) { entry in
      let report = CkaEntryReport(archive: archive.name, entry: entry)
      session.reporter.print(report.name)
      session.reporter.emit(report.json(command: "extract"))
    }
  }

  /// Reports every problem, and the whole.
  static func tell(
    _ report: ExtractionReport, of name: InputName, _ session: Session, command: String = "extract", nanoseconds: UInt64
  ) {
    var leftOut: UInt64 = 0
    for problem in report.problems {
      switch problem.kind {
      case .damaged: session.reporter.failure(failure(problem, .damaged, name))
      case .failed: session.reporter.failure(failure(problem, .io, name))
      case .exists:
        var failure = Failure(.partial, "already exists", input: name)
        failure.concern(entry: problem.path)
        failure.hint =
          "\(command == "extract" ? "-f" : "--overwrite always") replaces it; --overwrite changed keeps what is the same"
        session.reporter.failure(failure)
      case .metadata: session.reporter.warning(failure(problem, .partial, name))
      case .leftOut: leftOut += 1
      }
    }
    if leftOut > 0 {
      session.reporter.warning(
        Failure(
          .partial, "\(leftOut) devices or attributes for the superuser were left out", input: name,
          hint: "--allow-special restores them, as root"))
    }
    session.reporter.count(bytesIn: 0, bytesOut: report.bytes)
    let seconds = Double(nanoseconds) / 1e9
    session.reporter.detail(
      "\(report.files) files, \(report.directories) folders, \(report.others) others, \(report.bytes) bytes, "
        + "\(NumberText.fixed(seconds, decimals: 2)) s",
      subject: name.display)
    var object: JSONValue = ["type": "extraction", "v": 1, "command": .string(command)]
    object.add(name.path.map { JSONValue.path($0) } ?? [JSONValue.Member("path", .null)])
    object.add("files", .uint(report.files))
    object.add("directories", .uint(report.directories))
    object.add("others", .uint(report.others))
    object.add("unchanged", .uint(report.unchanged))
    object.add("bytes", .uint(report.bytes))
    object.add("bytes_read", .uint(report.bytesRead))
    object.add("problems", .uint(UInt64(report.problems.count)))
    session.reporter.emit(object)
  }

  private static func failure(_ problem: ExtractionProblem, _ exit: ExitCode, _ name: InputName) -> Failure {
    let error = problem.error
    let what = exit == .damaged ? "damaged: " : ""
    var text = what + (error.system?.description ?? error.reason)
    if problem.kind == .metadata { text = "not all of its metadata could be restored: " + text }
    if let offset = error.offset { text += " (offset \(offset))" }
    if !problem.lostRanges.isEmpty {
      let ranges = problem.lostRanges.prefix(5).map { "\($0.lowerBound) to \($0.upperBound)" }
      let more = problem.lostRanges.count > 5 ? " and more" : ""
      text += "; bytes \(ranges.joined(separator: ", "))\(more) of it are lost"
    }
    var failure = Failure(exit, text, input: name, offset: error.offset, detail: error.code.description)
    failure.concern(entry: problem.path)
    return failure
  }
}

/// An archive that comes through a pipe: what was read for detection, then the rest.
private final class CkaInputStream: ArchiveStream {
  private var prefix: ArraySlice<UInt8>
  private var input: OpenedInput?

  init(_ input: consuming OpenedInput) {
    prefix = input.prefix[...]
    self.input = consume input
  }

  func read(into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    if !prefix.isEmpty {
      let count = min(prefix.count, room.freeCapacity)
      for byte in prefix.prefix(count) { room.append(byte) }
      prefix = prefix.dropFirst(count)
      return count
    }
    do throws(IOError) { return try input?.source.read(into: &room) ?? 0 } catch { throw ArchiveError(error) }
  }
}
