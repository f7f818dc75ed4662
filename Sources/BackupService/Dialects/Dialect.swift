// SPDX-License-Identifier: Apache-2.0

/// What an interface of a product says: its paths, rules, words and forms.
internal import BackupKit

/// One of the interfaces that the service speaks.
///
/// All of them ask the same ``ServiceCore``; a further one is a further file, and a line in ``Dialects``.
protocol Dialect: Sendable {
  /// Names it in records and in the configuration.
  static var name: String { get }

  /// What it answers.
  var routes: [Route] { get }

  /// Whether a path that no route has is nevertheless for its clients, who are told so in its words.
  func owns(_ segments: [String]) -> Bool

  /// Who asks.
  ///
  /// - Throws: ``ServiceFault`` with `unauthorized`.
  func principal(of request: HTTPRequest, _ tokens: TokenFile) throws(ServiceFault) -> TokenFile.Principal

  /// A refusal in its words.
  func response(to fault: ServiceFault) -> HTTPResponse
}

extension BackupRules {
  /// Rules of an interface in which names and descriptions are what people type: any text, and names may repeat.
  ///
  /// - Parameter nameLength: how many characters a name has.
  static func freeText(nameLength: ClosedRange<Int>) -> BackupRules {
    BackupRules {
      $0.nameLength = nameLength
      $0.nameForm = .text
      $0.uniqueness = .none
      $0.maximumDescriptionLength = 4096
      $0.forbiddenInDescriptions = []
    }
  }
}

/// The interfaces.
enum Dialects {
  /// All of them, in the order in which a path is looked for.
  static let all: [any Dialect] = [
    PMMDialect(), PlanetScaleDialect(), RDSDialect(), GaussDBDialect(), TroveDialect(),
  ]

  /// Their names.
  static var names: [String] { all.map { type(of: $0).name } }
}
