// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CommandLineKit
import SystemIO

/// What went wrong with an archive, as it is reported.
extension Failure {
  /// The report of an error that ArchiveKit met.
  ///
  /// - Parameters:
  ///   - error: the error.
  ///   - archive: the archive it is about.
  init(_ error: ArchiveError, archive: InputName) {
    if let system = error.system, error.path == nil {
      self.init(system, input: archive)
      return
    }
    let exit: ExitCode =
      switch error.code {
      case .truncated, .corrupt, .checksumMismatch, .unsafeTree: .damaged
      case .notAnArchive, .unsupportedFeature, .missingParent, .wrongParent: .unsupported
      case .limitExceeded: .limit
      case .invalidOption: .usage
      case .notFound: .partial
      case .io: .io
      default: .internal
      }
    var text = error.reason
    if let path = error.path { text = "\(Escaping.visible(path)): \(text)" }
    if let offset = error.offset { text += " (offset \(offset))" }
    let what: String =
      switch exit {
      case .damaged: error.code == .truncated ? "truncated: " : "damaged: "
      case .unsupported: error.code == .missingParent || error.code == .wrongParent ? "" : "unsupported: "
      case .limit: "limit: "
      case .internal: "internal error: "
      default: ""
      }
    self.init(exit, what + text, input: archive, offset: error.offset, detail: error.code.description)
    if error.code == .truncated {
      hint = "what is there can be recovered with: archivetool recover \(archive.display) -o OUT.cka"
    }
  }
}

extension Failure {
  /// The report of an error met while an archive that has been written is read back: under the name that it will have,
  /// since the one it has for the moment says nothing to anybody.
  init(readingBack error: ArchiveError, at temporary: Path, as name: InputName) {
    if let system = error.system, system.path == temporary {
      self.init(IOError(system.operation, errno: system.errno), input: name)
    } else {
      self.init(error, archive: name)
    }
  }

  /// The report of what happened to a path while a tree was read.
  init(_ warning: TreeWarning) {
    let text =
      switch warning.kind {
      case .missing: "does not exist"
      case .vanished: "vanished while the tree was read"
      case .unreadable: "cannot be read"
      case .changed: "changed while it was read"
      case .attributes: "its extended attributes cannot be read"
      case .unusablePath: "its path is too long for an archive"
      case .tooLarge: "it has more attributes than an archive can hold"
      case .socket: "skipped: a socket"
      case .shortenedPath: "stored without .. and what stands before it"
      case .unsafePath: "left out: its path has .. or cannot be in an archive"
      case .absolutePath: "stored without / at the start, as are others"
      case .unstorable: "left out: an archive has no kind for it"
      case .withoutTarget: "left out: a further name of what is not there"
      case .displaced: "left out: one of two that stand in each other's way"
      default: warning.kind.description
      }
    self.init(
      warning.kind.isLoss ? .partial : .ok,
      warning.error.map { $0.errno == .noSuchFile ? text : "\(text): \($0.errno.message)" } ?? text,
      path: warning.path)
  }
}
