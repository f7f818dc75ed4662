// SPDX-License-Identifier: Apache-2.0

// The blanking of comments and strings, on which the other rules rest.

import Testing

@Suite("source text")
struct SwiftTextTests {
  @Test(
    "comments and strings are blanked, code stays",
    arguments: [
      ("a // b", "a     "), ("a /* b /* c */ d */ e", "a                   e"), ("f(\"x\")", "f(   )"),
      ("\"\\\"print(\" + b", "           + b"), ("#\"a\"b\"# c", "        c"), ("\"\\(g(\"x\"))\" h", "            h"),
      ("\"\"\"\n print(\n \"\"\" k", "   \n       \n     k"), ("#if os(Linux)", "#if os(Linux)"),
    ])
  func blanking(_ source: String, _ expected: String) {
    #expect(SwiftText(source).code.joined(separator: "\n") == expected)
  }
}
