// SPDX-License-Identifier: Apache-2.0

// The recipes of Documentation/Backups.md and the first backup of README.md, run as they stand there.
import Foundation
import TestSupport
import Testing

@Suite("recipes")
struct RecipeTests {
  /// A piece of code of a page.
  private struct Block {
    var language: String
    var text: String
  }

  private let folder: TemporaryFolder
  private let tool: String

  init() throws {
    folder = try TemporaryFolder()
    tool = try #require(ToolBinary.location, "there is no built tool")
    for name in ["bin", "etc", "home/me", "srv/shop", "srv/restored", "mnt/tape", "run", "tmp", "units"] {
      try folder.makeFolder(name)
    }
    try folder.makeLink("bin/archivetool", to: tool)
    for (name, text) in [
      ("etc/hosts", "127.0.0.1 localhost\n"), ("home/me/note", "a note\n"), ("srv/shop/orders", "1\n"),
    ] {
      try write(name, text)
    }
  }

  private func write(_ name: String, _ text: String) throws { try folder.write(name, Array(text.utf8)) }

  /// The code behind a title, up to the next one.
  private func blocks(_ page: String, behind title: String) throws -> [Block] {
    let text = try String(contentsOf: ToolBinary.root.appending(path: page), encoding: .utf8)
    let start = try #require(text.range(of: title)?.upperBound, "\(page) has no '\(title)'")
    var blocks: [Block] = []
    var isInside = false
    for line in text[start...].split(separator: "\n", omittingEmptySubsequences: false).dropFirst() {
      if line.hasPrefix("```") {
        isInside.toggle()
        if isInside { blocks.append(Block(language: String(line.dropFirst(3)), text: "")) }
      } else if isInside {
        blocks[blocks.count - 1].text += line + "\n"
      } else if line.hasPrefix("**") || line.hasPrefix("#") {
        break
      }
    }
    try #require(!blocks.isEmpty, "'\(title)' has no code")
    return blocks
  }

  /// The folder that stands for the root, and the same as archives have it.
  private var root: String { URL(filePath: folder.location("")).standardizedFileURL.path + "/" }
  private var stored: String { String(root.dropFirst()) }

