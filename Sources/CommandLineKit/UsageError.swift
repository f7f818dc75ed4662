// SPDX-License-Identifier: Apache-2.0

/// A command line or configuration that cannot be understood.
public struct UsageError: Error, Hashable, Sendable {
  /// What kind of mistake it is; stable, for tests and machine output.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Value: String {
      case unknownOption, unknownCommand, missingCommand, missingValue, unexpectedValue, invalidValue
      case missingArgument, unexpectedArgument, invalidCombination, configSyntax, unknownKey
    }

    private let value: Value

    /// An option that the command does not have.
    public static let unknownOption = Code(value: .unknownOption)
    /// A command that the program does not have.
    public static let unknownCommand = Code(value: .unknownCommand)
    /// A group of commands was named without one of its commands.
    public static let missingCommand = Code(value: .missingCommand)
    /// An option that needs a value stands at the end.
    public static let missingValue = Code(value: .missingValue)
    /// A switch was given a value.
    public static let unexpectedValue = Code(value: .unexpectedValue)
    /// A value outside of what the option accepts.
    public static let invalidValue = Code(value: .invalidValue)
    /// Too few arguments.
    public static let missingArgument = Code(value: .missingArgument)
    /// Too many arguments.
    public static let unexpectedArgument = Code(value: .unexpectedArgument)
    /// Options that exclude each other, or an option without another that it needs.
    public static let invalidCombination = Code(value: .invalidCombination)
    /// A line of a configuration file that is neither group nor `key = value`.
    public static let configSyntax = Code(value: .configSyntax)
    /// A key or group of a configuration file that does not exist.
    public static let unknownKey = Code(value: .unknownKey)

    /// The name of the code.
    public var description: String { value.rawValue }
  }

  /// What kind of mistake it is.
  public let code: Code
  /// The command, or `FILE:LINE` of a configuration file, or `nil` if the mistake is made before a command is known.
  public var subject: String?
  /// What is wrong, in one line, already safe for a terminal.
  public let message: String
  /// What the user can do, or `nil`.
  public let hint: String?

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - code: What kind of mistake it is.
  ///   - message: One line, safe for a terminal (see ``Escaping``).
  ///   - hint: What the user can do.
  ///   - subject: The command or the place; filled in by the parser if it is left out.
  public init(_ code: Code, _ message: String, hint: String? = nil, subject: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
    self.subject = subject
  }

  /// The lines for stderr, each ending in a newline: `PROGRAM: SUBJECT: MESSAGE`, then `hint: …`.
  ///
  /// - Parameters:
  ///   - program: The name of the program.
  ///   - withHint: `false` leaves the hint out, as `-q` asks.
  /// - Returns: One or two lines.
  public func rendered(program: String, withHint: Bool = true) -> String {
    let place = subject.map { "\($0): " } ?? ""
    let tail = withHint ? hint.map { "hint: \($0)\n" } ?? "" : ""
    return "\(program): \(place)\(message)\n\(tail)"
  }

  /// The same error with a subject, unless it has one.
  func at(_ place: String?) -> UsageError {
    var copy = self
    copy.subject = subject ?? place
    return copy
  }
}
