// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// The inputs that a command line names, one after the other, with folders descended into.
///
/// Nothing is opened beforehand: a run over a million files starts at once.
struct InputList: ~Copyable {
  /// How to choose.
  struct Rules {
    /// Whether folders are descended into.
    var recursive: Bool
    /// Whether things that are no regular files are taken all the same.
    var force: Bool
    /// Which files of a folder are wanted; what is named on the command line always is.
    var wants: (Path) -> Bool = { _ in true }
  }

  /// What comes next.
  enum Item {
    /// Standard input.
    case standardInput
    /// A file to work on.
    case file(Path)
    /// Something that is left out, and why. Not a failure of its own: the run ends as partial.
    case skipped(Failure)
    /// Something that cannot be read.
    case failed(Failure)
  }

  private let arguments: [[UInt8]]
  private let rules: Rules
  private var index = 0
  private var walk = WalkState()

  private struct WalkState: ~Copyable {
    var walk: DirectoryWalk?
  }

  /// - Parameters:
  ///   - arguments: the names; none means standard input.
  ///   - rules: how to choose.
  init(_ arguments: [[UInt8]], _ rules: Rules) {
    self.arguments = arguments.isEmpty ? [Array("-".utf8)] : arguments
    self.rules = rules
  }

  /// How many files there are to do and how large they are in all; the size is `nil` when that would take too long.
  static func total(_ arguments: [[UInt8]], _ rules: Rules) -> (files: Int, size: UInt64?) {
    var list = InputList(arguments, rules)
    var files = 0
    var size: UInt64? = 0
    while let item = list.next() {
      guard case .file(let path) = item else { continue }
      files += 1
      if files > largestCount { size = nil }
      if let sum = size { size = sum + UInt64(max(0, (try? FileSystem.status(of: path))?.size ?? 0)) }
    }
    return (files, size == 0 ? nil : size)
  }

  private static let largestCount = 200_000

  /// The next item, or `nil` after the last.
  mutating func next() -> Item? {
    while true {
      if let item = nextOfWalk() { return item }
      guard index < arguments.count else { return nil }
      let name = InputName(argument: arguments[index])
      index += 1
      guard let bytes = name.path else { return .standardInput }
      if let item = classify(Path(bytes), name) { return item }
    }
  }

  private mutating func classify(_ path: Path, _ name: InputName) -> Item? {
    let bytes = path.bytes
    do throws(IOError) {
      let status = try FileSystem.status(of: path)
      switch status.kind {
      case .regular: return .file(path)
      case .directory:
        guard rules.recursive else {
          return .skipped(.skipped("is a directory", bytes, hint: "-r descends into it"))
        }
        walk.walk = try DirectoryWalk(path)
        return nil
      default:
        if rules.force { return .file(path) }
        return .skipped(.skipped("is not a regular file", bytes, hint: "-f reads it anyway"))
      }
    } catch {
      return .failed(notReadable(error, name))
    }
  }

  private mutating func nextOfWalk() -> Item? {
    while walk.walk != nil {
      do throws(IOError) {
        guard let entry = try walk.walk?.next() else {
          walk.walk = nil
          return nil
        }
        if entry.kind == .regular, rules.wants(entry.path) { return .file(entry.path) }
      } catch {
        return .failed(notReadable(error, nil))
      }
    }
    return nil
  }

  /// A file that is not there is the user's affair, not the system's: the run goes on and ends as partial.
  private func notReadable(_ error: IOError, _ name: InputName?) -> Failure {
    var failure = Failure(error, input: name)
    if error.errno == .noSuchFile || error.errno == .notDirectory {
      failure.exit = .partial
      failure.message = "no such file"
    }
    return failure
  }
}
