// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup prune`: what no rule keeps goes.
enum BackupPrune {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var policy = PrunePolicy()
    var within: String?
    var isDryRun = false
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup prune", summary: "delete backups that no rule keeps, or that have expired",
    discussion: """
      Keeps of each instance the newest N backups (--keep-last), the newest of each of N hours, days, weeks, months and \
      years that have one, and all that are younger than TIME; a backup that any rule keeps stays. --expired deletes what \
      has outlived its retention. At least one of these must be given.

      Protected backups stay, so do those that are promised for longer or for ever (--expires never), and what a kept backup builds on stays for it, \
      unless --merge-first makes the kept one an archive that needs no parent. \
      Of what failed only the last is kept, until a later backup is complete. Periods are those of UTC, weeks begin on \
      Monday. -v tells what is kept, and why; --dry-run deletes nothing, and prints exactly what would be done.
      """,
    examples: [
      Example("archivetool backup prune -R REPO --keep-daily 7 --keep-weekly 4", "the usual"),
      Example("archivetool backup prune -R REPO --expired --dry-run", "whose time is over"),
    ],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .text("instance", \.policy.instance, "only backups of instance NAME").placeholder("NAME").group(.input),
      .int("keep-last", in: 1...1_000_000, \.policy.last, "keep the newest N").placeholder("N").group(.output),
      .int("keep-hourly", in: 1...1_000_000, \.policy.hourly, "keep one for each of N hours").placeholder("N")
        .group(.output),
      .int("keep-daily", in: 1...1_000_000, \.policy.daily, "keep one for each of N days").placeholder("N")
        .group(.output),
      .int("keep-weekly", in: 1...1_000_000, \.policy.weekly, "keep one for each of N weeks").placeholder("N")
        .group(.output),
      .int("keep-monthly", in: 1...1_000_000, \.policy.monthly, "keep one for each of N months").placeholder("N")
        .group(.output),
      .int("keep-yearly", in: 1...1_000_000, \.policy.yearly, "keep one for each of N years").placeholder("N")
        .group(.output),
      .text("keep-within", \.within, "keep what is younger: 12h 30d 4w 6mo 1y").placeholder("TIME").group(.output),
      .toggle("expired", \.policy.removesExpired, "delete what has outlived its retention").group(.output),
      .toggle("merge-first", \.policy.mergesFirst, "merge what is kept rather than keep what it builds on")
        .group(.output),
      .toggle("dry-run", \.isDryRun, "only tell what would be done").group(.reporting),
    ],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    var policy = options.policy
    if let within = options.within {
      do { policy.within = try Retention(parsing: within) } catch {
        throw UsageError(.invalidValue, "--keep-within: \(Escaping.visible(error.reason))")
      }
    }
    guard policy.hasKeepRules || policy.removesExpired else {
      throw UsageError(
        .missingArgument, "nothing says what to keep", hint: "--keep-last N, --keep-daily N and so on, or --expired")
    }
    let session = try context.begin(options.global)
    let wanted = policy
    session.attempt { () throws(Failure) in
      let repository = try OpenRepository(name, session)
      let plan = try repository.attempt { (repository) throws(BackupError) in try repository.prunePlan(wanted) }
      for decision in plan.decisions where decision.isKept {
        session.reporter.detail("kept: \(Escaping.visible(decision.reason))", subject: decision.record.name)
      }
      let reasons = Dictionary(plan.decisions.map { ($0.record.id, $0.reason) }) { first, _ in first }
      try DeletionReport(plan.deletion, command: "backup prune", isDryRun: options.isDryRun, reasons: reasons)
        .run(repository, session)
      guard !options.isDryRun else { return }
      let freed = try repository.attempt { (repository) throws(BackupError) in try repository.removeLeftovers() }
      if freed > 0 { session.reporter.detail("\(ByteCount(freed)) of unfinished work removed") }
    }
    return session.finish(command: "backup prune")
  }
}
