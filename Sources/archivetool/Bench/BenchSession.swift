// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// One call of `archivetool bench`, from the sample to the files that it leaves.
struct BenchSession {
  private let options: BenchOptions
  private let session: Session
  private let isLive: Bool
  private let style: Style

  init(_ options: BenchOptions, _ session: Session, isLive: Bool) {
    self.options = options
    self.session = session
    self.isLive = isLive
    style = Style.decide(
      options.global.color, isTerminal: session.context.outputIsTerminal, noColor: Machine.environment("NO_COLOR"),
      term: Machine.environment("TERM"))
  }

  /// Measures and reports.
  ///
  /// - Returns: Whether somebody asked it to stop early.
  func run() throws(Failure) -> Bool {
    let plan = try BenchPlan(
      specs: options.codecs.isEmpty
        ? BenchPlan.standardCodecs : options.codecs.flatMap { BenchPlan.specs($0, session.registry) },
      levels: options.levels ?? (options.isQuick ? .quick : .standard),
      threads: options.threads.map { $0 == 0 ? Machine.coreCount : $0 }, chunkSizes: options.chunkSizes,
      session.registry)
    let outputs = try BenchOutputs(options.outputs, force: options.force)
    if outputs.countOnStandardOutput + (options.global.json ? 1 : 0) > 1 {
      throw Failure(.usage, "only one thing can be written to standard output")
    }
    let old = try reference()
    // What is compared should be of one size.
    var limit = options.sampleSize ?? old?.corpus.size ?? options.sampleLimit
    let trials = trials(plan)
    var corpus = try corpus(limit)
    if options.mayShrinkSample, old == nil, let seconds = options.settings.seconds {
      let size = SampleSize.fitting(seconds, corpus.bytes, trials.map(\.1))
      if size < corpus.bytes.count {
        limit = UInt64(size)
        corpus = corpus.canBeReadAgain ? try self.corpus(limit) : corpus.beginning(size)
      }
    }
    var report = BenchReport(
      version: Version.text, libraries: LinkedLibraries.all, date: WallClock.now, machine: .current,
      corpus: BenchReport.Corpus(corpus), command: Self.commandLine, runs: options.settings.runs)
    if let old { try checkComparable(old, report) }

    let isInterrupted = measure(plan, trials, corpus, &report)
    if report.results.isEmpty {
      if session.reporter.exit == .ok, !isInterrupted { throw Failure(.internal, "nothing was measured") }
      return isInterrupted
    }
    session.reporter.count(bytesIn: UInt64(corpus.bytes.count), bytesOut: 0)
    if !outputs.usesStandardOutput {
      let width = session.context.outputIsTerminal ? Terminal.width(1) ?? 80 : nil
      session.reporter.print(BenchText.of(report, width: width, style: style))
      session.reporter.emit(report.json)
    }
    outputs.write(report, session)
    if let old { compare(old, report, isQuiet: outputs.usesStandardOutput) }
    return isInterrupted
  }

  // MARK: - Measuring

  private func trials(_ plan: BenchPlan) -> [(BenchCase, CodecTrial)] {
    // Whatever a plan holds has been made once already.
    plan.cases.compactMap { item in (try? CodecTrial(item, session.registry)).map { (item, $0) } }
  }

  private func measure(
    _ plan: BenchPlan, _ trials: [(BenchCase, CodecTrial)], _ corpus: BenchCorpus, _ report: inout BenchReport
  ) -> Bool {
    let stop = StopRequest()
    let runner = BenchRunner(corpus.bytes, options.settings, stop)
    let session = session
    runner.onFailure = { item, failure in session.reporter.failure(Self.failure(item, failure)) }
    let empty = report
    if isLive {
      let live = LiveTable(session.context.console, style)
      runner.onProgress = { progress, results in
        var report = empty
        report.results = results
        live.draw(BenchTable(report: report, pending: plan.cases), progress)
      }
    } else {
      let total = UInt64(corpus.bytes.count) &* UInt64(trials.count * (options.settings.runs + 1))
      session.progress.begin("bench", total: total)
      runner.onProgress = { progress, _ in
        let done = UInt64(progress.share * Double(total))
        session.progress.update(PumpProgress(bytesRead: done, bytesIn: done, bytesOut: 0))
      }
    }
    let before = MachineLoad.current
    let used = ResourceUsage.processorNanoseconds &+ ResourceUsage.childrenNanoseconds
    Signals.onInterrupt { stop.ask() }
    report.isPartial = !runner.run(trials)
    Signals.onInterrupt(nil)
    session.progress.pause()
    session.context.console.erase()
    report.results = runner.results
    report.busy.load = before?.average
    let own = ResourceUsage.processorNanoseconds &+ ResourceUsage.childrenNanoseconds &- used
    if let before, let shares = MachineLoad.current?.since(before, ownNanoseconds: own) {
      report.busy.others = shares.others
      report.busy.stolen = shares.stolen
    }
    report.busy.spread = report.results.compactMap(\.spread).max()
    return stop.isAsked
  }

