// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup show`: all that is known of a backup.
enum BackupShow {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var backups: [String] = []
    var instance: String?
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup show", summary: "show all that is known of a backup",
    discussion: """
      BACKUP is a name, an identifier or its first eight digits, or latest. Besides what list prints there are the sizes \
      to the byte, what a restore needs, what the command that delivered the data said, and the history: when the backup \
      was in which state, and why.
      """,
    examples: [Example("archivetool backup show -R REPO latest --instance /etc", "the newest backup of /etc")],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .text("instance", \.instance, "a backup of instance NAME").placeholder("NAME").group(.input)
    ],
    positionals: [.texts("BACKUP", \.backups, count: 1...Int.max, "name, identifier or latest")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    try OpenRepository.run(
      options.repository, options.global, context, command: "backup show"
    ) { (repository: OpenRepository, session: Session) throws(Failure) in
      for (index, text) in options.backups.enumerated() {
        session.attempt { () throws(Failure) in
          let record = try repository.attempt { (repository) throws(BackupError) in
            try repository.find(text, instance: options.instance)
          }
          let parent = try repository.attempt { (repository) throws(BackupError) in
            try record.parent.flatMap { (id) throws(BackupError) in try repository.records().first { $0.id == id } }
          }
          let report = BackupReport(record: record, parentName: parent?.name)
          if index > 0 { session.reporter.print("") }
          for line in report.lines { session.reporter.print(line) }
          session.reporter.emit(report.json(command: "backup show"))
          session.reporter.count(bytesIn: record.sizes.stored, bytesOut: record.sizes.logical)
        }
      }
    }
  }
}
