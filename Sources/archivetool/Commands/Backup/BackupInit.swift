// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup init`: an empty repository.
enum BackupInit {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var retention: String?
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup init", summary: "make an empty repository",
    discussion: """
      Makes the folder REPO, or takes one that is there and empty. Only its owner can look into it: backups hold \
      everything, whoever may read it where it came from.
      """,
    examples: [
      Example("archivetool backup init -R /srv/backups", "backups are kept until they are deleted"),
      Example("archivetool backup init -R /srv/backups --retention 30d", "backups expire, if nothing else is said"),
    ],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .text("retention", \.retention, "how long backups are kept by default").placeholder("TIME").group(.output)
        .default("until they are deleted").discussion(
          "1 to 1000 hours, days, weeks, months or years: 12h 30d 4w 6mo 1y.")
    ],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    let session = try context.begin(options.global)
    session.attempt { () throws(Failure) in
      do throws(BackupError) {
        let retention = try options.retention.map { (text: String) throws(BackupError) in try Retention(parsing: text) }
        let settings = Repository.Settings(createdAt: WallClock.now, retention: retention)
        try Repository.create(in: DirectoryStorage(Path(name.path ?? [])), settings)
        session.reporter.detail("repository \(settings.id.description)", subject: name.display)
        var object: JSONValue = ["type": "repository", "v": 1, "command": "backup init"]
        object.add(JSONValue.path(name.path ?? []))
        object.add("id", .string(settings.id.description))
        session.reporter.emit(object)
      } catch {
        throw Failure(error, repository: name)
      }
    }
    return session.finish(command: "backup init")
  }
}
