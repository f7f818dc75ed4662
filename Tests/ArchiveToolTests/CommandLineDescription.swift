// SPDX-License-Identifier: Apache-2.0

// What `archivetool help --json` says, as far as tests need it.
import Foundation

/// The commands and flags of the built tool.
struct CommandLineDescription: Decodable {
  struct Flag: Decodable {
    let long: String
    let short: String?
    let aliases: [String]
    let negated: String?
    let kind: String
    let environment: String?
    let summary: String

    /// Every way to write it.
    var spellings: [String] {
      (short.map { ["-" + $0] } ?? []) + ([long] + aliases + (negated.map { [$0] } ?? [])).map { "--" + $0 }
    }
  }

  struct Command: Decodable {
    let name: String
    let aliases: [String]
    let summary: String
    let flags: [Flag]
  }

  struct Row: Decodable {
    let code: String
    let name: String
  }

  struct InvocationName: Decodable {
    let name: String
    let command: String
  }

  let globalFlags: [Flag]
  let commands: [Command]
  let exitCodes: [Row]
  let invocationNames: [InvocationName]

  /// Asks the tool.
  static func read() throws -> CommandLineDescription {
    try JSONDecoder().decode(Self.self, from: Data(ToolBinary.output(["help", "--json"]).utf8))
  }
}