  /// The same code, with a folder of this test's own in the place of the root.
  private func here(_ text: String) -> String {
    let root = root.replacing("//", with: "/")
    return text.replacing(/(restored\/| )(etc|srv\/shop)\b/) { "\($0.1)\(stored.replacing("//", with: "/"))\($0.2)" }
      .replacing(/(^|[\s='":(<>])\/(etc|home|srv|mnt|run|tmp)\b/.anchorsMatchLineEndings()) { "\($0.1)\(root)\($0.2)" }
      .replacing("/usr/local/bin/archivetool", with: folder.location("bin/archivetool"))
  }

  /// Runs code as a newcomer would who pastes it.
  @discardableResult
  private func paste(_ text: String, _ prelude: String = "set -e") throws -> ToolResult {
    let script = "\(prelude)\n" + here("export ARCHIVETOOL_REPO=/srv/backups\n" + text)
    let result = try ToolRunner.run(
      "/bin/bash", ["-c", script],
      environment: [
        "PATH": folder.location("bin") + ":/usr/bin:/bin:/usr/sbin:/sbin", "ARCHIVETOOL_REPO": nil, "LC_ALL": "C.UTF-8",
      ],
      directory: URL(filePath: folder.location("home")))
    return result
  }

  private func must(_ text: String, _ prelude: String = "set -e") throws {
    let result = try paste(text, prelude)
    #expect(result.status == 0, "\(text)\n\(result.outputText)\(result.errorText)")
  }

  /// A program of this test's own, in the place of another one.
  private func makeProgram(_ name: String, _ text: String) throws {
    try write("bin/\(name)", "#!/bin/sh\n" + text)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.location("bin/\(name)"))
  }

  private func text(_ name: String) -> String { String(decoding: folder.contents(name) ?? [], as: UTF8.self) }

  @Test("the first backup of the page on backups is made, listed and restored, and an increment upon it")
  func firstBackup() throws {
    let blocks = try blocks("Documentation/Backups.md", behind: "## A first backup")
    let script = blocks.map(\.text).joined()
    try must(script)
    let list = try paste("archivetool backup list | wc -l").outputText
    #expect(list.trimmingCharacters(in: .whitespacesAndNewlines) == "3")
  }

  @Test("the backups of the README are made, listed, restored and pruned")
  func readme() throws {
    let code = try #require(try blocks("README.md", behind: "## Backups\n").first).text
    try makeProgram("pg_dump", "echo 'CREATE TABLE orders;'\n")
    try must(code)
    #expect(text("tmp/restored/\(stored)etc/hosts") == "127.0.0.1 localhost\n")
    let list = try paste("archivetool backup list --state complete")
    #expect(list.outputText.contains("before-upgrade") && list.outputText.contains("protected"), "\(list.outputText)")
  }

  @Test("the systemd units are sound, and what they run does what they say")
  func systemd() throws {
    try must("archivetool backup init")
    var paths: [String] = []
    for block in try blocks("Documentation/Backups.md", behind: "**Every night, by systemd.**") {
      let name = try #require(block.text.firstMatch(of: /^# \/etc\/systemd\/system\/(\S+)/)?.1)
      try write("units/\(name)", here(block.text))
      paths.append(folder.location("units/\(name)"))
      for line in block.text.split(separator: "\n") where line.hasPrefix("ExecStart=") {
        try must(String(line.dropFirst("ExecStart=".count)).replacing("%%", with: "%"))
      }
    }
    #expect(paths.count == 2)
    guard ToolRunner.find("systemd-analyze") != nil else {
      print("skipped, there is no systemd-analyze: the units themselves")
      return
    }
    let result = try ToolRunner.run("systemd-analyze", ["verify", "--man=no"] + paths)
    #expect(result.status == 0 && result.errorText.isEmpty, "\(result.errorText)")
  }

  @Test("a hook runs before and after, and says what came of it")
  func hook() throws {
    try must("archivetool backup init")
    let script = try #require(try blocks("Documentation/Backups.md", behind: "**A hook before and after.**").first).text
    try makeProgram("systemctl", "echo \"$@\" >>\(folder.location("log"))\n")
    try makeProgram("logger", "echo \"$@\" >>\(folder.location("log"))\n")
    try must(script, "")
    #expect(text("log").wholeMatch(of: /stop shop\nbackup backup-[0-9TZ]+\nstart shop\n/) != nil, "\(text("log"))")
    // The source fails: there is nothing to back up.
    try write("log", "")
    try must("mv /srv/shop /srv/gone\n" + script, "")
    #expect(text("log") == "stop shop\n-p user.err no backup: the source failed\nstart shop\n")
  }

  @Test(
    "a copy by rsync is a repository, also after a merge and a deletion", .enabled(if: ToolRunner.find("rsync") != nil))
  func secondCopy() throws {
    // The other machine is this one.
    try makeProgram("ssh", "shift\nexec sh -c \"$*\"\n")
    try must("archivetool backup init; mkdir -p /srv/mirror; archivetool backup create full-one /srv/shop --protect")
    let script = try #require(try blocks("Documentation/Backups.md", behind: "**A second copy.**").first).text
    try must(script)
    try write("srv/shop/more", "2\n")
    try must(
      "archivetool backup create child-one /srv/shop --parent auto; archivetool backup create last-one /srv/shop --parent auto"
    )
    try must(script)
    try must(
      """
      archivetool backup update full-one --unprotect
      archivetool backup merge child-one --replace
      archivetool backup create next-one /srv/shop --parent auto --retention 3mo
      """)
    try must(script)
    let names = try paste("archivetool backup list --json -R /srv/mirror | grep -o '\"name\":\"[^\"]*\"'").outputText
    #expect(names == "\"name\":\"child-one\"\n\"name\":\"last-one\"\n\"name\":\"next-one\"\n")
    try must("archivetool backup verify -R /srv/mirror --deep --chain")
    try must(
      "archivetool backup restore next-one -R /srv/mirror --target /srv/restored; diff -r /srv/shop /srv/restored/srv/shop"
    )
    #expect(
      try paste("archivetool backup show -R /srv/mirror next-one --json").outputText.contains(#""retention":"3mo""#))
  }

  @Test("with archives on a tape increments go on, what is missing is named, and all is restored when they are back")
  func tape() throws {
    try must("archivetool backup init; archivetool backup create full-one /srv/shop")
    try write("srv/shop/more", "2\n")
    let script = try #require(try blocks("Documentation/Backups.md", behind: "**Archives on a tape").first).text
    let lines = script.split(separator: "\n").map(String.init)
    try must(lines[0...1].joined(separator: "\n"))
    let list = try paste("archivetool backup list --json").outputText
    #expect(list.contains(#""form":"incremental""#))
    let check = try paste("archivetool backup verify", "")
    #expect(
      check.status == 3 && check.errorText.contains("full-one") && check.errorText.contains("missing"),
      "\(check.errorText)")
    let early = try paste("archivetool backup restore latest --target /srv/restored", "")
    #expect(early.status != 0 && folder.contents("srv/restored/\(stored)srv/shop/orders") == nil, "\(early.errorText)")
    try must("rm -r /srv/restored; mkdir /srv/restored")
    try must(lines[2...].joined(separator: "\n"))
    try must("diff -r /srv/shop /srv/restored/srv/shop; archivetool backup verify --deep --chain")
  }

  @Test("a dump that must be whole is one, and comes back")
  func dump() throws {
    try makeProgram("pg_dump", "echo 'CREATE TABLE orders;'\n")
    try makeProgram("psql", "cat >\(folder.location("restored.sql"))\n")
    try must("archivetool backup init")
    let script = try #require(try blocks("Documentation/Backups.md", behind: "**A dump that must be whole.**").first)
      .text
    try must(script)
    #expect(text("restored.sql") == "CREATE TABLE orders;\n")
  }
}
