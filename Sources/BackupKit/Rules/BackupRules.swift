// SPDX-License-Identifier: Apache-2.0

/// What names, descriptions and chains may be.

/// The rules of a repository's front, as a value: a command line is stricter than some interfaces of services, which pass
/// rules of their own.
public struct BackupRules: Hashable, Sendable {
  /// What characters a name has.
  public enum NameForm: Hashable, Sendable {
    /// A letter first, then letters, digits, `-` and `_`.
    case identifier
    /// Everything but control characters.
    case text
  }

  /// Among which backups a name is used only once.
  public enum Uniqueness: Hashable, Sendable {
    /// All.
    case repository
    /// Those of one account.
    case account
    /// None: it may be used again.
    case none

    /// Whether a backup that has the name already stands in the way of another one.
    func isViolated(by other: BackupRecord, account: String) -> Bool {
      switch self {
      case .repository: true
      case .account: other.account == account
      case .none: false
      }
    }
  }

  /// How many characters a name has. Default: 4 to 64.
  public var nameLength = 4...64
  /// Which ones. Default: those of an identifier.
  public var nameForm = NameForm.identifier
  /// Among which backups a name is used only once. Default: all of the repository.
  public var uniqueness = Uniqueness.repository
  /// How many characters a description has at most. Default: 256.
  public var maximumDescriptionLength = 256
  /// What a description must not have in it. Default: `> ! < " & ' =`.
  public var forbiddenInDescriptions: Set<Unicode.Scalar> = [">", "!", "<", "\"", "&", "'", "="]
  /// How many ancestors a backup has at most. Default: 1024.
  public var maximumDepth = 1024
  /// How many ancestors a backup has before somebody is warned. Default: 30.
  public var unadvisableDepth = 30

  /// The strictest rules.
  public init() {}

  /// The strictest rules, changed by `configure`.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }

  /// Checks a name.
  ///
  /// - Parameter name: the name.
  /// - Throws: ``BackupError`` with `invalidValue`; its reason says which rule, and which character.
  public func check(name: String) throws(BackupError) {
    guard nameLength.contains(name.unicodeScalars.count) else {
      throw BackupError(
        .invalidValue,
        "a name has \(nameLength.lowerBound) to \(nameLength.upperBound) characters, not "
          + "\(name.unicodeScalars.count): '\(name)'")
    }
    for (index, scalar) in name.unicodeScalars.enumerated() {
      switch nameForm {
      case .text:
        guard scalar.properties.generalCategory != .control else {
          throw BackupError(.invalidValue, "a name has no control characters, not \(Self.code(of: scalar)): '\(name)'")
        }
      case .identifier:
        let isLetter = scalar.isASCII && scalar.properties.isAlphabetic
        if index == 0, !isLetter {
          throw BackupError(.invalidValue, "a name begins with a letter, not with '\(scalar)': '\(name)'")
        }
        guard isLetter || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_" else {
          throw BackupError(.invalidValue, "a name has letters, digits, - and _, not '\(scalar)': '\(name)'")
        }
      }
    }
  }

  /// Checks a description.
  ///
  /// - Parameter description: the description.
  /// - Throws: ``BackupError`` with `invalidValue`; its reason says which rule, and which character.
  public func check(description: String) throws(BackupError) {
    let count = description.unicodeScalars.count
    guard count <= maximumDescriptionLength else {
      throw BackupError(
        .invalidValue, "a description has at most \(maximumDescriptionLength) characters, not \(count)")
    }
    // By scalars: one that something is combined with is still there.
    if let bad = description.unicodeScalars.first(where: { forbiddenInDescriptions.contains($0) }) {
      throw BackupError(.invalidValue, "a description must not have a '\(bad)' in it: '\(description)'")
    }
  }

  /// A character that cannot be printed, as Unicode names it.
  private static func code(of scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
