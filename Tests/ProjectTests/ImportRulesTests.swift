// SPDX-License-Identifier: Apache-2.0

// Who may import whom: the layers of the package.

import Testing

@Suite("imports")
struct ImportRulesTests {
  /// What each module may import besides the standard library. A module that is not listed is not part of the design.
  static let allowed: [String: Set<String>] = [
    "CCodecs": [],
    "CodecKit": ["CCodecs", "Dispatch", "Synchronization"],
    "SystemIO": ["CCodecs", "Glibc", "Dispatch", "Synchronization"],
    "ArchiveKit": ["CodecKit", "SystemIO", "Dispatch", "Synchronization"],
    "TextFormats": [],
    "CSQLite": [],
    "BackupKit": [
      "ArchiveKit", "CodecKit", "SystemIO", "TextFormats", "CSQLite", "Dispatch", "Synchronization",
    ],
    "CMicrohttpd": [],
    "BackupService": [
      "ArchiveKit", "BackupKit", "CodecKit", "SystemIO", "TextFormats", "CMicrohttpd", "Dispatch", "Synchronization",
    ],
    "archivetool-serve": ["BackupService", "SystemIO", "TextFormats"],
    "CommandLineKit": ["TextFormats"],
    "BenchKit": ["CodecKit", "SystemIO", "CommandLineKit", "TextFormats", "Synchronization"],
    "archivetool": [
      "CodecKit", "SystemIO", "ArchiveKit", "BackupKit", "BenchKit", "CommandLineKit", "Dispatch", "Synchronization",
    ],
  ]

  /// The module of a line such as `@testable public import struct Foo.Bar`.
  static func importedModule(_ line: String) -> String? {
    var words = line.split(separator: " ").map(String.init)
    while let word = words.first,
      word.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains(word)
    {
      words.removeFirst()
    }
    guard words.first == "import", words.count > 1 else { return nil }
    let kinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
    return name.split(separator: ".").first.map(String.init)
  }

  @Test(
    "an import line names its module",
    arguments: [
      ("import CodecKit", "CodecKit"), ("internal import CCodecs", "CCodecs"),
      ("@testable import SystemIO", "SystemIO"), ("@_spi(Tests) public import struct Foo.Bar", "Foo"),
    ])
  func importLine(_ line: String, _ module: String) {
    #expect(Self.importedModule(line) == module)
  }

  @Test("each module imports only what its layer may")
  func layers() {
    #expect(Checkout.code.count > 20, "the sources were not found")
    for (file, lines) in Checkout.code {
      let module = String(file.path.split(separator: "/")[1])
      guard let allowed = Self.allowed[module] else {
        Issue.record("Sources/\(module) is not a module of the design")
        continue
      }
      for (index, line) in lines.enumerated() {
        guard line.contains("import "), let imported = Self.importedModule(line) else { continue }
        #expect(allowed.contains(imported), "\(file):\(index + 1): \(module) may not import \(imported)")
      }
    }
  }

  @Test("the manifest declares no dependency that the layers forbid")
  func manifest() throws {
    let manifest = try Checkout.file("Package.swift").text
    #expect(!manifest.contains(".package("), "the package has no dependencies")
    #expect(!manifest.contains("unsafeFlags"), "packages with unsafe flags cannot be depended on")
    let target = /\.(?:executableTarget|target)\(\s*name: "([A-Za-z-]+)"(?:,\s*dependencies: \[([^\]]*)\])?/
    var targets = 0
    for match in manifest.matches(of: target) {
      guard let allowed = Self.allowed[String(match.1)] else {
        let others: Set<Substring> = ["TestSupport", "FuzzTargets", "CFuzzer", "fuzz"]
        #expect(others.contains(match.1), "\(match.1) is not a module of the design")
        continue
      }
      targets += 1
      for dependency in (match.2 ?? "").matches(of: /"([A-Za-z]+)"/) {
        #expect(allowed.contains(String(dependency.1)), "Package.swift: \(match.1) may not depend on \(dependency.1)")
      }
    }
    #expect(targets >= 5, "the targets were not found")
  }
}
