// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// How text looks on standard output.
extension Style {
  /// The style that flags, environment and terminal ask for.
  ///
  /// - Parameter global: the flags.
  static func forStandardOutput(_ global: GlobalOptions) -> Style {
    decide(
      global.color, isTerminal: Terminal.isTerminal(1), noColor: Machine.environment("NO_COLOR"),
      term: Machine.environment("TERM"))
  }
}
