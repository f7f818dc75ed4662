// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool backup merge`: an increment becomes a backup that needs no other.
enum BackupMerge {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var codec = CodecChoice()
    var backup: [String] = []
    var instance: String?
    var newName: String?
    var replaces = false
    var isDryRun = false
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup merge", summary: "make an increment a backup that needs no other",
    discussion: """
      With --name NEW writes BACKUP, with all that it needs of what it builds on, as a new backup of the same time and \
      content. All others stay.

      With --replace it takes the place of BACKUP, with its identifier, name, retention and protection, and increments \
      upon it are restored as before. Then the backups that it was made upon are deleted, but for protected ones, those \
      that other backups build on, and what these need. --dry-run prints exactly what would be done, in that order.

      The merged archive is checked in full before it gets its name. Blocks that are mostly needed are copied as they \
      are, the rest is packed again.
      """,
    examples: [
      Example("archivetool backup merge -R REPO nightly-0412 --replace", "the chain ends here"),
      Example("archivetool backup merge -R REPO latest --instance /srv --name april", "a full one besides it"),
    ],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .text("instance", \.instance, "a backup of instance NAME").placeholder("NAME").group(.input),
      .text("name", \.newName, "make a new backup NAME").placeholder("NAME").group(.output),
      .toggle("replace", \.replaces, "take the place of BACKUP, and delete what nothing else needs").group(.output),
      .toggle("dry-run", \.isDryRun, "only tell what would be done").group(.reporting),
    ]
      + CodecChoice.flags.filter { ["codec", "level", "fast", "best"].contains($0.definition.long) }
      .lifted(\Options.codec),
    positionals: [.texts("BACKUP", \.backup, count: 1...1, "name, identifier or latest")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    guard options.replaces != (options.newName != nil) else {
      throw options.replaces
        ? UsageError(.invalidCombination, "--replace and --name exclude each other")
        : UsageError(
          .missingArgument, "nothing says what becomes of the merged backup",
          hint: "--name NEW makes a new one, --replace puts it in the place of the old one")
    }
    let session = try context.begin(options.global)
    session.attempt { () throws(Failure) in
      let repository = try OpenRepository(name, session)
      let (codec, compression) = try options.codec.resolve(session.context, threads: options.global.threads) {
        session.reporter.note($0)
      }
      let settings = BackupMergeOptions {
        $0.codec = codec.codec
        $0.compression = compression
        $0.threads = options.global.threads ?? 0
      }
      let record = try repository.attempt { (repository) throws(BackupError) in
        try repository.find(options.backup.first ?? "", instance: options.instance)
      }
      let plan = try repository.attempt { (repository) throws(BackupError) in
        try repository.replacementPlan(for: record.id)
      }
      guard let newName = options.newName else {
        try DeletionReport(plan, command: "backup merge", isDryRun: options.isDryRun, settings)
          .run(repository, session)
        return
      }
      try merge(record, named: newName, options, settings, repository, session)
    }
    return session.finish(command: "backup merge")
  }

  private static func merge(
    _ record: BackupRecord, named name: String, _ options: Options, _ settings: BackupMergeOptions,
    _ repository: OpenRepository, _ session: Session
  ) throws(Failure) {
    if options.isDryRun {
      try repository.attempt { (repository) throws(BackupError) in try repository.checkName(name) }
      session.reporter.print("merge \(Escaping.visible(record.name)) as \(Escaping.visible(name))")
      session.reporter.emit([
        "type": "backup_merge", "v": 1, "command": "backup merge", "id": .string(record.id.description),
        "name": .string(record.name), "instance": .string(record.instance), "as": .string(name), "dry_run": true,
      ])
      return
    }
    let progress = session.progress
    progress.begin(name, total: nil)
    let observer = BackupObserver {
      $0.progress = { state in
        progress.update(
          PumpProgress(bytesRead: state.bytesRead, bytesIn: state.bytesRead, bytesOut: state.bytesWritten))
      }
    }
    let made = try repository.attempt { (repository) throws(BackupError) in
      try repository.merge(record.id, named: name, settings, observer)
    }
    repository.tellWarnings(session)
    session.reporter.print("\(made.name)  \(made.id)")
    session.reporter.detail("\(ByteCount(made.sizes.freed)) in the repository", subject: made.name)
    session.reporter.emit(BackupReport(record: made).json(command: "backup merge"))
  }
}
