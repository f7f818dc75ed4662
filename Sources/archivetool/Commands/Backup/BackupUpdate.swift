// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup update`: what can be changed of a backup.
enum BackupUpdate {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var backup: [String] = []
    var instance: String?
    var isProtected: Bool?
    var retention: String?
    var neverExpires = false
    var description: String?
    var newName: String?
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup update", summary: "change name, description, retention or protection",
    discussion: """
      Changes what stands in the record of BACKUP; its archive stays as it is. A retention counts from when the backup \
      was made. A protected backup is never deleted, neither by delete nor by prune, and nor is what it builds on.
      """,
    examples: [
      Example("archivetool backup update -R REPO nightly-0412 --protect", "nobody deletes it"),
      Example("archivetool backup update -R REPO nightly-0412 --unprotect --retention 30d", "it may go, later"),
    ],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .text("instance", \.instance, "a backup of instance NAME").placeholder("NAME").group(.input),
      .set("protect", \.isProtected, to: true, "let nobody delete it").group(.output),
      .set("unprotect", \.isProtected, to: false, "take that back").group(.output),
      .text("retention", \.retention, "how long it is kept: 12h 30d 4w 6mo 1y").placeholder("TIME").group(.output),
      .choice("expires", of: ["never"], \.expiresText, "keep it until it is deleted").placeholder("never")
        .group(.output),
      .text("description", \.description, "what it is for; '' takes it away").placeholder("TEXT").group(.output),
      .text("name", \.newName, "another name").placeholder("NAME").group(.output),
    ],
    positionals: [.texts("BACKUP", \.backup, count: 1...1, "name, identifier or latest")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    if options.isProtected == nil, options.retention == nil, !options.neverExpires, options.description == nil,
      options.newName == nil
    {
      throw UsageError(
        .missingArgument, "nothing to change",
        hint: "--protect, --unprotect, --retention, --expires never, --description or --name say what")
    }
    if options.retention != nil, options.neverExpires {
      throw UsageError(.invalidCombination, "--expires never and --retention exclude each other")
    }
    let session = try context.begin(options.global)
    session.attempt { () throws(Failure) in
      let repository = try OpenRepository(name, session)
      let record = try repository.attempt { (repository) throws(BackupError) in
        var change = BackupChange()
        change.isProtected = options.isProtected
        change.description = options.description
        change.name = options.newName
        if options.neverExpires { change.retention = .forever }
        if let text = options.retention { change.retention = .limited(try Retention(parsing: text)) }
        return try repository.update(
          try repository.find(options.backup.first ?? "", instance: options.instance).id, change)
      }
      repository.tellWarnings(session)
      session.reporter.emit(BackupReport(record: record).json(command: "backup update"))
      session.reporter.detail("kept: \(BackupReport(record: record).keep)", subject: record.name)
    }
    return session.finish(command: "backup update")
  }
}

extension BackupUpdate.Options {
  /// `--expires` for its flag.
  var expiresText: String {
    get { neverExpires ? "never" : "" }
    set { neverExpires = newValue == "never" }
  }
}
