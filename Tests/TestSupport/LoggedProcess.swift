// SPDX-License-Identifier: Apache-2.0

/// A program whose output goes into a file.
import Foundation

/// Runs programs that start servers: one that is left behind must not keep a pipe open, which would never come to its end.
public enum LoggedProcess {
  /// Runs a program to its end, with nothing to read.
  ///
  /// - Parameters:
  ///   - program: its file.
  ///   - arguments: what stands behind its name.
  ///   - folder: where it runs, and where its output is kept; `nil` for a fresh one and the folder of this process.
  ///   - environment: all of its variables; `nil` for those of this process.
  /// - Returns: its status, and what it has written to standard output and standard error.
  public static func run(
    _ program: String, _ arguments: [String], in folder: TemporaryFolder? = nil, environment: [String: String]? = nil
  ) throws -> (status: Int32, text: String) {
    let place = try folder ?? TemporaryFolder()
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    if folder != nil { process.currentDirectoryURL = URL(filePath: place.location("")) }
    if let environment { process.environment = environment }
    try place.write("output.txt", [])
    let output = try FileHandle(forWritingTo: URL(filePath: place.location("output.txt")))
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: place.contents("output.txt") ?? [], as: UTF8.self))
  }
}
