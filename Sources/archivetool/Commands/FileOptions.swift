// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// The flags that say which files are read and where results go, common to all commands that turn files into files.
struct FileOptions: Sendable {
  /// The inputs.
  var files: [[UInt8]] = []
  /// Whether to write to standard output.
  var toOutput = false
  /// The output's name.
  var output: [UInt8]?
  /// The folder for outputs.
  var folder: [UInt8]?
  /// Whether to replace, and to take odd inputs.
  var force = false
  /// Whether to delete sources.
  var remove = false
  /// Whether to descend into folders.
  var recursive = false
  /// Whether to wait for the device.
  var sync = false
  /// Whether the stored name and time matter.
  var withName = false
  /// Whether to print statistics.
  var stats = false

  static let flags: [Flag<FileOptions>] = [
    .toggle("stdout", short: "c", \.toOutput, "write to standard output").aliases("to-stdout").group(.output),
    .path("output", short: "o", \.output, "write to FILE; - is standard output").placeholder("FILE").group(.output),
    .directory("output-dir", short: "O", \.folder, "write into folder DIR").aliases("output-dir-flat")
      .placeholder("DIR").group(.output),
    .toggle("force", short: "f", \.force, "replace existing files; read devices and pipes").group(.output),
    .set("keep", short: "k", \.remove, to: false, "keep the source files (default)").group(.input),
    .toggle("rm", \.remove, "delete each source once its copy is on the device").group(.input),
    .toggle("recursive", short: "r", \.recursive, "descend into folders").group(.input),
    .toggle("sync", \.sync, "wait until each output is on the device").group(.output),
    .toggle("stats", \.stats, "print time, CPU and memory at the end").group(.reporting),
  ]

  /// The name of standard output.
  private static let dash = Array("-".utf8)

  /// Whether results go to standard output, given what is read.
  func writesToOutput(for path: Path?) -> Bool {
    toOutput || output == Self.dash || (path == nil && output == nil)
  }

  /// Whether any result goes to standard output.
  var anyGoesToOutput: Bool {
    files.isEmpty
      ? writesToOutput(for: nil) : files.contains { writesToOutput(for: InputName(argument: $0).path.map { Path($0) }) }
  }

  /// Throws instead of waiting for a person to type.
  func refuseTerminalInput(_ context: Context, command: String) throws {
    let readsInput = files.isEmpty || files.contains(Self.dash)
    if readsInput, context.inputIsTerminal, !force {
      throw UsageError(
        .missingArgument, "standard input is a terminal", hint: "name a file; see \(context.program) \(command) -h")
    }
  }

  /// Throws when flags exclude each other.
  func check(json: Bool) throws {
    let named = output.map { $0 != Self.dash } ?? false
    if named && toOutput { throw UsageError(.invalidCombination, "-o and -c exclude each other") }
    if output != nil && folder != nil { throw UsageError(.invalidCombination, "-o and -O exclude each other") }
    if folder != nil && toOutput { throw UsageError(.invalidCombination, "-O and -c exclude each other") }
    if named && (files.count > 1 || recursive) {
      throw UsageError(.invalidCombination, "-o takes one input", hint: "-O DIR takes several")
    }
    if json && anyGoesToOutput {
      throw UsageError(.invalidCombination, "--json and data cannot both go to standard output", hint: "use -o FILE")
    }
    if remove && anyGoesToOutput {
      throw UsageError(.invalidCombination, "--rm needs an output file: standard output cannot be synced")
    }
  }

  /// How many files can be worked on at once: more than one only where each has an output of its own beside it.
  func threadsForFiles(_ global: GlobalOptions) -> Int {
    guard recursive || files.count > 1, !files.contains(Self.dash), !anyGoesToOutput, output == nil, folder == nil,
      !withName
    else { return 1 }
    return global.threads.flatMap { $0 == 0 ? nil : $0 } ?? Machine.coreCount
  }

  /// Where the result of an input goes.
  ///
  /// - Parameters:
  ///   - path: the input; `nil` for standard input.
  ///   - status: what the input is.
  ///   - name: makes the name of an output beside its input.
  func target(
    for path: Path?, status: FileStatus, name: (Path) throws(Failure) -> Path
  ) throws(Failure) -> OutputTarget {
    if writesToOutput(for: path) { return .standardOutput }
    if let output { return try OutputTarget(Path(output), source: status, force: force) }
    guard let path else { return .standardOutput }
    let beside = try name(path)
    return try OutputTarget(
      TargetName.inFolder(folder.map { Path($0) }, beside), source: status, force: force)
  }

  /// What the output takes over from its source.
  func attributes(of status: FileStatus) -> FileAttributes {
    status.kind == .regular ? FileAttributes(copying: status) : FileAttributes()
  }
}
