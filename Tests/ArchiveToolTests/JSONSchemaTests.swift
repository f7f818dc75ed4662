// SPDX-License-Identifier: Apache-2.0

// The checker of JSON output finds what it has to find.
import Testing

@Suite("JSON schema")
struct JSONSchemaTests {
  private func problems(_ line: String) throws -> [String] {
    try JSONSchema.problems(inOutput: Array((line + "\n").utf8))
  }

  private let good = #"{"type":"summary","v":1,"command":"test","files":1,"failed":0,"bytes_in":3,"bytes_out":"#

  @Test("an object of the right form has no problems")
  func accepts() throws {
    #expect(try problems(good + #"4,"exit":0}"#).isEmpty)
    #expect(try problems(good + #""9223372036854775808","exit":0}"#).isEmpty)
  }

  @Test(
    "an object of a wrong form has problems",
    arguments: [
      #"4}"#, #"-4,"exit":0}"#, #"4.5,"exit":0}"#, #""much","exit":0}"#, #"4,"exit":"0"}"#, #"4,"exit":0,"more":1}"#,
      #"4,"exit":true}"#, #"4,"exit":0"#,
    ])
  func refuses(_ end: String) throws {
    #expect(try !problems(good + end).isEmpty)
  }

  @Test("an object of an unknown type or version has problems")
  func types() throws {
    #expect(try !problems(#"{"type":"thing","v":1}"#).isEmpty)
    #expect(try !problems(#"{"type":"version","v":2,"name":"a","version":"b"}"#).isEmpty)
  }

  @Test("lines that are no objects of ours are passed over")
  func others() throws {
    #expect(try problems("some text").isEmpty)
  }

  @Test("the description of the command line fits the schema")
  func commandLine() throws {
    #expect(try problems(ToolBinary.output(["help", "--json"])).isEmpty)
  }
}
