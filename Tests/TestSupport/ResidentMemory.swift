// SPDX-License-Identifier: Apache-2.0

// How much memory this process holds.

private import Foundation

/// The resident memory of this process.
public enum ResidentMemory {
  /// The present size in bytes, or 0 where the system does not tell.
  public static var current: Int { value("VmRSS:") }

  /// The largest size so far in bytes, or 0 where the system does not tell.
  public static var peak: Int { value("VmHWM:") }

  /// Whether what is freed goes back at once, so that growth is a leak. Sanitizers keep it for a while.
  public static var tellsLeaks: Bool { !ProcessEnvironment.isSet("CODECKIT_SANITIZER") }

  private static func value(_ name: String) -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return 0 }
    return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }.map {
      $0 * 1024
    } ?? 0
  }
}

/// The environment of this process.
public enum ProcessEnvironment {
  /// Whether a variable is set to something but nothing and `0`.
  public static func isSet(_ name: String) -> Bool {
    let value = ProcessInfo.processInfo.environment[name] ?? ""
    return !value.isEmpty && value != "0"
  }
}
