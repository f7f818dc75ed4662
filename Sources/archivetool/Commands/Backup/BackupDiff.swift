// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup diff`: what two backups do not have in common.
enum BackupDiff {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var backups: [String] = []
    var paths: [[UInt8]] = []
    var instance: String?
    var ignored: [String] = []
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup diff", summary: "compare two backups",
    discussion: """
      Prints what is not the same in the backups OLD and NEW: + what only NEW has, - what only OLD has, ~ what differs, and \
      in what. With PATHs only these, and all below them. What both share is not read.

      The status is 0 when all is the same, 1 when something differs, and more when that could not be found out.
      """,
    examples: [Example("archivetool backup diff -R REPO nightly-0412 nightly-0413 etc", "what changed in a night")],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .text("instance", \.instance, "backups of instance NAME").placeholder("NAME").group(.input),
      .texts("ignore", \.ignored, "do not compare content, mode, owner, mtime or attributes").placeholder("WHAT")
        .group(.input),
    ],
    positionals: [
      .texts("BACKUP", \.backups, count: 2...2, "two names, identifiers or latest: the old one, the new one"),
      .paths("PATH", \.paths, "what to compare; everything when nothing is named"),
    ],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    let aspects = try Diff.aspects(without: options.ignored)
    let session = try context.begin(options.global)
    session.attempt { () throws(Failure) in
      let repository = try OpenRepository(name, session)
      let (old, new) = try repository.attempt { (repository) throws(BackupError) in
        let records = try options.backups.map { (text) throws(BackupError) in
          try repository.find(text, instance: options.instance)
        }
        return (try repository.open(records[0].id), try repository.open(records[1].id))
      }
      repository.tellWarnings(session)
      var selection = EntrySelection(options.paths)
      do throws(ArchiveError) {
        try ArchiveComparison(old.reader, new.reader, aspects).forEachDifference { path in
          selection.includes(path: path)
        } _: { (difference: ArchiveDifference) throws(ArchiveError) in
          session.reporter.noteDifference()
          session.reporter.print(Diff.line(difference))
          session.reporter.emit(Diff.json(difference, command: "backup diff"))
        }
      } catch {
        throw Failure(error, archive: name)
      }
    }
    return session.finish(command: "backup diff")
  }
}
