// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool bench`: which codec at which level suits this data on this machine.
enum Bench {
  static let command = Command<BenchOptions, Context>(
    "bench", summary: "measure codecs on your data, and say which to use",
    discussion: """
      Compresses and decompresses a sample of FILEs, folders included, with each codec and level, and prints speeds, ratio \
      and memory, and which of them to use for what. Without FILE, a mix of text, database pages, logs and random bytes is \
      measured that the tool makes itself.

      Each case first runs once uncounted, and what comes back is compared with what went in, byte by byte. Then all cases \
      take turns, several times; the table shows medians. The data is in memory: what is measured is the codec, not the \
      disk. When the machine is busy with other things, or repeated runs differ, that is said.

      Ctrl-C ends it early, with the results that there are.
      """,
    examples: [
      Example("archivetool bench db.sql", "a table and a recommendation, within a minute"),
      Example("archivetool bench --quick /var/lib/mysql", "a first answer, in some seconds"),
      Example(
        "archivetool bench --codec zstd --levels 1-12 -T 1,0 db.sql", "one codec in depth, with one and all cores"),
      Example("archivetool bench --chart speed.svg --html report.html db.sql", "pictures, and a page to pass on"),
      Example("archivetool bench --export json now.json --compare old.json db.sql", "a gate against slowing down"),
    ],
    flags: BenchOptions.flags,
    positionals: [.paths("FILE", \.files, "what to measure on; - is standard input")],
    run: run)

  private static func run(_ options: BenchOptions, _ context: Context) throws -> ExitCode {
    if options.files.contains(Array("-".utf8)), context.inputIsTerminal, !options.force {
      throw UsageError(.invalidCombination, "nothing is read from a terminal", hint: "name a file; -f insists")
    }
    if options.sampleSize == 0 { throw UsageError(.invalidValue, "--sample: of 0 bytes nothing can be measured") }
    if options.reference == nil {
      let isSaid = context.origin(of: "tolerance") == .commandLine
      if isSaid || !options.across.isEmpty {
        throw UsageError(.invalidCombination, "--\(isSaid ? "tolerance" : "across") needs --compare FILE")
      }
    }
    let isLive =
      Terminal.isTerminal(2) && Machine.environment("TERM") != "dumb" && options.global.quiet == 0
      && [.auto, .always].contains(options.global.progress)
    var global = options.global
    // The table is drawn instead of the usual line.
    if isLive { global.progress = .never }
    let session = try context.begin(global)
    var isInterrupted = false
    do throws(Failure) {
      isInterrupted = try BenchSession(options, session, isLive: isLive).run()
    } catch {
      session.reporter.failure(error)
    }
    let status = session.finish(command: "bench")
    if isInterrupted { Signals.dieInterrupted() }
    return status
  }
}
