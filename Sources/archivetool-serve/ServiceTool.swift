// SPDX-License-Identifier: Apache-2.0

import BackupService
import SystemIO
import TextFormats

/// The backup service as a program: what `archivetool serve` becomes, so that the tool itself loads no HTTP library.
@main
enum ServiceTool {
  private static let name = "archivetool serve"

  private static let usage = """
    Usage: archivetool serve --config FILE [--listen ADDR:PORT] [--check]

    archivetool help serve says more.

    """

  static func main() {
    // Before anything is opened: a file must never get the number of a standard descriptor that was closed.
    try? StandardDescriptors.ensureOpen()
    exitProcess(run(Array(Machine.arguments.dropFirst())))
  }

  /// Runs the service to its end.
  ///
  /// - Returns: the exit code, as the tool has them.
  private static func run(_ arguments: [[UInt8]]) -> Int32 {
    // The name of a file is bytes, and need not be text.
    var (config, listen, isCheck) = ([UInt8]?.none, String?.none, false)
    var rest = arguments[...]
    while let word = rest.popFirst() {
      let parts = word.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(decoding: parts[0], as: UTF8.self)
      switch name {
      case "--config", "--listen":
        guard let value = parts.count > 1 ? Array(parts[1]) : rest.popFirst() else {
          return refuse("\(name) needs a value")
        }
        if name == "--config" { config = value } else { listen = String(decoding: value, as: UTF8.self) }
      case "--check" where parts.count == 1: isCheck = true
      case "--help":
        write(usage, to: .standardOutput)
        return 0
      default: return refuse("unexpected argument '\(Escaping.visible(word))'")
      }
    }
    guard let config else { return refuse("--config FILE is missing") }
    do throws(ServiceStartError) {
      let runner = try ServiceRunner(Path(config), listening: listen)
      if isCheck {
        try runner.check()
        return 0
      }
      try runner.run { place in write("listening on \(place)\n", to: .standardOutput) }
      return 0
    } catch {
      write("\(name): \(error)\n", to: .standardError)
      return switch error.kind {
      case .configuration: 2
      case .noRepository: 10
      case .system: 5
      }
    }
  }

  private static func refuse(_ reason: String) -> Int32 {
    write("\(name): \(reason)\n\(usage)", to: .standardError)
    return 2
  }

  private static func write(_ text: String, to file: consuming FileHandle) {
    // There is nobody left to tell when it cannot be written.
    try? file.write(Array(text.utf8))
  }
}
