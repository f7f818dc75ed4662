// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// Says what happened: messages for people on standard error, JSON Lines on standard output, and the exit status.
final class Reporter {
  let console: Console
  let program: String
  let global: GlobalOptions

  /// The most severe status so far.
  private(set) var exit = ExitCode.ok
  private var totals = Totals()
  /// How many things have failed so far.
  var failures: UInt64 { totals.failed }

  private struct Totals {
    var files: UInt64 = 0
    var failed: UInt64 = 0
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0
  }

  /// What was said and is to be said later; `nil` for a reporter that says things at once.
  private var kept: [(Reporter) -> Void]?

  init(console: Console, program: String, global: GlobalOptions) {
    self.console = console
    self.program = program
    self.global = global
  }

  /// A reporter that keeps what it is told, until ``replay(_:)``.
  func branch() -> Reporter {
    let branch = Reporter(console: console, program: program, global: global)
    branch.kept = []
    return branch
  }

  /// Says what a branch has kept.
  func replay(_ branch: Reporter) {
    for word in branch.kept ?? [] { word(self) }
    branch.kept = []
  }

  /// Keeps something for later.
  ///
  /// - Returns: whether this is a reporter that does.
  private func keeps(_ word: @escaping (Reporter) -> Void) -> Bool {
    kept?.append(word)
    return kept != nil
  }

  /// Reports that something failed.
  func failure(_ failure: Failure) {
    if keeps({ $0.failure(failure) }) { return }
    exit.merge(failure.exit)
    totals.failed += 1
    if global.quiet < 2 { write(failure) }
    guard global.json else { return }
    var object: JSONValue = [
      "type": "error", "v": 1, "code": .string(failure.exit.name), "exit": .int(Int64(failure.exit.code)),
    ]
    if let detail = failure.detail { object.add("detail", .string(detail)) }
    if let path = failure.path { object.add(JSONValue.path(path)) }
    if let entry = failure.entry { object.add(JSONValue.path(entry, key: "entry")) }
    if let offset = failure.offset { object.add("offset", .uint(offset)) }
    object.add("message", .string(failure.message))
    emit(object)
  }

  /// Reports something that ends the run as partial, or as its own class, but stopped nothing.
  func warning(_ warning: Failure) {
    if keeps({ $0.warning(warning) }) { return }
    exit.merge(warning.exit)
    if global.quiet < 1 { write(warning) }
    guard global.json else { return }
    var object: JSONValue = [
      "type": "warning", "v": 1, "code": .string(warning.exit.name), "exit": .int(Int64(warning.exit.code)),
    ]
    if let path = warning.path { object.add(JSONValue.path(path)) }
    if let entry = warning.entry { object.add(JSONValue.path(entry, key: "entry")) }
    if let offset = warning.offset { object.add("offset", .uint(offset)) }
    object.add("message", .string(warning.message))
    emit(object)
  }

  /// Says something that changes no status.
  func note(_ text: String, subject: String? = nil) {
    if keeps({ $0.note(text, subject: subject) }) { return }
    if global.quiet < 1 { console.writeError("\(program): \(subject.map { "\($0): " } ?? "")\(text)\n") }
  }

  /// Says something only under `-v`.
  func detail(_ text: String, subject: String? = nil) {
    if global.verbose > 0 { note(text, subject: subject) }
  }

  /// Says what was asked for by `--stats`, however quiet the run is.
  func statistics(_ text: String) {
    if !global.json { console.writeError("\(program): \(text)\n") }
  }

  /// Notes that what was compared is not the same, which the exit status tells.
  func noteDifference() { exit.merge(.partial) }

  /// Counts a file that was done.
  func count(bytesIn: UInt64, bytesOut: UInt64) {
    if keeps({ $0.count(bytesIn: bytesIn, bytesOut: bytesOut) }) { return }
    totals.files += 1
    totals.bytesIn &+= bytesIn
    totals.bytesOut &+= bytesOut
  }

  /// Writes one JSON line, if JSON is wanted.
  func emit(_ object: @autoclosure () -> JSONValue) {
    guard global.json else { return }
    let line = JSONWriter.line(object())
    if keeps({ $0.console.writeOutput(line) }) { return }
    console.writeOutput(line)
  }

  /// Writes a line of the command's result, if no JSON is wanted.
  func print(_ text: @autoclosure () -> String) {
    guard !global.json else { return }
    let line = text() + "\n"
    if keeps({ $0.console.writeOutput(line) }) { return }
    console.writeOutput(line)
  }

  /// Writes the summary and says how the program ends.
  func finish(command: String) -> ExitCode {
    emit([
      "type": "summary", "v": 1, "command": .string(command), "files": .uint(totals.files),
      "failed": .uint(totals.failed), "bytes_in": .uint(totals.bytesIn), "bytes_out": .uint(totals.bytesOut),
      "exit": .int(Int64(exit.code)),
    ])
    if let error = console.outputFailure { failure(Failure(error, input: InputName(path: Array("stdout".utf8)))) }
    return exit
  }

  private func write(_ failure: Failure) {
    var text = "\(program): \(failure.subject.map { "\($0): " } ?? "")\(failure.message)\n"
    if let hint = failure.hint, global.quiet < 1 { text += "hint: \(hint)\n" }
    console.writeError(text)
  }
}
