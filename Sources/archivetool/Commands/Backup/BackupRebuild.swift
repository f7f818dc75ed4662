// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup rebuild`: the catalogue again, from records and archives.
enum BackupRebuild {
  typealias Options = RepositoryAloneOptions

  static let command = Command<Options, Context>(
    "backup rebuild", summary: "make the catalogue again from the backups",
    discussion: """
      The catalogue is an index over records and archives; what stands in it stands there too. A missing one is made again \
      by any command; this does it for one that is damaged, or does not fit what is there. An archive whose record is \
      lost comes back protected, because nobody knows whether it was.
      """,
    examples: [Example("archivetool backup rebuild -R /srv/backups", "")],
    flags: RepositoryOptions.flags.lifted(\Options.repository),
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    let session = try context.begin(options.global)
    session.attempt { () throws(Failure) in
      do throws(BackupError) {
        let storage = DirectoryStorage(Path(name.path ?? []))
        let (backups, restored, problems) = try Repository.rebuild(storage, registry: session.registry)
        for problem in problems {
          session.reporter.warning(Failure(.damaged, "damaged: \(Escaping.visible(problem))", input: name))
        }
        for record in restored {
          session.reporter.note("had lost its record, and is protected now", subject: Escaping.visible(record.name))
        }
        session.reporter.detail("\(backups) \(backups == 1 ? "backup" : "backups")", subject: name.display)
        session.reporter.emit([
          "type": "backup_rebuild", "v": 1, "command": "backup rebuild", "backups": .uint(UInt64(backups)),
          "restored": .uint(UInt64(restored.count)), "problems": .uint(UInt64(problems.count)),
        ])
      } catch {
        throw Failure(error, repository: name)
      }
    }
    return session.finish(command: "backup rebuild")
  }
}
