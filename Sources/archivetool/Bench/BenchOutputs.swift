// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// The files that a benchmark leaves: exports, pictures and pages.
struct BenchOutputs {
  /// What is written.
  enum Kind: String, CaseIterable, Sendable {
    case json, csv, md, chart, html

    /// Those that `--export` takes.
    static let exports = [Kind.json, .csv, .md]

    func text(_ report: BenchReport) -> String {
      switch self {
      case .json: JSONWriter.line(report.json)
      case .csv: report.csv
      case .md: report.markdown
      case .chart: SpeedChart(report: report, direction: .compress).svg
      case .html: BenchPage(report: report).html
      }
    }
  }

  private var wanted: [(kind: Kind, target: OutputTarget)] = []
  private let force: Bool

  /// Checks the names, so that nobody waits for a minute to hear that a file exists.
  ///
  /// - Parameters:
  ///   - files: what goes where; `-` is standard output.
  ///   - force: whether files are replaced.
  init(_ files: [(kind: Kind, path: [UInt8])], force: Bool) throws(Failure) {
    self.force = force
    for (kind, path) in files {
      let target: OutputTarget
      if path == Array("-".utf8) {
        target = .standardOutput
      } else {
        target = try OutputTarget(Path(path), source: nil, force: force)
        try Self.checkFolder(of: Path(path))
      }
      wanted.append((kind, target))
    }
  }

  private static func checkFolder(of path: Path) throws(Failure) {
    do throws(IOError) { _ = try FileSystem.status(of: path.parent) } catch {
      throw Failure(error, input: InputName(path: path.parent.bytes))
    }
  }

  /// Whether standard output is taken, so that nothing else may be written there.
  var usesStandardOutput: Bool { countOnStandardOutput > 0 }

  /// How many of them go to standard output.
  var countOnStandardOutput: Int {
    wanted.count { if case .standardOutput = $0.target { true } else { false } }
  }

  /// Writes all of them.
  func write(_ report: BenchReport, _ session: Session) {
    for (kind, target) in wanted {
      session.attempt { () throws(Failure) in
        let text = kind.text(report)
        do throws(IOError) {
          switch target {
          case .standardOutput: session.context.console.writeOutput(text)
          case .special(let path):
            let file = try FileHandle.open(path, .writingOnly)
            try file.write(text)
            try file.close()
          case .file(let path):
            var file = try AtomicFile(path)
            try file.write(Array(text.utf8))
            try file.commit(replacing: force, sync: false)
          }
        } catch {
          throw Failure(error, input: target.name)
        }
      }
    }
  }
}
