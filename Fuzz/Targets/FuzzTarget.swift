// SPDX-License-Identifier: Apache-2.0

/// What is fuzzed: a function that takes any bytes and finds out whether everything that is promised about them holds.

/// A promise that did not hold for an input.
public struct Finding: Error, CustomStringConvertible {
  /// What did not hold.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// One entry of the list of targets. The fuzzer and the tests run the same function.
public struct FuzzTarget: Sendable, CustomStringConvertible {
  /// The name, which is also that of its corpus.
  public let name: String
  /// One line on what is tried.
  public let summary: String
  /// Inputs are at most so long.
  public let longestInput: Int
  /// Strings that the format is made of, for the fuzzer.
  public let words: [[UInt8]]

  private let repairer: (@Sendable (inout [UInt8]) -> Void)?
  private let seedMaker: @Sendable () throws -> [[UInt8]]
  private let checker: @Sendable ([UInt8]) throws -> Void

  init(
    _ name: String, _ summary: String, longestInput: Int = 16 << 10, words: [String] = [], magics: [[UInt8]] = [],
    seeds: @escaping @Sendable () throws -> [[UInt8]],
    repair: (@Sendable (inout [UInt8]) -> Void)? = nil, check: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.name = name
    self.summary = summary
    self.longestInput = longestInput
    self.words = magics + words.map { Array($0.utf8) }
    repairer = repair
    seedMaker = seeds
    checker = check
  }

  /// The name.
  public var description: String { name }

  /// Tries an input.
  ///
  /// - Throws: a ``Finding``, or another error that nothing should have thrown.
  public func run(_ input: [UInt8]) throws { try checker(input) }

  /// Whether inputs of this target hold checksums.
  public var repairs: Bool { repairer != nil }

  /// Makes the checksums in an input right, so that what stands behind them is reached.
  public func repair(_ input: inout [UInt8]) {
    repairer?(&input)
    if input.count > longestInput { input.removeLast(input.count - longestInput) }
  }

  /// What fuzzing begins with, made anew each time: streams of our own writers, and small fixtures.
  public func seeds() throws -> [[UInt8]] {
    var seen: Set<[UInt8]> = []
    return try seedMaker().filter { $0.count <= longestInput && seen.insert($0).inserted }
  }

  /// All targets.
  public static let all: [FuzzTarget] =
    decoding + blocks + roundTrips + inspection + archives + members + texts + backups

  /// The target of a name.
  public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// Complains unless a promise holds.
func require(_ holds: Bool, _ complaint: @autoclosure () -> String) throws {
  if !holds { throw Finding(complaint()) }
}
