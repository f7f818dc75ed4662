// SPDX-License-Identifier: Apache-2.0

// That definitions, thresholds, results and pages of the benchmarks fit together.

import Foundation
import Testing

@Suite("benchmarks")
struct BenchmarkRulesTests {
  private typealias Object = [String: Any]

  private static func object(_ path: String) throws -> Object {
    let data = try Data(contentsOf: Checkout.url("Benchmarks/\(path)"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? Object)
  }

  private static func list(_ path: String, _ key: String) throws -> [Object] {
    try #require(try object(path)[key] as? [Object])
  }

  /// The names of all cases that there are.
  private static func cases() throws -> Set<String> {
    var names = Set(try list("definitions/tool.json", "cases").compactMap { $0["name"] as? String })
    for item in try list("definitions/libraries.json", "cases") {
      if let spec = item["spec"] as? String { names.insert("library \(spec)") }
    }
    let engines = try object("definitions/engines.json")
    for (key, word) in [("s2", "S2"), ("quicklz", "QuickLZ")] {
      let levels = try #require((engines[key] as? Object)?["levels"] as? [Any])
      for level in levels { names.insert("\(word) \(level)") }
    }
    return names.union(["archives"])
  }

  @Test("each target is a figure of a case that is defined, and has one bar")
  func targets() throws {
    let cases = try Self.cases()
    for row in try Self.list("thresholds/targets.json", "rows") {
      let value = try #require(row["value"] as? String)
      let name = String(value[..<(try #require(value.lastIndex(of: "/")))])
      #expect(cases.contains(name), "\(value) names no case")
      #expect((row["at_most"] == nil) != (row["at_least"] == nil), "\(value) has no bar, or two")
      #expect(row["work"] is String && row["against"] is String && row["unit"] is String)
    }
  }

  @Test("each target has a figure and a distance in the results")
  func distances() throws {
    let wanted = try Self.list("thresholds/targets.json", "rows").compactMap { $0["value"] as? String }
    let rows = try Self.list("results/figures.json", "targets")
    let measured = rows.filter { $0["figure"] is Double && $0["distance"] is Double }.compactMap {
      $0["value"] as? String
    }
    #expect(Set(wanted).subtracting(measured).isEmpty)
  }

  @Test("each threshold of a tool is that of a case")
  func thresholds() throws {
    let cases = try Self.cases()
    for name in try Self.object("thresholds/tool.json").keys where name != "about" {
      #expect(cases.contains(name), "thresholds/tool.json: there is no case \(name)")
    }
  }

  @Test("each gate has a threshold, and each threshold a gate")
  func gates() throws {
    let names = Set(try Self.list("definitions/gates.json", "cases").compactMap { $0["name"] as? String })
    let thresholds = try #require(try Self.object("thresholds/gates.json")["cases"] as? Object)
    #expect(names == Set(thresholds.keys))
  }

  @Test(
    "a count fails a gate when it is above the threshold and the tolerance",
    arguments: [
      (100.0, 1.0, "[]"), (102.9, 3.4, "[]"), (103.2, 1.0, "['a']"), (100.0, 3.6, "['a']"), (50.0, 0.0, "[]"),
    ])
  func judging(_ instructions: Double, _ allocations: Double, _ worse: String) throws {
    let figures = "{'instructions_per_byte': \(instructions), 'allocations_per_mib': \(allocations)}"
    let answer = try Self.python(
      """
      from harness import gates
      limits = {'tolerance': 0.03, 'cases': {'a': {'instructions_per_byte': 100, 'allocations_per_mib': 1}}}
      print([line.split(':')[0] for line in gates.judge({'a': \(figures)}, limits)[0]])
      """)
    #expect(answer == worse)
  }

  @Test("counts are read from a profile: all costs, and calls of what allocates")
  func counting() throws {
    let answer = try Self.python(
      #"""
      from harness import gates
      profile = ['fn=(1) main', '1 5', 'cfn=(2) malloc', 'calls=3 0', '1 9', 'cfn=(3) memcpy', 'calls=7 0', '1 1',
                 'fn=(3)', '1 1', "cfn=(4) realloc'2", 'calls=2 0', '1 1', 'cfn=(2)', 'calls=4 0', '1 1', 'totals: 18']
      print(gates.parse(profile))
      """#)
    #expect(answer == "(18, 9)")
  }

  @Test(
    "a figure is reached, a tie or missed, with its distance",
    arguments: [
      ("'at_most': 0.5, 'unit': 'CPU'", 0.4, "('reached', 0.2)"),
      ("'at_most': 0.5, 'unit': 'CPU'", 0.505, "('tie', -0.01)"),
      ("'at_most': 0.5, 'unit': 'CPU'", 0.6, "('missed', -0.2)"),
      ("'at_least': 2.0, 'unit': 'CPU'", 2.5, "('reached', 0.25)"),
      ("'at_least': 2.0, 'unit': 'CPU'", 1.0, "('missed', -0.5)"),
      ("'at_most': 1.0, 'unit': 'size'", 1.005, "('missed', -0.005)"),
    ])
  func distance(_ row: String, _ figure: Double, _ answer: String) throws {
    let got = try Self.python(
      """
      from harness import targets
      verdict, distance = targets.judge({\(row)}, \(figure), 0.01)
      print((verdict, round(distance, 4)))
      """)
    #expect(got == answer)
  }

  /// What a few lines of Python print, with the modules of the benchmarks at hand.
  private static func python(_ text: String) throws -> String {
    let run = try ScriptRun(
      "python3", ["-B", "-"], input: text, environment: ["PYTHONPATH": Checkout.url("Benchmarks").path])
    #expect(run.status == 0, "\(run.errors)")
    return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
