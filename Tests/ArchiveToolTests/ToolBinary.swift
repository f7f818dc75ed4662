// SPDX-License-Identifier: Apache-2.0

// The built tool that the tests run, under all of its names.
import Foundation
import TestSupport

/// Where the tool is, and a folder for `PATH` with links to it.
enum ToolBinary {
  /// What is wrong when there is no tool to test.
  struct Missing: Error, CustomStringConvertible {
    let description = "there is no built tool: run bin/test, or swift build, or set ARCHIVETOOL_BINARY"
  }

  /// The folder of the package.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The tool: the one that was named, or the newest that was built here.
  static let location = BuiltTool.location

  /// The names under which the tool does one thing, and its own.
  static let names = ["archivetool", "ackz", "unackz", "ackcat"]

  /// A folder with a link of each name.
  static let folder: TemporaryFolder? = {
    guard let location, let folder = try? TemporaryFolder() else { return nil }
    for name in names { try? folder.makeLink(name, to: location) }
    return folder
  }()

  /// What the tool writes to standard output for arguments that need no files.
  static func output(_ arguments: [String]) throws -> String {
    guard let location else { throw Missing() }
    let process = Process()
    process.executableURL = URL(filePath: location)
    process.arguments = arguments
    process.environment = ["LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
