// SPDX-License-Identifier: Apache-2.0

/// Where a value comes from.
public enum ValueOrigin: Hashable, Sendable, CustomStringConvertible {
  /// Built in.
  case `default`
  /// A line of a configuration file; the name is safe for a terminal.
  case config(file: String, line: Int)
  /// An environment variable.
  case environment(String)
  /// Arguments implied by the name under which the program was called.
  case invocationName(String)
  /// The command line.
  case commandLine

  /// The origin in words.
  public var description: String {
    switch self {
    case .default: "default"
    case .config(let file, let line): "\(file):\(line)"
    case .environment(let name): "environment \(name)"
    case .invocationName(let name): "called as \(name)"
    case .commandLine: "command line"
    }
  }
}

/// A flag that was set, with the value and its origin.
public struct ResolvedValue: Hashable, Sendable, CustomStringConvertible {
  /// The long name of the flag.
  public let flag: String
  /// The value.
  public let value: FlagValue
  /// Where the value comes from.
  public let origin: ValueOrigin
  /// How it was written: `-T`, `--threads`, the variable or the key.
  public let spelling: String

  /// One line for `-v`: `threads = 4 (environment ARCHIVETOOL_THREADS)`.
  public var description: String { "\(flag) = \(value.display) (\(origin))" }
}
