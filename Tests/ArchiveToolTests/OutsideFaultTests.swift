// SPDX-License-Identifier: Apache-2.0

// The built tool is disturbed from outside, by strace, limits, small file systems and kills: `bin/faults` in parts.
import Foundation
import TestSupport
import Testing

@Suite("faults from outside", .serialized)
struct OutsideFaultTests {
  private func run(_ arguments: [String], timeout: Double) throws {
    let tool = try #require(BuiltTool.location, "there is no built tool")
    guard ToolRunner.find("strace") != nil, ToolRunner.find("python3") != nil else {
      print("skipped, there is no strace or no python3")
      return
    }
    let script = Vectors.packageRoot.appending(path: "Tests/Outside/faults.py").path
    let result = try ToolRunner.run("python3", ["-B", script, "--tool", tool] + arguments, timeout: timeout)
    #expect(!result.timedOut)
    #expect(result.status == 0, "\(result.outputText.suffix(4000)) \(result.errorText.suffix(1000))")
    // The figures, which belong into the log of a long run.
    print(result.outputText.suffix(6000))
  }

  @Test(
    "old or new, nothing left, and a message that names a file, in a selection of faults",
    arguments: ["injected", "short", "places", "kills"])
  func selection(_ part: String) throws { try run(["--quick", part], timeout: 600) }

  @Test(
    "old or new, nothing left, and a message that names a file, whatever call fails and whenever it is killed",
    .enabled(if: ProcessEnvironment.isSet("CODECKIT_LONG"), "needs CODECKIT_LONG"),
    arguments: ["injected", "short", "places", "kills"])
  func everything(_ part: String) throws { try run([part], timeout: 10_800) }
}
