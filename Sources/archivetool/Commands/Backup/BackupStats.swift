// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup stats`: a repository in figures.
enum BackupStats {
  typealias Options = RepositoryAloneOptions

  static let command = Command<Options, Context>(
    "backup stats", summary: "add up the backups of a repository",
    discussion: """
      One line for each instance and one for all: how many backups there are, how many of them complete, increments, and \
      protected; LOGICAL is what restoring all of them would write, UNIQUE what was new in each, STORED what that takes.
      """,
    examples: [Example("archivetool backup stats -R /srv/backups", "by instance, and all together")],
    flags: RepositoryOptions.flags.lifted(\Options.repository),
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    try OpenRepository.run(
      options.repository, options.global, context, command: "backup stats"
    ) { (repository: OpenRepository, session: Session) throws(Failure) in
      let (whole, instances) = try repository.attempt { (repository) throws(BackupError) in
        try repository.statistics()
      }
      for (instance, statistics) in instances { session.reporter.emit(json(statistics, instance)) }
      session.reporter.emit(json(whole, nil))
      session.reporter.count(bytesIn: whole.stored, bytesOut: whole.logical)
      guard !options.global.json else { return }
      var table = Table([
        .text("INSTANCE"), .number("BACKUPS"), .number("COMPLETE"), .number("INCREMENTS"), .number("PROTECTED"),
        .number("LOGICAL"), .number("UNIQUE"), .number("STORED"),
      ])
      for (instance, statistics) in instances { table.add(cells(statistics, Escaping.visible(instance))) }
      table.add(cells(whole, "all"))
      let width = context.outputIsTerminal ? Terminal.width(1) : nil
      context.console.writeOutput(table.rendered(width: width, style: .forStandardOutput(options.global)))
      if whole.unfinished > 0 {
        session.reporter.note(
          "unfinished work takes \(ByteCount(whole.unfinished)); prune removes it", subject: repository.name.display)
      }
    }
  }

  private static func cells(_ statistics: RepositoryStatistics, _ name: String) -> [String] {
    [
      name, "\(statistics.backups)", "\(statistics.states[.complete] ?? 0)", "\(statistics.increments)",
      "\(statistics.protected)", "\(ByteCount(statistics.logical))", "\(ByteCount(statistics.unique))",
      "\(ByteCount(statistics.stored))",
    ]
  }

  private static func json(_ statistics: RepositoryStatistics, _ instance: String?) -> JSONValue {
    var object: JSONValue = ["type": "backup_statistics", "v": 1, "command": "backup stats"]
    object.add("instance", instance.map { .string($0) } ?? .null)
    object.add("backups", .uint(UInt64(statistics.backups)))
    object.add(
      "states",
      .object(
        BackupState.allCases.compactMap { state in
          statistics.states[state].map { JSONValue.Member(state.rawValue, .uint(UInt64($0))) }
        }))
    object.add("increments", .uint(UInt64(statistics.increments)))
    object.add("protected", .uint(UInt64(statistics.protected)))
    object.add("depth", .uint(UInt64(statistics.depth)))
    object.add("logical_bytes", .uint(statistics.logical))
    object.add("unique_bytes", .uint(statistics.unique))
    object.add("stored_bytes", .uint(statistics.stored))
    if instance == nil { object.add("unfinished_bytes", .uint(statistics.unfinished)) }
    return object
  }
}
