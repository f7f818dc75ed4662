// SPDX-License-Identifier: Apache-2.0

// The changelog files, and the script that makes a section of them.

import Foundation
import Testing

@Suite("changelog")
struct ChangelogTests {
  @Test("each file begins with a kind and a sentence, and goes on after an empty line")
  func form() throws {
    for file in try Checkout.files(in: ["changelog/unreleased"], suffixes: [""]) where file.name != ".gitkeep" {
      let lines = file.lines
      #expect(file.path.hasSuffix(".md"), "\(file)")
      #expect(
        lines.first?.wholeMatch(of: /(?:Security|Bugfix|Change|Enhancement): [^ ].*[^.]/) != nil, "\(file):1")
      #expect(lines.count > 2 && lines[1].isEmpty && !lines[2].isEmpty, "\(file): say more about it")
    }
  }

  @Test("a release puts the files into the page, newest section first, and removes them")
  func release() throws {
    let top = try TemporaryFolder.make()
    defer { try? FileManager.default.removeItem(at: top) }
    let folder = top.appendingPathComponent("changelog/unreleased")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let script = top.appendingPathComponent("changelog/release")
    try FileManager.default.copyItem(at: Checkout.url("changelog/release"), to: script)
    let page = top.appendingPathComponent("CHANGELOG.md")
    func write(_ text: String, _ url: URL) throws { try Data(text.utf8).write(to: url) }

    try write("# Changes\n\nIntroduction.\n", page)
    try write("Enhancement: B\n\nText of b.\n", folder.appendingPathComponent("b.md"))
    try write("Bugfix: C\n\nText of c.\n", folder.appendingPathComponent("c.md"))
    #expect(try ScriptRun(script.path, ["1.0.0", "2030-01-31"]).status == 0)
    let first = "## 1.0.0 (2030-01-31)\n\n### Bugfix: C\n\nText of c.\n\n### Enhancement: B\n\nText of b.\n"
    #expect(try String(contentsOf: page, encoding: .utf8) == "# Changes\n\nIntroduction.\n\n\(first)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)

    #expect(try ScriptRun(script.path, ["1.0.1", "2030-02-01"]).status == 1)
    try write("Change: D\n\nText of d.\n", folder.appendingPathComponent("d.md"))
    #expect(try ScriptRun(script.path, ["1.1.0", "2030-02-28"]).status == 0)
    #expect(
      try String(contentsOf: page, encoding: .utf8)
        == "# Changes\n\nIntroduction.\n\n## 1.1.0 (2030-02-28)\n\n### Change: D\n\nText of d.\n\n\(first)")
  }
}
