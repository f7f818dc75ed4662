// SPDX-License-Identifier: Apache-2.0

// Lists of names, as they come from other programs: in any order, doubled, one inside the other.

import SystemIO
import TestSupport
import Testing

@testable import ArchiveKit

@Suite("lists of roots")
struct RootListTests {
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.makeFolder("a/b")
    try folder.write("a/b/one", [1])
    try folder.write("a/two", [2])
    try folder.write("c", [3])
    try folder.makeLink("l", to: "a")
    return folder
  }

  @Test("each root alone, in the order of the archive")
  func flat() throws {
    let folder = try folder()
    let tree = try WrittenTree(["c", "a/b", "./a/two", "a", "c", "a//b/"], from: folder.path) { $0.descends = false }
    #expect(tree.paths == ["a", "a/b", "a/two", "c"] && tree.warnings.isEmpty)
    let top = try WrittenTree(["c", "."], from: folder.path) { $0.descends = false }
    #expect(top.paths == ["", "c"])
  }

  @Test("nothing comes to stand below a link")
  func links() throws {
    let folder = try folder()
    let tree = try WrittenTree(["l/two", "l", "l/b", "c"], from: folder.path) { $0.descends = false }
    #expect(tree.paths == ["c", "l"])
    #expect(tree.warnings == ["missing l/b", "missing l/two"])
    let below = try WrittenTree(["l/two", "c"], from: folder.path) { $0.descends = false }
    #expect(below.paths == ["c", "l/two"])
  }

  @Test("what is named and not there is told once, with and without what is in folders", arguments: [true, false])
  func missing(descends: Bool) throws {
    let folder = try folder()
    let tree = try WrittenTree(["a", "a/x", "y", "a/two", "a/x"], from: folder.path) { $0.descends = descends }
    #expect(tree.warnings == ["missing a/x", "missing y"])
    #expect(tree.paths == (descends ? ["a", "a/b", "a/b/one", "a/two"] : ["a", "a/two"]))
  }

  @Test("patterns leave out what is named, too")
  func excluded() throws {
    let folder = try folder()
    let tree = try WrittenTree(["a", "a/b", "a/b/one", "a/two", "c"], from: folder.path) {
      $0.descends = false
      $0.excluded = [Glob("b")].compactMap { $0 }
    }
    #expect(tree.paths == ["a", "a/two", "c"])
  }

  @Test("two sources of one place are refused", arguments: [true, false])
  func clash(descends: Bool) throws {
    let folder = try folder()
    #expect(throws: ArchiveError.self) {
      try WrittenTree(["c", folder.path("../c"), "../c"], from: folder.path) { $0.descends = descends }
    }
  }
}
