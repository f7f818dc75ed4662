// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// Where an output goes, and whether it may.
enum OutputTarget {
  /// Standard output.
  case standardOutput
  /// A file that appears under its name when it is complete.
  case file(Path)
  /// Something that is written as it is, such as a device or a pipe: it cannot be replaced by a rename.
  case special(Path)

  /// What to write a named output to.
  ///
  /// - Parameters:
  ///   - path: the name.
  ///   - source: what is read, if it is one file; must not be the same.
  ///   - force: whether an existing file may be replaced.
  init(_ path: Path, source: FileStatus?, force: Bool) throws(Failure) {
    do throws(IOError) {
      guard try FileSystem.exists(path) else {
        self = .file(path)
        return
      }
      let link = try FileSystem.linkStatus(of: path)
      // What a link leads to decides, and a link that leads nowhere is in the way like a file.
      let status = (try? FileSystem.status(of: path)) ?? link
      if link.kind == .symbolicLink, try Self.leadsToStandardOutput(status, path) {
        self = .standardOutput
        return
      }
      switch status.kind {
      case .regular, .symbolicLink:
        if status.kind == .regular, let source, status.isSameFile(as: source) {
          throw IOError("replace the input by its own output", path: path, errno: .invalidArgument)
        }
        self = .file(path)
      case .directory: throw IOError("write a directory", path: path, errno: .isDirectory)
      default:
        self = .special(path)
        return
      }
    } catch {
      if error.errno == .invalidArgument {
        throw Failure(.usage, "the output is the input itself", path: path.bytes)
      }
      throw Failure(error, input: InputName(path: path.bytes))
    }
    guard force else {
      var failure = Failure(.partial, "already exists", path: path.bytes, hint: "-f replaces it")
      failure.isTaken = true
      throw failure
    }
  }

  /// Whether a link such as /dev/stdout leads to what standard output is. When that is a file, replacing the name would
  /// destroy the link, and the data would never reach the file.
  private static func leadsToStandardOutput(_ status: FileStatus, _ path: Path) throws(IOError) -> Bool {
    guard status.kind == .regular else { return false }
    if let output = try? FileHandle.standardOutput.status(), status.isSameFile(as: output) { return true }
    if let error = try? FileHandle.standardError.status(), status.isSameFile(as: error) {
      throw IOError("replace standard error", path: path, errno: .notSupported)
    }
    return false
  }

  /// The file that is there already and gives way to the output, or is the output. One that lives on under another name, or
  /// behind a link that gives way, does not.
  var presentFile: FileStatus? {
    switch self {
    case .standardOutput:
      let status = try? FileHandle.standardOutput.status()
      return status.flatMap { $0.kind == .regular ? $0 : nil }
    case .file(let path):
      let status = try? FileSystem.linkStatus(of: path)
      return status.flatMap { $0.kind == .regular && $0.links == 1 ? $0 : nil }
    case .special: return nil
    }
  }

  /// The name for messages.
  var name: InputName {
    switch self {
    case .standardOutput: InputName(path: Array("stdout".utf8))
    case .file(let path), .special(let path): InputName(path: path.bytes)
    }
  }
}
