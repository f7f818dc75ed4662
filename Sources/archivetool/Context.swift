// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// What the commands know of the process: its descriptors, its codecs, and the values that were set.
final class Context {
  let console = Console()
  let program: String
  /// Made when first asked for: `--version` needs no codecs.
  var registry: CodecRegistry { .builtin }
  /// The flags that were set, and where from.
  var values: [ResolvedValue] = []

  init(program: String) {
    self.program = program
  }

  /// Whether standard input is a terminal, so that reading it would wait for a person.
  var inputIsTerminal: Bool { Terminal.isTerminal(0) }
  /// Whether standard output is a terminal, where compressed bytes have no business.
  var outputIsTerminal: Bool { Terminal.isTerminal(1) }

  /// Where the value of a flag comes from.
  func origin(of flag: String) -> ValueOrigin {
    values.last { $0.flag == flag }?.origin ?? .default
  }

  /// Starts a command that does work: signals are watched, progress is drawn.
  func begin(_ global: GlobalOptions) throws -> Session {
    let reporter = Reporter(console: console, program: program, global: global)
    try Signals.start()
    return Session(context: self, reporter: reporter, progress: ProgressMonitor(console: console, global: global))
  }
}
