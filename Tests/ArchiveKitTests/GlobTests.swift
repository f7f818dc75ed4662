// SPDX-License-Identifier: Apache-2.0

// Patterns for paths.

import Testing

@testable import ArchiveKit

@Suite("globs")
struct GlobTests {
  @Test(
    "patterns match what they should, and nothing else",
    arguments: [
      ("a", ["a", "x/a", "x/y/a"], ["b", "aa", "a/b", "ab", ""]),
      ("/a", ["a"], ["x/a", "aa"]),
      ("a/b", ["a/b"], ["x/a/b", "a/b/c", "a", "b"]),
      ("*.ibd", [".ibd", "t.ibd", "mysql/db/t.ibd"], ["t.ibd2", "t.ibd/x", "ibd"]),
      ("*", ["a", "a/b"], []),
      ("/*", ["a", ""], ["a/b"]),
      ("a*b", ["ab", "axb", "axxb", "abb", "x/ab"], ["a", "b", "abc", "a/b"]),
      ("a*b*c", ["abc", "axbxc", "abbcc", "abcbc"], ["ac", "abcb", "ab/c"]),
      ("?", ["a", "x/a"], ["", "ab"]),
      ("/a?c", ["abc"], ["a/c", "ac"]),
      ("a?*", ["ab", "abc"], ["a"]),
      ("[a-cx]", ["a", "b", "c", "x"], ["d", "-", "ab", ""]),
      ("[!a-c]", ["d", "-", "]"], ["a", "b", ""]),
      ("[^a]", ["b"], ["a"]),
      ("[]]", ["]"], ["a"]),
      ("[!]]", ["a"], ["]"]),
      ("[a-]", ["a", "-"], ["b"]),
      ("[\\]a]", ["]", "a"], ["\\"]),
      ("/x[+-0]y", ["x.y", "x+y", "x0y"], ["x/y"]),
      ("/x[!a]y", ["xby"], ["x/y", "xay"]),
      ("\\*", ["*"], ["a", "\\*"]),
      ("a\\[", ["a["], ["a"]),
      ("**/a", ["a", "x/a", "x/y/a"], ["xa", "x/ya", "a/b"]),
      ("**/a/b", ["a/b", "x/a/b"], ["xa/b"]),
      ("a/**", ["a/b", "a/b/c"], ["a", "b/a", "ab/c"]),
      ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "a/x/yb", "a/b/x"]),
      ("a/**/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb"]),
      ("**/*.c", ["a.c", "x/a.c", "x/y/.c"], ["a.h", "a.c/x"]),
      ("a/**/*/b", ["a/x/b", "a/x/y/b"], ["a/b"]),
      ("a/**/x/**/b", ["a/x/b", "a/x/x/b", "a/1/x/2/3/b"], ["a/b", "a/xx/b"]),
      ("a/x**", ["a/x", "a/xy", "a/x/y"], ["a/y"]),
      ("a/**b", ["a/b", "a/x/b", "a/xb"], ["ab"]),
      ("***/a", ["x/a", "a"], ["xa"]),
      ("log/", ["log", "x/log"], ["logs"]),
    ])
  func table(_ pattern: String, _ matching: [String], _ others: [String]) throws {
    let glob = try #require(Glob(pattern))
    for path in matching { #expect(glob.matches(Array(path.utf8)), "\(pattern) should match \(path)") }
    for path in others { #expect(!glob.matches(Array(path.utf8)), "\(pattern) should not match \(path)") }
  }

  @Test("what is no pattern is refused", arguments: ["", "a\\", "[", "[a", "[]", "[!]", "[z-a]", "[a\\", "/", "x[a-"])
  func refused(_ pattern: String) {
    #expect(Glob(pattern) == nil)
  }

  @Test("a slash at the end is for folders")
  func folders() {
    #expect(Glob("a/")?.matchesOnlyFolders == true)
    #expect(Glob("a/b/")?.matchesOnlyFolders == true)
    #expect(Glob("a/b")?.matchesOnlyFolders == false)
    #expect(Glob("a/")?.matches(Array("x/a".utf8)) == true)
  }

  @Test("any byte can be in a name")
  func bytes() throws {
    let glob = try #require(Glob([0xFF, UInt8(ascii: "?"), 0x00]))
    #expect(glob.matches([0xFF, 0x80, 0x00]))
    #expect(!glob.matches([0xFF, 0x80]))
    for byte in UInt8.min...UInt8.max where byte != UInt8(ascii: "/") {
      #expect(Glob("?")?.matches([byte]) == true)
      #expect(Glob("[!x]")?.matches([byte]) == (byte != UInt8(ascii: "x")))
      #expect(Glob([UInt8(ascii: "\\"), byte])?.matches([byte]) == true)
    }
  }

  @Test("a pattern that makes others try without end is answered")
  func blowUp() throws {
    let many = String(repeating: "*a", count: 60) + "*b*c"
    let glob = try #require(Glob(many))
    #expect(!glob.matches([UInt8](repeating: UInt8(ascii: "a"), count: 4000)))
    let deep = try #require(Glob(String(repeating: "**/a/", count: 40) + "**/b*c"))
    #expect(!deep.matches(Array((String(repeating: "a/", count: 1500) + "bxd").utf8)))
    #expect(deep.matches(Array((String(repeating: "a/", count: 1500) + "bxc").utf8)))
  }
}
