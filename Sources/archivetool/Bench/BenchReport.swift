// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// A whole run: what was measured, on what, by what, where and when.
struct BenchReport {
  /// What is known of the sample.
  struct Corpus: Hashable {
    var name: String
    var files: Int
    var totalSize: UInt64?
    var size: UInt64
    var digest: String
    var summary: String

    init(_ corpus: BenchCorpus) {
      name = corpus.name
      files = corpus.files
      totalSize = corpus.totalSize
      size = UInt64(corpus.bytes.count)
      digest = corpus.digest
      summary = corpus.summary
    }
  }

  var version: String
  var libraries: [LinkedLibrary]
  var date: Timestamp
  var machine: MachineDescription
  var corpus: Corpus
  /// The command line, ready to be typed again.
  var command: String
  /// How many runs each case should have.
  var runs: Int
  var results: [BenchResult] = []
  var busy = BusyMachine()
  /// Whether the run was stopped before its end.
  var isPartial = false

  /// What speaks against the figures.
  var busyReasons: [String] { busy.reasons(cores: machine.cores) }

  /// Whether several numbers of threads were measured, so that tables must say which.
  var hasThreads: Bool { results.contains { $0.case.threads != 1 } }

  /// The name of a case, with the threads where they differ.
  func name(_ result: BenchResult) -> String { hasThreads ? result.case.fullName : result.case.name }

  /// The choices that nothing beats, by compress speed and ratio.
  var front: [Int] { ParetoFront.ofCompression(results) }

  /// The choices in words.
  var recommendations: [Recommendation] { Recommendation.all(results) }

  /// Everything that a reader must know to judge the figures, one line for each.
  var conditions: [(term: String, text: String)] {
    let memory = machine.memory > 0 ? ", \(ByteCount(machine.memory)) of memory" : ""
    let cores = machine.cores == 1 ? "1 core" : "\(machine.cores) cores"
    let stopped = isPartial ? "; stopped early" : ""
    return [
      ("data", corpus.summary),
      ("machine", "\(machine.processor), \(cores)\(memory); \(machine.system), kernel \(machine.kernel)"),
      ("tool", "archivetool \(version); " + libraries.map { "\($0.name) \($0.version)" }.joined(separator: ", ")),
      ("date", date.description),
      ("method", "medians of up to \(runs) interleaved runs after a warm-up, every round trip verified\(stopped)"),
      ("command", command),
    ]
  }
}
