// SPDX-License-Identifier: Apache-2.0

// Runs a program with its streams in files, so that nothing it says can block it.

import Foundation

/// A program that runs, and then what came of it.
final class ScriptRun {
  private let process = Process()
  private let folder: URL

  /// Starts a program and waits for its end.
  ///
  /// - Parameters:
  ///   - program: the path, or a name to look for along `PATH`.
  ///   - arguments: its arguments.
  ///   - input: what it reads.
  ///   - environment: variables to set over those of this process; an empty value removes one.
  ///   - directory: where it works.
  convenience init(
    _ program: String, _ arguments: [String] = [], input: String = "", environment: [String: String] = [:],
    directory: URL? = nil
  ) throws {
    try self.init(started: program, arguments, input: input, environment: environment, directory: directory)
    wait()
  }

  /// Starts a program; see ``wait()``.
  init(
    started program: String, _ arguments: [String] = [], input: String = "", environment: [String: String] = [:],
    directory: URL? = nil
  ) throws {
    folder = try TemporaryFolder.make()
    for name in ["input", "output", "errors"] {
      try Data(name == "input" ? Array(input.utf8) : []).write(to: folder.appendingPathComponent(name))
    }
    // Along PATH by `env`, which also leaves everything as it is for a path.
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.currentDirectoryURL = directory
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }.filter { !$1.isEmpty }
    process.standardInput = try FileHandle(forReadingFrom: folder.appendingPathComponent("input"))
    process.standardOutput = try FileHandle(forWritingTo: folder.appendingPathComponent("output"))
    process.standardError = try FileHandle(forWritingTo: folder.appendingPathComponent("errors"))
    try process.run()
  }

  deinit {
    if process.isRunning { process.terminate() }
    try? FileManager.default.removeItem(at: folder)
  }

  /// Waits for the end.
  func wait() { process.waitUntilExit() }

  /// Whether it still runs.
  var isRunning: Bool { process.isRunning }

  /// The exit status; 128 and the signal when it was ended by one.
  var status: Int32 {
    process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
  }

  /// What it has written so far.
  var output: String { text("output") }

  /// What it has written to standard error so far.
  var errors: String { text("errors") }

  private func text(_ name: String) -> String {
    String(decoding: (try? Data(contentsOf: folder.appendingPathComponent(name))) ?? Data(), as: UTF8.self)
  }
}

/// Folders for one test each.
enum TemporaryFolder {
  /// A new, empty folder with a blank in its name. The caller removes it.
  static func make() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("codeckit test \(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }
}
