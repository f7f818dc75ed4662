// SPDX-License-Identifier: Apache-2.0

// A package of somebody else that uses the library as its page says.

import Foundation
import Testing

@Suite("sample package")
struct SamplePackageTests {
  @Test("an outside package builds against the library and runs", .timeLimit(.minutes(10)))
  func embedder() throws {
    let scratch = try TemporaryFolder.make()
    defer { try? FileManager.default.removeItem(at: scratch) }
    let build = try ScriptRun(
      "swift",
      [
        "build", "--package-path", Checkout.url("Tests/Samples/Embedder").path, "--scratch-path", scratch.path,
      ])
    try #require(build.status == 0, "\(build.output.suffix(2000))\(build.errors.suffix(2000))")
    #expect(!build.output.contains("warning:"), "\(build.output.suffix(2000))")
    let run = try ScriptRun(scratch.appendingPathComponent("debug/embedder").path)
    #expect(run.status == 0)
    #expect(run.errors.isEmpty)
    #expect(run.output == "48000 bytes came back as they were\n")
  }
}
