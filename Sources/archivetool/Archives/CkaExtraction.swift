// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// Extracts a `.cka` archive and tells what came of it.
struct CkaExtraction {
  let archive: CkaArchive
  let options: ExtractionOptions
  let folder: Path

  func run(_ session: Session) throws(Failure) {
    let (name, progress) = (archive.name, session.progress)
    session.progress.begin(name.display, total: archive.reader.summary.footer.storedBytes)
    let start = MonotonicClock.now
    let report: ExtractionReport
    do throws(ArchiveError) {
      if options.isDryRun { try list(session) }
      report = try Extractor(archive.reader, into: folder, options) { (state) throws(ArchiveError) in
        progress.update(
          PumpProgress(bytesRead: state.bytesRead, bytesIn: state.bytesRead, bytesOut: state.bytesWritten))
      }.run()
    } catch {
      throw Failure(error, archive: name)
    }
    Self.tell(report, of: name, session, nanoseconds: MonotonicClock.now - start)
    archive.noteTrailingBytes(to: session.reporter)
  }

  private func list(_ session: Session) throws(ArchiveError) {
    try Extractor.forEachSelected(archive.reader, options) { entry in
      let report = CkaEntryReport(archive: archive.name, entry: entry)
      session.reporter.print(report.name)
      session.reporter.emit(report.json(command: "extract"))
    }
  }

  /// Reports every problem, and the whole.
  static func tell(_ report: ExtractionReport, of name: InputName, _ session: Session, nanoseconds: UInt64) {
    var leftOut: UInt64 = 0
    for problem in report.problems {
      switch problem.kind {
      case .damaged: session.reporter.failure(failure(problem, .damaged, name))
      case .failed: session.reporter.failure(failure(problem, .io, name))
      case .exists:
        var failure = Failure(.partial, "already exists", input: name)
        failure.concern(entry: problem.path)
        failure.hint = "-f replaces it; --overwrite changed keeps what is the same"
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
    var object: JSONValue = ["type": "extraction", "v": 1, "command": "extract"]
    object.add(name.path.map { JSONValue.path($0) } ?? [JSONValue.Member("path", .null)])
    object.add("files", .uint(report.files))
    object.add("directories", .uint(report.directories))
    object.add("others", .uint(report.others))
    object.add("unchanged", .uint(report.unchanged))
    object.add("bytes", .uint(report.bytes))
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
