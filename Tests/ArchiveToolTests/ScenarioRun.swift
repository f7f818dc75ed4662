// SPDX-License-Identifier: Apache-2.0

// Runs one scenario in a fresh folder and tells how its results differ from what it expects.
import Foundation
import TestSupport

/// What a scenario did.
struct ScenarioResult: Sendable {
  var sections: [Scenario.Section: [String]] = [:]
  var exit: Int32 = 0
  var ranTooLong = false
  /// What standard output was, for those who look closer.
  var output: [UInt8] = []

  /// In what way the scenario is not fulfilled; `nil` when it is.
  func complaint(_ scenario: Scenario) -> String? {
    var text = ranTooLong ? "it ran too long\n" : ""
    for section in Scenario.Section.allCases where section != .stdin {
      let (expected, actual) = (scenario.lines(section), sections[section] ?? [])
      guard !LinePattern(lines: expected).matches(actual) else { continue }
      text += "\(section.rawValue) is\n" + Self.quoted(actual) + "and should be\n" + Self.quoted(expected)
    }
    if exit != scenario.exit { text += "exit status is \(exit) and should be \(scenario.exit)\n" }
    guard !text.isEmpty else { return nil }
    return "\(scenario.testDescription)\n\(text)the script is\n" + Self.quoted(scenario.script)
  }

  private static func quoted(_ lines: [String]) -> String {
    lines.map { "  | \($0)\n" }.joined()
  }

  /// The scenario with these results where its own expectations do not fit them.
  func updated(_ scenario: Scenario) -> Scenario {
    var scenario = scenario
    for section in Scenario.Section.allCases where section != .stdin {
      let actual = sections[section] ?? []
      if LinePattern(lines: scenario.lines(section)).matches(actual) { continue }
      scenario.sections[section] = LinePattern.generalised(actual)
    }
    scenario.exit = exit
    return scenario
  }
}

extension Scenario {
  /// The first of its needs that is not met.
  var unmetNeed: String? { needs.first { !Self.isMet($0) } }

  private static func isMet(_ need: String) -> Bool {
    if need == "root" { return getuid() == 0 }
    if need == "mount" { return canMount }
    return ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"].contains {
      FileManager.default.isExecutableFile(atPath: $0 + need)
    }
  }

  /// Whether a file system can be mounted, which a container may refuse to its root.
  private static let canMount: Bool = {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = [
      "-c",
      "d=$(mktemp -d) || exit; mount -t tmpfs none $d 2>/dev/null && umount $d; status=$?; rmdir $d; exit $status",
    ]
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  /// Runs the script in a folder that exists only for it.
  func run() throws -> ScenarioResult {
    guard let tools = ToolBinary.folder, let location = ToolBinary.location else { throw ToolBinary.Missing() }
    let folder = try TemporaryFolder()
    for name in ["work", "home", "tmp"] { try folder.makeFolder(name) }
    try folder.write("stdin", Array(lines(.stdin).map { $0 + "\n" }.joined().utf8))
    try folder.write(
      "script", Array((["cd \"$WORK\"", "set -u", ". \"$PRELUDE\""] + script).map { $0 + "\n" }.joined().utf8))
    var environment = [
      "PATH": tools.location("") + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
      "ARCHIVETOOL": location, "WORK": folder.location("work"), "HOME": folder.location("home"),
      "XDG_CONFIG_HOME": folder.location("home/.config"), "TMPDIR": folder.location("tmp"),
      "LC_ALL": "C.UTF-8", "TERM": "xterm", "PRELUDE": ScenarioFile.folder.appending(path: "prelude.sh").path,
    ]
    var console: PseudoTerminal?
    if let terminal {
      console = PseudoTerminal(columns: terminal.columns, rows: terminal.rows, log: folder.location("tty"))
      environment["TTY"] = console?.device
      environment["TTYLOG"] = folder.location("tty")
    }
    let child = ChildProcess(
      program: "/bin/bash", arguments: [folder.location("script")], environment: environment,
      input: folder.location("stdin"), output: folder.location("stdout"), errors: folder.location("stderr"))
    let ended = try child.run()
    console?.finish()
    var result = ScenarioResult(exit: ended.status, ranTooLong: ended.ranTooLong)
    let names = [
      (folder.location("work"), "$PWD"), (folder.location("home"), "$HOME"), (folder.location(""), "$TOP/"),
      (tools.location(""), "$BIN/"), (console?.device ?? "/dev/pts/none", "$TTY"),
    ].flatMap { [$0, ($0.0.replacingOccurrences(of: "//", with: "/"), $0.1)] }
    for section in Scenario.Section.allCases where section != .stdin {
      result.sections[section] = LinePattern.lines(of: folder.contents(section.rawValue) ?? [], replacing: names)
    }
    result.output = folder.contents("stdout") ?? []
    return result
  }
}

/// Lets a few scenarios run at a time: they mostly wait for one another's processors, and some for a clock.
actor ScenarioGate {
  static let shared = ScenarioGate(width: 6)

  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(width: Int) { free = width }

  /// Runs a scenario on a thread of its own when there is room for it.
  nonisolated func run(_ scenario: Scenario) async throws -> ScenarioResult {
    await enter()
    let result = await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: Result { try scenario.run() }) }
    }
    await leave()
    return try result.get()
  }

  private func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  private func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
