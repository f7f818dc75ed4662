// SPDX-License-Identifier: Apache-2.0

/// The program that fuzzes a target, and deals with its corpus.

import Foundation
import FuzzTargets

/// What `bin/fuzz` runs. `main` is libFuzzer's, which asks ``initialize`` before it begins; with a target in the environment
/// it goes on with its own arguments, and so do the processes that it starts.
///
///     fuzz list                                the targets: name, longest input, summary
///     fuzz seeds TARGET FOLDER                 writes what fuzzing begins with, and FOLDER.dict
///     fuzz unpack FILE FOLDER                  writes the inputs of a corpus file into a folder
///     fuzz pack FOLDER FILE                    the way back
///     fuzz try TARGET FILE…                    runs inputs
///     CODECKIT_FUZZ_TARGET=TARGET fuzz [OPTION…]    fuzzes, with the options of libFuzzer
enum FuzzProgram {
  static func start(_ arguments: [String]) throws {
    if let name = ProcessInfo.processInfo.environment["CODECKIT_FUZZ_TARGET"] {
      unsafe FuzzedTarget.current = try named(name)
      return
    }
    switch (arguments.first, arguments.count) {
    case ("list", 1):
      for target in FuzzTarget.all { print("\(target.name)\t\(target.longestInput)\t\(target.summary)") }
    case ("seeds", 3):
      let target = try named(arguments[1])
      try write(target.seeds(), arguments[2], "seed")
      try dictionary(target).write(toFile: arguments[2] + ".dict", atomically: true, encoding: .utf8)
    case ("unpack", 3):
      try write(try Corpus.inputs(of: String(contentsOfFile: arguments[1], encoding: .utf8)), arguments[2], "kept")
    case ("pack", 3):
      let names = try FileManager.default.contentsOfDirectory(atPath: arguments[1])
      let inputs = try names.map { try bytes("\(arguments[1])/\($0)") }
      try Corpus.text(of: inputs).write(toFile: arguments[2], atomically: true, encoding: .utf8)
    case ("try", 3...):
      let target = try named(arguments[1])
      for file in arguments[2...] { try target.run(try bytes(file)) }
    default:
      throw ProgramError("fuzz list | seeds | unpack | pack | try, with what they need")
    }
    exit(0)
  }

  private struct ProgramError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  private static func named(_ name: String) throws -> FuzzTarget {
    guard let target = FuzzTarget.named(name) else { throw ProgramError("there is no target '\(name)'") }
    return target
  }

  private static func bytes(_ file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file)))
  }

  private static func write(_ inputs: [[UInt8]], _ folder: String, _ name: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (number, input) in inputs.enumerated() {
      try Data(input).write(to: URL(fileURLWithPath: "\(folder)/\(name)-\(number)"))
    }
  }

  /// The words of a target as libFuzzer reads them.
  private static func dictionary(_ target: FuzzTarget) -> String {
    target.words.map { word in
      "\"" + word.map { "\\x" + (String($0, radix: 16).count < 2 ? "0" : "") + String($0, radix: 16) }.joined() + "\"\n"
    }.joined()
  }
}

/// Called by libFuzzer before everything else.
@c(LLVMFuzzerInitialize)
func initialize(
  _ count: UnsafeMutablePointer<Int32>?,
  _ values: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> Int32 {
  do {
    try FuzzProgram.start(Array(CommandLine.arguments.dropFirst()))
  } catch {
    FuzzedTarget.complain("\(error)")
    exit(1)
  }
  return 0
}
