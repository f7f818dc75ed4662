// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup list`: what is in a repository.
enum BackupList {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var filter = BackupFilter()
    var isTree = true
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup list", summary: "list the backups of a repository",
    discussion: """
      One line for each backup, oldest first, increments below the backup they build on. LOGICAL is what a restore writes, \
      STORED what the backup takes in the repository. KEEP says what keeps it, or why it failed. Times are in UTC. On \
      a narrow terminal columns are left out; show has everything.
      """,
    examples: [
      Example("archivetool backup list -R /srv/backups", "all of them"),
      Example("archivetool backup list -R /srv/backups --state failed --json", "for a program"),
    ],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + BackupFilter.flags.lifted(\Options.filter) + [
      .toggle("tree", \.isTree, "show increments below what they build on (default)").negated("no-tree")
        .group(.reporting)
    ],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    let session = try context.begin(options.global)
    session.attempt { () throws(Failure) in
      let repository = try OpenRepository(name, session)
      let all = try repository.attempt { (repository) throws(BackupError) in try repository.records() }
      let records = all.filter { options.filter.includes($0) }
      repository.tellWarnings(session)
      for record in records {
        session.reporter.emit(BackupReport(record: record).json(command: "backup list"))
        session.reporter.count(bytesIn: record.sizes.stored, bytesOut: record.sizes.logical)
      }
      guard !options.global.json, !records.isEmpty else { return }
      let width = context.outputIsTerminal ? Terminal.width(1) : nil
      let text = BackupTree(records, isTree: options.isTree).rendered(
        width: width, style: .forStandardOutput(options.global))
      session.context.console.writeOutput(text)
    }
    return session.finish(command: "backup list")
  }
}

/// Which backups are meant.
struct BackupFilter: Sendable {
  var instance: String?
  var state: String?

  static let flags: [Flag<BackupFilter>] = [
    .text("instance", \.instance, "only backups of instance NAME").placeholder("NAME").group(.input),
    Flag("state", value: .choice(BackupState.allCases.map(\.rawValue)), "only backups in STATE") { (value, options) in
      options.state = value.text
    }.placeholder("STATE").group(.input),
  ]

  func includes(_ record: BackupRecord) -> Bool {
    (instance == nil || record.instance == instance) && (state == nil || record.state.rawValue == state)
  }
}
