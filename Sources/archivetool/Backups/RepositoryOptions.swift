// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CommandLineKit
import SystemIO

/// The flags that every command on a repository has.
struct RepositoryOptions: Sendable {
  /// The folder.
  var path: [UInt8]?

  static let flags: [Flag<RepositoryOptions>] = [
    .directory("repo", short: "R", \.path, "the repository").placeholder("REPO").group(.input)
      .environment("ARCHIVETOOL_REPO")
  ]

  /// The repository's name.
  func name() throws -> InputName {
    guard let path else {
      throw UsageError(
        .missingArgument, "-R REPO is missing", hint: "ARCHIVETOOL_REPO can name the repository for all calls")
    }
    return InputName(path: path)
  }
}

/// The options of a command that asks for nothing but a repository.
struct RepositoryAloneOptions: CommandOptions {
  var global = GlobalOptions()
  var repository = RepositoryOptions()
  init() {}
}

/// A repository as the argument of a command.
struct OpenRepository {
  let name: InputName
  let repository: Repository

  /// Opens it, and tells what opening found.
  init(_ name: InputName, _ session: Session) throws(Failure) {
    self.name = name
    do throws(BackupError) {
      repository = try Repository(
        opening: DirectoryStorage(Path(name.path ?? [])), registry: session.registry)
    } catch {
      throw Failure(error, repository: name)
    }
    tellWarnings(session)
  }

  /// The run of a command on a repository: opens it, does something with it, and tells what went wrong.
  ///
  /// - Parameters:
  ///   - options: which repository.
  ///   - global: how it is told.
  ///   - command: the command's name.
  ///   - body: what to do.
  static func run(
    _ options: RepositoryOptions, _ global: GlobalOptions, _ context: Context, command: String,
    _ body: (OpenRepository, Session) throws(Failure) -> Void
  ) throws -> ExitCode {
    let name = try options.name()
    let session = try context.begin(global)
    session.attempt { () throws(Failure) in
      let repository = try OpenRepository(name, session)
      try body(repository, session)
      repository.tellWarnings(session)
    }
    return session.finish(command: command)
  }

  /// Does something with the repository, in the words of the tool when it fails.
  func attempt<Result>(_ body: (Repository) throws(BackupError) -> Result) throws(Failure) -> Result {
    do throws(BackupError) { return try body(repository) } catch { throw Failure(error, repository: name) }
  }

  /// Tells what stopped nothing.
  func tellWarnings(_ session: Session) {
    for warning in repository.takeWarnings() {
      session.reporter.warning(Failure(.partial, Escaping.visible(warning), input: name))
    }
  }
}
