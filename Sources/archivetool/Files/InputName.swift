// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// The name of an input: a path, or standard input.
struct InputName: Hashable, Sendable {
  /// The path's bytes; `nil` for standard input.
  let path: [UInt8]?

  /// Standard input.
  static let standardInput = InputName(path: nil)

  init(path: [UInt8]?) { self.path = path }

  /// An argument, where `-` is standard input.
  init(argument: [UInt8]) {
    path = argument == Array("-".utf8) ? nil : argument
  }

  /// The name for messages, safe for a terminal.
  var display: String { path.map { Escaping.visible($0) } ?? "stdin" }

  /// The name as text for finding a codec by its suffix.
  var text: String? { path.map { String(decoding: $0, as: UTF8.self) } }
}
