// SPDX-License-Identifier: Apache-2.0

// Runs every scenario; with CODECKIT_UPDATE_SCENARIOS=1 rewrites what they expect.
import Foundation
import Testing

@Suite("scenarios")
struct ScenarioTests {
  /// Whether expectations are rewritten instead of checked.
  static let isUpdating = ProcessInfo.processInfo.environment["CODECKIT_UPDATE_SCENARIOS"] == "1"

  /// All scenarios, or those whose name holds the text of CODECKIT_SCENARIO.
  static func chosen() throws -> [Scenario] {
    let wanted = ProcessInfo.processInfo.environment["CODECKIT_SCENARIO"]
    return try ScenarioFile.all().flatMap(\.scenarios).filter { scenario in
      wanted.map { scenario.testDescription.contains($0) } ?? true
    }
  }

  @Test("scenario", .enabled(if: !isUpdating), arguments: try chosen())
  func check(_ scenario: Scenario) async throws {
    if let need = scenario.unmetNeed {
      print("skipped, there is no \(need): \(scenario.testDescription)")
      return
    }
    let result = try await ScenarioGate.shared.run(scenario)
    if let complaint = result.complaint(scenario) { Issue.record("\(complaint)") }
    for problem in try JSONSchema.problems(inOutput: result.output) {
      Issue.record("\(scenario.testDescription): \(problem)")
    }
  }

  @Test("expectations are rewritten", .enabled(if: isUpdating))
  func update() async throws {
    let wanted = ProcessInfo.processInfo.environment["CODECKIT_SCENARIO"]
    for var file in try ScenarioFile.all() {
      let old = file.text
      try await withThrowingTaskGroup(of: (Int, ScenarioResult).self) { group in
        for (index, scenario) in file.scenarios.enumerated() where scenario.unmetNeed == nil {
          if let wanted, !scenario.testDescription.contains(wanted) { continue }
          group.addTask { (index, try await ScenarioGate.shared.run(scenario)) }
        }
        for try await (index, result) in group { file.scenarios[index] = result.updated(file.scenarios[index]) }
      }
      if file.text != old { try file.text.write(to: file.location, atomically: true, encoding: .utf8) }
    }
  }

  @Test("there are many scenarios, and no two are called the same")
  func names() throws {
    let names = try ScenarioFile.all().flatMap(\.scenarios).map(\.testDescription)
    #expect(names.count >= 200)
    #expect(Set(names).count == names.count)
  }
}
