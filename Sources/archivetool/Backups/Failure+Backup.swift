// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import BackupKit
import CommandLineKit
import SystemIO

/// What went wrong with a repository or a backup, as it is reported.
extension Failure {
  /// The report of an error that BackupKit met.
  ///
  /// - Parameters:
  ///   - error: the error.
  ///   - repository: the repository.
  init(_ error: BackupError, repository: InputName) {
    // Damage of an archive is told in the words of archives, with the backup's repository in front.
    if let archive = error.archive, archive.system == nil {
      self.init(archive, archive: repository)
      hint = nil
      return
    }
    if let system = error.system {
      self.init(system, input: repository)
      return
    }
    let exit: ExitCode =
      switch error.code {
      case .invalidValue, .ambiguous: .usage
      case .nameInUse, .parentUnusable, .isProtected, .isNeeded, .illegalMove, .repositoryExists: .refused
      case .notFound: .partial
      case .locked: .locked
      case .noRepository: .noRepository
      case .unsupportedVersion, .unsupported: .unsupported
      case .catalogueDamaged: .damaged
      case .sourceFailed: .sourceFailed
      case .cancelled: .partial
      default: .internal
      }
    let what: String =
      switch exit {
      case .damaged: "damaged: "
      case .unsupported: "unsupported: "
      case .internal: "internal error: "
      default: ""
      }
    // Names in a reason are as somebody gave them.
    self.init(
      exit, what + Escaping.visible(error.reason), input: repository, detail: error.code.description,
      hint: Self.hint(error, repository))
  }

  private static func hint(_ error: BackupError, _ repository: InputName) -> String? {
    switch error.code {
    case .noRepository: "archivetool backup init -R \(repository.display) makes one"
    case .ambiguous: error.backups.isEmpty ? "--instance names one" : "name it by its identifier: backup list --json"
    case .nameInUse: "without a name one is made from the time"
    case .isNeeded: "--cascade deletes what builds on it too, --merge-first keeps that; --dry-run shows what that is"
    case .isProtected: "archivetool backup update --unprotect takes the protection away"
    case .catalogueDamaged: "archivetool backup rebuild makes the catalogue again from the backups"
    case .notFound: "archivetool backup list -R \(repository.display) lists what is there"
    default: nil
    }
  }
}
