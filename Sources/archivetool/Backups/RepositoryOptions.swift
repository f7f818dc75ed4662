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
