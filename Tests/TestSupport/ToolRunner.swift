// SPDX-License-Identifier: Apache-2.0

// Runs a program and collects what it says, without deadlock however much that is.

public import Foundation
private import Synchronization

/// A program's run.
public struct ToolResult: Sendable {
  /// The exit status, or 128 plus the signal that ended it.
  public let status: Int32
  /// What it wrote.
  public let output: [UInt8]
  /// What it wrote to standard error.
  public let errorText: String
  /// Whether it had to be stopped.
  public let timedOut: Bool

  /// What it wrote, as text.
  public var outputText: String { String(decoding: output, as: UTF8.self) }
}

/// Runs programs.
public enum ToolRunner {
  /// The path of a program, if it is installed.
  ///
  /// - Parameter name: a name to look for along `PATH`, or a path.
  public static func find(_ name: String) -> String? {
    if name.contains("/") { return FileManager.default.isExecutableFile(atPath: name) ? name : nil }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  /// Runs a program to its end.
  ///
  /// - Parameters:
  ///   - name: its name or path.
  ///   - arguments: its arguments.
  ///   - input: what it reads from standard input.
  ///   - environment: variables to set over those of this process; `nil` removes one.
  ///   - directory: where it works.
  ///   - timeout: after how many seconds it is stopped; a guard against hanging, not a measurement.
  /// - Throws: what `Process` throws when the program cannot be started.
  public static func run(
    _ name: String, _ arguments: [String] = [], input: [UInt8] = [], environment: [String: String?] = [:],
    directory: URL? = nil, timeout: Double = 120
  ) throws -> ToolResult {
    _ = ignoreBrokenPipes
    guard let path = find(name) else {
      throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: name])
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.currentDirectoryURL = directory
    var variables = ProcessInfo.processInfo.environment
    for (name, value) in environment { variables[name] = value }
    process.environment = variables
    let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = stderr
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()

    let collected = Collected()
    let group = DispatchGroup()
    for (pipe, isError) in [(stdout, false), (stderr, true)] {
      let handle = pipe.fileHandleForReading
      thread(in: group) {
        while let part = try? handle.read(upToCount: 1 << 20), !part.isEmpty { collected.append(part, isError) }
      }
    }
    let writer = stdin.fileHandleForWriting
    thread(in: group) {
      // The program may close its end early; that is its business.
      if !input.isEmpty { try? writer.write(contentsOf: Data(input)) }
      try? writer.close()
    }
    let timedOut = ended.wait(timeout: .now() + timeout) == .timedOut
    if timedOut {
      process.terminate()
      if ended.wait(timeout: .now() + 2) == .timedOut {
        kill(process.processIdentifier, SIGKILL)
        ended.wait()
      }
    }
    process.waitUntilExit()
    // A grandchild may hold the pipes open for ever.
    _ = group.wait(timeout: .now() + 10)
    let (output, errors) = collected.parts
    let status =
      process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
    return ToolResult(
      status: status, output: [UInt8](output), errorText: String(decoding: errors, as: UTF8.self), timedOut: timedOut)
  }

  private static func thread(in group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
    group.enter()
    Thread.detachNewThread {
      body()
      group.leave()
    }
  }

  /// Writing to a program that has ended must be an error, not a signal.
  public static let ignoreBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()
}

/// What both pipes brought so far.
private final class Collected: Sendable {
  private let data = Mutex<(output: Data, errors: Data)>((Data(), Data()))

  func append(_ part: Data, _ isError: Bool) {
    data.withLock { if isError { $0.errors.append(part) } else { $0.output.append(part) } }
  }

  var parts: (output: Data, errors: Data) { data.withLock { $0 } }
}
