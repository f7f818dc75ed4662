// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import BackupKit
import CommandLineKit
import SystemIO

/// `archivetool backup find`: which backups hold a file, in which version.
enum BackupFind {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var patterns: [String] = []
    var instance: String?
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup find", summary: "find the backups that hold a file",
    discussion: """
      Prints for each path that matches a PATTERN the versions of it, and for each version the backups that hold it, oldest \
      first. A PATTERN without a slash is compared with each name, any other with the whole path; * ? [] and ** work as in \
      --exclude. Two entries are one version when size, time and content are the same.
      """,
    examples: [
      Example("archivetool backup find -R REPO 'etc/hosts'", "all versions of a file"),
      Example("archivetool backup find -R REPO '*.ibd' --instance mysql", "of one instance"),
    ],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .text("instance", \.instance, "only backups of instance NAME").placeholder("NAME").group(.input)
    ],
    positionals: [.texts("PATTERN", \.patterns, count: 1...Int.max, "what to look for")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    try OpenRepository.run(
      options.repository, options.global, context, command: "backup find"
    ) { (repository: OpenRepository, session: Session) throws(Failure) in
      let patterns = try options.patterns.map { (text: String) throws(Failure) in
        guard let glob = Glob(text) else {
          throw Failure(.usage, "'\(Escaping.visible(text))' is no pattern")
        }
        return glob
      }
      let versions = try repository.attempt { (repository) throws(BackupError) in
        try repository.versions(matching: patterns, instance: options.instance) { failed, error in
          session.reporter.failure(Failure(error, repository: InputName(path: Array(failed.name.utf8))))
        }
      }
      tell(versions, session)
      guard versions.isEmpty else { return }
      session.reporter.failure(Failure(.partial, "no backup holds anything that matches", input: repository.name))
    }
  }

  private static func tell(_ versions: [FileVersion], _ session: Session) {
    var last: [UInt8]?
    for version in versions {
      if version.entry.path != last {
        session.reporter.print(version.entry.path.isEmpty ? "." : Escaping.visible(version.entry.path))
      }
      last = version.entry.path
      let size = version.entry.kind == .file ? "\(version.entry.size)" : "-"
      let names = version.backups.map { Escaping.visible($0.name) }
      let shown = names.count > 4 ? names.prefix(2) + ["… \(names.count - 3) more …"] + names.suffix(1) : names[...]
      session.reporter.print(
        "  \(DisplayWidth.padded(size, to: 14, isRightAligned: true))  \(version.entry.modificationTime)  "
          + shown.joined(separator: ", "))
      var object: JSONValue = ["type": "file_version", "v": 1, "command": "backup find"]
      object.add(JSONValue.path(version.entry.path))
      if version.entry.kind == .file { object.add("size", .uint(version.entry.size)) }
      object.add("mtime", .string(version.entry.modificationTime.rfc3339(fractionDigits: 9)))
      object.add("backups", .array(version.backups.map { .string($0.id.description) }))
      object.add("names", .array(version.backups.map { .string($0.name) }))
      session.reporter.emit(object)
      session.reporter.count(bytesIn: 0, bytesOut: version.entry.size)
    }
  }
}