  /// A codec that does not give back what it got is a bug, whatever else may be the reason.
  private static func failure(_ item: BenchCase, _ failure: CodecTrial.Failure) -> Failure {
    switch failure {
    case .codec(let error):
      var result = Failure(error, input: nil)
      result.message = "\(item.fullName): \(result.message)"
      return result
    case .mismatch, .stopped:
      return Failure(
        .internal, "\(item.fullName): what was decompressed is not what was compressed",
        hint: "this is a bug; please report it with the output of: archivetool version -v")
    }
  }

  // MARK: - The sample

  private func corpus(_ limit: UInt64) throws(Failure) -> BenchCorpus {
    if options.files.isEmpty { return .builtIn(limit: limit) }
    if options.files.count == 1, options.files[0] == Array("-".utf8) {
      return try .beginning(of: FileHandle.standardInput, name: .standardInput, limit: limit).checked()
    }
    var files: [(path: Path, size: UInt64)] = []
    session.forEachInput(options.files, InputList.Rules(recursive: true, force: options.force)) {
      path throws(Failure) in
      guard let path else { throw Failure(.usage, "standard input cannot be measured together with files") }
      do throws(IOError) {
        let status = try FileSystem.status(of: path)
        files.append((path, UInt64(max(0, status.size))))
      } catch {
        throw Failure(error, input: InputName(path: path.bytes))
      }
    }
    // A pipe or a device says nothing about its size.
    if files.count == 1, files[0].size == 0, options.force {
      return try beginning(of: files[0].path, limit).checked()
    }
    return try BenchCorpus.sample(files, limit: limit).checked()
  }

  private func beginning(of path: Path, _ limit: UInt64) throws(Failure) -> BenchCorpus {
    let name = InputName(path: path.bytes)
    let file: FileHandle
    do throws(IOError) { file = try FileHandle.open(path) } catch { throw Failure(error, input: name) }
    return try BenchCorpus.beginning(of: file, name: name, limit: limit)
  }

  // MARK: - The comparison

  /// The largest export that is read: far above what thousands of cases take.
  private static let largestReference = 64 << 20

  private func reference() throws(Failure) -> BenchReport? {
    guard let path = options.reference else { return nil }
    let bytes: [UInt8]
    do throws(IOError) { bytes = try FileSystem.contents(of: Path(path), limit: Self.largestReference) } catch {
      throw Failure(error, input: InputName(path: path))
    }
    do throws(UnusableExport) { return try BenchReport(parsing: bytes) } catch {
      throw Failure(
        .damaged, "cannot be compared with: \(error.reason)", path: path, hint: "it must be written by --export json")
    }
  }

  private func checkComparable(_ old: BenchReport, _ new: BenchReport) throws(Failure) {
    for circumstance in BenchComparison.Circumstance.allCases where !options.across.contains(circumstance) {
      if let difference = circumstance.difference(old, new) {
        throw Failure(
          .unsupported, "figures of another \(difference)", path: options.reference,
          hint: "--across \(circumstance.rawValue) compares them all the same")
      }
    }
  }

  private func compare(_ old: BenchReport, _ new: BenchReport, isQuiet: Bool) {
    let comparison = BenchComparison(old, new, tolerance: options.tolerance)
    let reporter = session.reporter
    if comparison.changes.isEmpty {
      reporter.failure(Failure(.unsupported, "has none of the cases that were measured", path: options.reference))
      return
    }
    for item in comparison.missing { reporter.note("\(item.fullName) was measured then, and is not now") }
    for change in comparison.changes { reporter.emit(change.json) }
    for change in comparison.regressions { reporter.failure(Failure(.threshold, change.line)) }
    guard comparison.regressions.isEmpty, !isQuiet else { return }
    let tolerance = SpeedText.percent(options.tolerance)
    reporter.print(
      "\ncompared with \(Escaping.visible(options.reference ?? [])): nothing is worse by more than \(tolerance)")
  }

  /// The command line as it can be typed again.
  private static var commandLine: String {
    let safe: (UInt8) -> Bool = { byte in
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./,:@%".utf8.contains(byte)
    }
    let words = Machine.arguments.dropFirst().map { word in
      let text = Escaping.visible(word)
      return !word.isEmpty && word.allSatisfy(safe)
        ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
    return (["archivetool"] + words).joined(separator: " ")
  }
}

extension BenchCorpus {
  /// The sample, if there is anything in it.
  fileprivate func checked() throws(Failure) -> BenchCorpus {
    if bytes.isEmpty {
      throw Failure(.partial, "there is nothing to measure on", hint: "without FILE, a built-in mix is")
    }
    return self
  }
}
