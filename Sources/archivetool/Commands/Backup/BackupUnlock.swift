// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup unlock`: what a process that was killed has left in the locks.
enum BackupUnlock {
  typealias Options = RepositoryAloneOptions

  static let command = Command<Options, Context>(
    "backup unlock", summary: "tidy up after a process that was killed",
    discussion: """
      Locks go away with the process that holds them, however it ends; this is never needed to go on. It removes what \
      stands in locks that nobody holds, and settles backups that were being made: complete ones are taken over, others \
      are marked as failed, and what a service has left for its next start is given up. A lock that is held is named, never broken, and the status is 11.
      """,
    examples: [Example("archivetool backup unlock -R /srv/backups", "")],
    flags: RepositoryOptions.flags.lifted(\Options.repository),
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    try OpenRepository.run(
      options.repository, options.global, context, command: "backup unlock"
    ) { (repository: OpenRepository, session: Session) throws(Failure) in
      let name = repository.name
      let (cleared, held) = try repository.attempt { (repository) throws(BackupError) in try repository.unlock() }
      for holder in held {
        session.reporter.failure(Failure(.locked, "in use: \(Escaping.visible(holder.description))", input: name))
      }
      session.reporter.detail("\(cleared) locks tidied up", subject: name.display)
      session.reporter.emit([
        "type": "backup_unlock", "v": 1, "command": "backup unlock", "cleared": .uint(UInt64(cleared)),
        "held": .uint(UInt64(held.count)),
      ])
    }
  }
}
