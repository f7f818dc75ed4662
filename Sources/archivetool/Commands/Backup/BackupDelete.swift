// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup delete`: a backup, and with leave those that build on it.
enum BackupDelete {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var backup: [String] = []
    var instance: String?
    var cascade = false
    var mergeFirst = false
    var isDryRun = false
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup delete", summary: "delete a backup",
    discussion: """
      Deletes BACKUP. One that others build on stays, unless --cascade takes these with it, at any depth, children \
      first, or --merge-first makes each that builds on it directly an archive that needs no parent. A protected backup \
      anywhere among those that would go stops the whole deletion before anything is removed. --dry-run prints \
      exactly what would be done, in that order.
      """,
    examples: [
      Example("archivetool backup delete -R REPO nightly-0412 --cascade --dry-run", "what would go"),
      Example("archivetool backup delete -R REPO nightly-0412 --cascade", "and let it go"),
      Example("archivetool backup delete -R REPO nightly-0412 --merge-first", "keep what builds on it"),
    ],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .text("instance", \.instance, "a backup of instance NAME").placeholder("NAME").group(.input),
      .toggle("cascade", \.cascade, "delete what builds on it too").group(.output),
      .toggle("merge-first", \.mergeFirst, "make what builds on it need no parent, then delete").group(.output),
      .toggle("dry-run", \.isDryRun, "only tell what would be done").group(.reporting),
    ],
    positionals: [.texts("BACKUP", \.backup, count: 1...1, "name, identifier or latest")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    if options.cascade, options.mergeFirst {
      throw UsageError(.invalidCombination, "--cascade and --merge-first exclude each other")
    }
    let session = try context.begin(options.global)
    session.attempt { () throws(Failure) in
      let repository = try OpenRepository(name, session)
      let plan = try repository.attempt { (repository) throws(BackupError) in
        let record = try repository.find(options.backup.first ?? "", instance: options.instance)
        return try repository.deletionPlan(
          for: record.id, children: options.cascade ? .delete : options.mergeFirst ? .merge : .refuse)
      }
      try DeletionReport(plan, command: "backup delete", isDryRun: options.isDryRun).run(repository, session)
    }
    return session.finish(command: "backup delete")
  }
}
