// SPDX-License-Identifier: Apache-2.0

// Runs the drivers in Tests/ServiceClients: one process for each scenario, with the clients that bin/setup installed.
import Foundation
import TestSupport
import Testing

/// Where the drivers are, and what runs them.
enum ServiceClients {
  /// What is wrong when there is nothing to test.
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  /// The status of a scenario that needs what is not there.
  private static let skipped: Int32 = 77

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static let runner = root.appending(path: "Tests/ServiceClients/run.py").path

  /// The Python that has the clients, or else any.
  static let python: String = {
    let own = root.appending(path: ".build/clients/bin/python").path
    return FileManager.default.isExecutableFile(atPath: own) ? own : "/usr/bin/python3"
  }()

  /// The tool and the service beside it.
  static func binaries() throws -> [String] {
    let named = ProcessInfo.processInfo.environment["ARCHIVETOOL_BINARY"].flatMap { $0.isEmpty ? nil : $0 }
    let tool = named ?? root.appending(path: ".build/tool/archivetool").path
    for path in [tool, tool + "-serve"] where !FileManager.default.isExecutableFile(atPath: path) {
      throw Missing(description: "there is no \(path): run bin/test, or set ARCHIVETOOL_BINARY")
    }
    return ["--tool", tool, "--serve", tool + "-serve"]
  }

  /// Runs scenarios, and fails with what they have said.
  static func run(_ arguments: [String]) throws {
    let (status, text) = try LoggedProcess.run(python, [runner, "run"] + arguments)
    if status == skipped {
      print(text.trimmingCharacters(in: .whitespacesAndNewlines))
    } else {
      #expect(status == 0, "\(arguments.last ?? ""): \(text.suffix(6000))")
    }
  }
}

/// A database server and a service over it, which end with this process.
final class HeldServers: Sendable {
  private let folder: TemporaryFolder
  // Its end is the end of the servers.
  private let input: Pipe
  /// Why there are none.
  let reason: String?

  var description: String { folder.location("world.json") }

  /// Starts them.
  init(_ kind: String) throws {
    folder = try TemporaryFolder(inMemory: true)
    input = Pipe()
    let process = Process()
    process.executableURL = URL(filePath: ServiceClients.python)
    process.arguments =
      [ServiceClients.runner, "hold", "--kind", kind] + (try ServiceClients.binaries())
      + [folder.location("world.json")]
    let output = folder.location("output.txt")
    _ = FileManager.default.createFile(atPath: output, contents: nil)
    let handle = try #require(FileHandle(forWritingAtPath: output))
    process.standardInput = input
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    while process.isRunning, !FileManager.default.fileExists(atPath: folder.location("world.json")) {
      Thread.sleep(forTimeInterval: 0.02)
    }
    let said = String(decoding: folder.contents("output.txt") ?? [], as: UTF8.self)
    reason = process.isRunning ? nil : said.trimmingCharacters(in: .whitespacesAndNewlines)
    if !process.isRunning, process.terminationStatus != 77 {
      throw ServiceClients.Missing(description: "the servers of kind \(kind) did not start: \(said.suffix(4000))")
    }
  }
}
