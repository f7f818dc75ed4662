// SPDX-License-Identifier: Apache-2.0

// The scripts that people type, over a checkout whose compiler is a stand-in that counts its builds.

import Foundation
import Testing

/// A small checkout with the real scripts, in a folder of its own.
private final class ScriptCheckout {
  let top: URL
  /// The checkout; its name has a blank, like every name that a script must bear.
  var root: URL { top.appendingPathComponent("a checkout") }

  init(version: String = "6.2") throws {
    top = try TemporaryFolder.make()
    try FileManager.default.createDirectory(
      at: root.appendingPathComponent("Sources/tool"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: Checkout.url("bin"), to: root.appendingPathComponent("bin"))
    try write("a checkout/Package.swift", "")
    try write("a checkout/Sources/tool/main.swift", "")
    try write("a checkout/Sources/tool/second.swift", "")
    try write(
      "swift",
      """
      #!/bin/sh
      case $1 in
        --version) echo 'Swift version \(version) (swift-\(version)-RELEASE)' ;;
        build)
          echo 'a compiler talks'
          while [ "$1" != --product ]; do shift; done
          product=$2
          # The service is built with the tool: that is one build.
          if [ "$product" = archivetool ]; then
            echo build >>"$STAND_IN/builds"
            if [ -p "$STAND_IN/gate" ]; then cat "$STAND_IN/gate"; fi
          fi
          if [ -e "$STAND_IN/broken" ]; then echo 'error: it is broken'; exit 1; fi
          while [ "$1" != --scratch-path ]; do shift; done
          mkdir -p "$2/release"
          cp "$STAND_IN/tool" "$2/release/$product" ;;
        *) exit 9 ;;
      esac
      """, executable: true)
    try write(
      "tool",
      """
      #!/bin/sh
      case ${1:-} in
        man) echo ".BR \\"${0##*/}\\-compress\\" \\"(1)\\" archivetool\\-backup\\-create ($*)"; exit ;;
        completions) echo "# completions for $2"; exit ;;
      esac
      printf '%s:' "${0##*/}" "$#" "$@"
      cat
      exit 7
      """, executable: true)
  }

  deinit { try? FileManager.default.removeItem(at: top) }

  func write(_ path: String, _ text: String, executable: Bool = false) throws {
    let url = top.appendingPathComponent(path)
    try Data(text.utf8).write(to: url)
    if executable { try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path) }
  }

  func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: top.appendingPathComponent(path).path) }

  func text(_ path: String) throws -> String {
    try String(contentsOf: top.appendingPathComponent(path), encoding: .utf8)
  }

  var builds: Int { (try? text("builds").split(separator: "\n").count) ?? 0 }

  private func environment(_ more: [String: String]) -> [String: String] {
    ["STAND_IN": top.path, "SWIFT": top.appendingPathComponent("swift").path].merging(more) { $1 }
  }

  func run(
    _ script: String, _ arguments: [String] = [], input: String = "", environment more: [String: String] = [:]
  ) throws -> ScriptRun {
    try ScriptRun(
      script.hasPrefix("/") ? script : root.appendingPathComponent(script).path, arguments, input: input,
      environment: environment(more), directory: top)
  }

  func start(_ script: String) throws -> ScriptRun {
    try ScriptRun(
      started: root.appendingPathComponent(script).path, environment: environment([:]), directory: top)
  }
}

@Suite("scripts")
struct ScriptTests {
  @Test("the first call builds, and only the tool writes to standard output")
  func firstCall() throws {
    let checkout = try ScriptCheckout()
    let run = try checkout.run("bin/archivetool", ["a b", "", "c\nd", "*", "--", "$x"], input: "in\n\u{0}put")
    #expect(run.status == 7)
    #expect(run.output == "archivetool:6:a b::c\nd:*:--:$x:in\n\u{0}put")
    #expect(run.errors.contains("building"))
    #expect(checkout.builds == 1)
  }

  @Test("later calls are silent and build only after a change")
  func laterCalls() throws {
    let checkout = try ScriptCheckout()
    _ = try checkout.run("bin/archivetool")
    let second = try checkout.run("bin/archivetool", ["x"])
    #expect(second.errors.isEmpty)
    #expect(second.output == "archivetool:1:x:")
    #expect(checkout.builds == 1)

    try checkout.write("a checkout/Sources/tool/main.swift", "changed")
    _ = try checkout.run("bin/archivetool")
    #expect(checkout.builds == 2)
    try FileManager.default.removeItem(at: checkout.root.appendingPathComponent("Sources/tool/second.swift"))
    _ = try checkout.run("bin/archivetool")
    #expect(checkout.builds == 3)
    try checkout.write("a checkout/Package.swift", "changed")
    _ = try checkout.run("bin/archivetool")
    #expect(checkout.builds == 4)
  }

  @Test("links to the script work from anywhere, and their names are passed on")
  func links() throws {
    let checkout = try ScriptCheckout()
    let script = checkout.root.appendingPathComponent("bin/archivetool").path
    for name in ["tool link", "ackcat"] {
      try FileManager.default.createSymbolicLink(
        atPath: checkout.top.appendingPathComponent(name).path, withDestinationPath: script)
    }
    #expect(try checkout.run(checkout.top.appendingPathComponent("tool link").path).output == "archivetool:0:")
    #expect(try checkout.run(checkout.top.appendingPathComponent("ackcat").path).output == "ackcat:0:")
  }

