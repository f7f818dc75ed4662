// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// One run of a command over its files.
struct Session {
  let context: Context
  let reporter: Reporter
  let progress: ProgressMonitor
  /// The files that this run has put in place.
  let written: WrittenFiles
  private let start = MonotonicClock.now

  init(context: Context, reporter: Reporter, progress: ProgressMonitor, written: WrittenFiles = WrittenFiles()) {
    self.context = context
    self.reporter = reporter
    self.progress = progress
    self.written = written
  }

  /// The same run, for one of several files that are worked on at once: what it says is kept until it is its turn.
  func branch() -> Session {
    Session(context: context, reporter: reporter.branch(), progress: progress.branch(), written: written)
  }

  var registry: CodecRegistry { context.registry }

  /// Ends the run: the progress line goes, statistics and summary are written.
  func finish(command: String, stats: Bool = false) -> ExitCode {
    progress.stop()
    if stats { printStatistics() }
    return reporter.finish(command: command)
  }

  /// Does something for each input, and goes on after failures.
  ///
  /// - Parameters:
  ///   - arguments: the names; none means standard input.
  ///   - rules: how to choose.
  ///   - work: does one input. The path is `nil` for standard input.
  func forEachInput(
    _ arguments: [[UInt8]], _ rules: InputList.Rules, _ work: (Path?) throws(Failure) -> Void
  ) {
    var list = InputList(arguments, rules)
    while let item = list.next() {
      attempt { () throws(Failure) in
        switch item {
        case .standardInput: try work(nil)
        case .file(let path): try work(path)
        case .skipped(let failure), .failed(let failure): throw failure
        }
      }
    }
  }

  /// Does something that may fail. A failure is told, and does not end the run.
  func attempt(_ work: () throws(Failure) -> Void) {
    do throws(Failure) { try work() } catch {
      if error.isSkip { reporter.warning(error) } else { reporter.failure(error) }
    }
  }

  /// Does something for each input, several at once when that is possible, and goes on after failures.
  ///
  /// - Parameters:
  ///   - arguments: the names.
  ///   - rules: how to choose.
  ///   - threads: how many threads may work.
  ///   - key: what the output of an input will be called: inputs with the same are done one after the other.
  ///   - work: does one input, with some threads.
  func forEachInputAtOnce(
    _ arguments: [[UInt8]], _ rules: InputList.Rules, threads: Int, key: (Path) -> [UInt8],
    _ work: @escaping FileCrew.Work
  ) {
    if progress.isSeen {
      let total = InputList.total(arguments, rules)
      progress.begin("\(total.files) files", total: total.size)
    } else {
      // Somebody may ask by a signal.
      progress.begin("files", total: nil)
    }
    FileCrew(self, threads: threads, work).run(InputList(arguments, rules), key: key)
  }

  /// How compressed inputs are chosen: in folders, what carries a known suffix.
  func rulesForPacked(_ files: FileOptions) -> InputList.Rules {
    let registry = registry
    return InputList.Rules(recursive: files.recursive, force: files.force) { path in
      registry.codecs.contains { TargetName.plain(path, suffixes: $0.descriptor.suffixes) != nil }
    }
  }

  /// Tells what was done with a file.
  func report(_ file: FileReport) {
    reporter.count(bytesIn: file.transfer.bytesIn, bytesOut: file.transfer.bytesOut)
    reporter.detail(file.line, subject: file.input.display)
    reporter.emit(file.json)
  }

  private func printStatistics() {
    let usage = ResourceUsage.current
    let seconds = Double(MonotonicClock.now - start) / 1e9
    let text =
      "\(NumberText.fixed(seconds, decimals: 3)) s, "
      + "CPU \(NumberText.fixed(Double(usage.userNanoseconds) / 1e9, decimals: 3)) s user + "
      + "\(NumberText.fixed(Double(usage.systemNanoseconds) / 1e9, decimals: 3)) s system, "
      + "peak memory \(ByteCount(usage.peakResidentBytes))"
    reporter.statistics(text)
    reporter.emit([
      "type": "statistics", "v": 1, "seconds": .double(seconds),
      "user_seconds": .double(Double(usage.userNanoseconds) / 1e9),
      "system_seconds": .double(Double(usage.systemNanoseconds) / 1e9),
      "peak_memory": .uint(usage.peakResidentBytes),
    ])
  }
}
