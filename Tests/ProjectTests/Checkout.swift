// SPDX-License-Identifier: Apache-2.0

// The files of this checkout, as the rules of the project look at them.

import Foundation

/// A text file of the checkout.
struct TextFile: Sendable, CustomStringConvertible {
  /// The path from the top of the checkout.
  let path: String
  /// The contents.
  let text: String

  /// The contents without line ends; a line end at the very end opens no further line.
  var lines: [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  /// The last component of the path.
  var name: String { String(path.split(separator: "/").last ?? "") }

  var description: String { path }
}

/// The checkout that these tests were built from.
enum Checkout {
  /// The top folder.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The file of a path from the top.
  static func url(_ path: String) -> URL { root.appendingPathComponent(path) }

  /// The text of a file.
  ///
  /// - Parameter path: the path from the top.
  static func file(_ path: String) throws -> TextFile {
    TextFile(path: path, text: try String(contentsOf: url(path), encoding: .utf8))
  }

  /// The paths of all files below some folders, sorted; nothing of build folders and of version control.
  static func paths(in folders: [String]) -> [String] {
    var found: [String] = []
    for folder in folders {
      guard let walk = FileManager.default.enumerator(atPath: url(folder).path) else { continue }
      for case let path as String in walk {
        if path.split(separator: "/").contains(where: { $0 == ".build" || $0 == ".git" || $0 == "__pycache__" }) {
          continue
        }
        if walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular { found.append("\(folder)/\(path)") }
      }
    }
    return found.sorted()
  }

  /// The text files below some folders whose name ends in one of the suffixes.
  static func files(in folders: [String], suffixes: [String]) throws -> [TextFile] {
    try paths(in: folders).filter { path in suffixes.contains { path.hasSuffix($0) } }.map(file)
  }

  /// The Swift files of the library and the tool, with their code alone; read once for all rules.
  static let code: [(file: TextFile, lines: [String])] = {
    ((try? sources()) ?? []).map { ($0, SwiftText($0.text).code) }
  }()

  /// The Swift files of the library and the tool.
  static func sources() throws -> [TextFile] { try files(in: ["Sources"], suffixes: [".swift"]) }

  /// The Swift files of the tests.
  static func tests() throws -> [TextFile] { try files(in: ["Tests"], suffixes: [".swift"]) }
}