  @Test("of two calls at once one builds and the other waits for it", .timeLimit(.minutes(5)))
  func atOnce() throws {
    let checkout = try ScriptCheckout()
    // The first build stands still until somebody writes to the gate.
    let gate = checkout.top.appendingPathComponent("gate").path
    #expect(try ScriptRun("mkfifo", [gate]).status == 0)
    let runs = [try checkout.start("bin/archivetool"), try checkout.start("bin/archivetool")]
    while !runs.contains(where: { $0.errors.contains("waiting for another build") }), runs.contains(where: \.isRunning)
    {
      _ = try ScriptRun("true")
    }
    let opener = try ScriptRun("sh", ["-c", "echo >\"$1\"", "sh", gate])
    #expect(opener.status == 0)
    for run in runs {
      run.wait()
      #expect(run.status == 7)
      #expect(run.output == "archivetool:0:")
    }
    #expect(checkout.builds == 1)
  }

  @Test("a build that fails is shown, and nothing stale is run")
  func failure() throws {
    let checkout = try ScriptCheckout()
    try checkout.write("broken", "")
    let run = try checkout.run("bin/archivetool")
    #expect(run.status == 127)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("error: it is broken"))
    try FileManager.default.removeItem(at: checkout.top.appendingPathComponent("broken"))
    #expect(try checkout.run("bin/archivetool").status == 7)

    try checkout.write("a checkout/Package.swift", "changed")
    try checkout.write("broken", "")
    #expect(try checkout.run("bin/archivetool").status == 127)
    #expect(try checkout.run("bin/archivetool").status == 127)
  }

  @Test("without a compiler one sentence says what to do", arguments: ["6.1", "5.10.1"])
  func oldCompiler(_ version: String) throws {
    let checkout = try ScriptCheckout(version: version)
    let run = try checkout.run("bin/archivetool")
    #expect(run.status == 127)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("is not a Swift compiler of version 6.2 or newer"))
    #expect(checkout.builds == 0)
  }

  @Test("a compiler of any newer version will do", arguments: ["6.2", "6.2.1", "6.10", "7.0"])
  func newCompiler(_ version: String) throws {
    let checkout = try ScriptCheckout(version: version)
    #expect(try checkout.run("bin/archivetool").status == 7)
  }

  @Test("another program called swift is passed over")
  func otherSwift() throws {
    let checkout = try ScriptCheckout()
    let folder = checkout.top.appendingPathComponent("other")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try checkout.write("other/swift", "#!/bin/sh\necho python-swiftclient 4.1.0\n", executable: true)
    let path = "\(folder.path):\(checkout.top.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
    let run = try checkout.run("bin/archivetool", environment: ["PATH": path, "SWIFT": ""])
    #expect(run.status == 7)
    #expect(checkout.builds == 1)
    #expect(try checkout.text("a checkout/.build/setup/compiler").hasPrefix("\(checkout.top.path)/swift\n"))
  }

  @Test("set-up says nothing when all is there")
  func silentSetup() throws {
    let checkout = try ScriptCheckout()
    for _ in 0..<2 {
      let run = try checkout.run("bin/setup")
      #expect(run.status == 0)
      #expect(run.output.isEmpty && run.errors.isEmpty)
    }
  }

  @Test("installation puts program, links, pages and completions in place")
  func installation() throws {
    let checkout = try ScriptCheckout()
    let destination = checkout.top.appendingPathComponent("dest dir").path
    let run = try checkout.run("bin/install", ["/opt/pre fix"], environment: ["DESTDIR": destination])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.isEmpty)
    let prefix = "dest dir/opt/pre fix"
    for path in [
      "share/man/man1/archivetool.1", "share/man/man1/archivetool-compress.1",
      "share/man/man1/archivetool-backup-create.1", "share/man/man1/ackcat.1",
      "share/bash-completion/completions/archivetool", "share/zsh/site-functions/_archivetool",
      "share/fish/vendor_completions.d/archivetool.fish", "libexec/archivetool-serve",
    ] {
      #expect(checkout.exists("\(prefix)/\(path)"), "\(path)")
    }
    #expect(try checkout.text("\(prefix)/share/man/man1/archivetool-backup-create.1").contains("(man backup create)"))
    #expect(try checkout.text("\(prefix)/share/fish/vendor_completions.d/archivetool.fish").hasSuffix("fish\n"))
    let tool = checkout.top.appendingPathComponent("\(prefix)/bin/ackz").path
    #expect(try checkout.run(tool, ["x"]).output == "ackz:1:x:")
    // A second installation goes over the first.
    #expect(try checkout.run("bin/install", ["/opt/pre fix"], environment: ["DESTDIR": destination]).status == 0)
  }

  @Test(
    "scripts refuse arguments that they do not know",
    arguments: [
      "setup", "install", "format", "test", "docs", "bench", "fuzz", "faults", "memcheck", "coverage", "mutants",
    ])
  func unknownArguments(_ script: String) throws {
    let checkout = try ScriptCheckout()
    let run = try checkout.run("bin/\(script)", ["--no-such-thing"])
    #expect(run.status == 2)
    #expect(run.errors.contains("--no-such-thing"))
    #expect(try checkout.run("bin/\(script)", ["--help"]).output.contains("bin/\(script)"))
  }
}
