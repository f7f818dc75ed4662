// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// What went wrong with one file, in the form in which it is reported: `FILE: what: why (where)`.
struct Failure: Error {
  /// The file's name, ready for a terminal; `nil` when no file is concerned.
  var subject: String?
  /// The file's name as it is, for JSON.
  var path: [UInt8]?
  /// The class that decides the exit status.
  var exit: ExitCode
  /// What, why and where, in one line.
  var message: String
  /// The name of the entry, when the file is an archive.
  var entry: [UInt8]?
  /// Where in the input.
  var offset: UInt64?
  /// The library's own code, when a codec failed: finer than the exit status.
  var detail: String?
  /// What the user can do.
  var hint: String?
  /// Whether the name of the output is taken, and nothing else is wrong.
  var isTaken = false
  /// Whether a rule left the file out. That is worth a warning; everything else that keeps a file from being done is
  /// an error.
  var isSkip = false

  init(
    _ exit: ExitCode, _ message: String, input: InputName? = nil, path: [UInt8]? = nil, offset: UInt64? = nil,
    detail: String? = nil, hint: String? = nil
  ) {
    self.exit = exit
    self.message = message
    self.path = path ?? input?.path
    subject = input?.display ?? path.map { Escaping.visible($0) }
    self.offset = offset
    self.detail = detail
    self.hint = hint
  }
}

extension Failure {
  /// Makes it the failure of an entry of the archive.
  mutating func concern(entry name: [UInt8]) {
    entry = name
    subject = (subject.map { $0 + ": " } ?? "") + Escaping.visible(name)
  }

  /// The report of a file that a rule leaves out.
  ///
  /// - Parameters:
  ///   - reason: which rule.
  ///   - path: the file.
  ///   - hint: how to have it all the same.
  static func skipped(_ reason: String, _ path: [UInt8]?, hint: String) -> Failure {
    var failure = Failure(.partial, "skipped: \(reason)", path: path, hint: hint)
    failure.isSkip = true
    return failure
  }

  /// The report of an error that a codec met in a file.
  init(_ error: CodecError, input: InputName?, hint: String? = nil) {
    let exit = Self.exitCode(error.code)
    var text = Self.what(exit) + error.reason
    // A mistake in the call is one in the settings of a codec: which one is not said otherwise.
    if exit == .usage, let codec = error.codec, !text.contains(codec.rawValue) { text = "\(codec): \(text)" }
    if let offset = error.inputOffset { text += " (offset \(offset))" }
    self.init(
      exit, text, input: input, offset: error.inputOffset, detail: error.code.description,
      hint: hint ?? Self.usualHint(error))
  }

  /// The report of an error that the system answered. The error's own path is named when it is another file.
  init(_ error: IOError, input: InputName?) {
    let other = error.path.map { InputName(path: $0.bytes) }
    self.init(.io, error.description, input: other ?? input, detail: error.errno.name)
  }

  /// The report of a codec, a setting or a level that a user named and that does not exist: a mistake in the call.
  init(notUsable error: CodecError, spec: String, _ registry: CodecRegistry) {
    self.init(error, input: nil)
    guard error.code == .unknownFormat else { return }
    let name = String(spec.prefix { $0 != ":" })
    let names = registry.codecs.flatMap { [$0.descriptor.id.rawValue] + $0.descriptor.aliases }
    exit = .usage
    message = "there is no codec '\(Escaping.visible(name))'"
    hint =
      Suggestions.best(for: name, among: names).map { "did you mean \($0)?" }
      ?? "archivetool codecs lists the codecs"
  }

  /// The class of a codec's error.
  static func exitCode(_ code: CodecError.Code) -> ExitCode {
    switch code {
    case .truncated, .corrupt, .checksumMismatch, .contentSizeMismatch: .damaged
    case .unknownFormat, .unsupportedFeature, .dictionaryRequired: .unsupported
    case .limitExceeded: .limit
    case .levelOutOfRange, .invalidOption: .usage
    case .outOfMemory: .io
    default: .internal
    }
  }

  private static func what(_ exit: ExitCode) -> String {
    switch exit {
    case .damaged: "damaged: "
    case .unsupported: "unsupported: "
    case .limit: "limit: "
    case .internal: "internal error: "
    default: ""
    }
  }

  private static func usualHint(_ error: CodecError) -> String? {
    switch error.code {
    case .dictionaryRequired: return "-D FILE gives the dictionary"
    case .limitExceeded:
      guard let needed = error.requiredLimit else { return nil }
      let memory = MemoryLimit.needed(forWindow: needed)
      return "--max-memory \(ByteCount(memory).argument) allows it"
    case .internalInconsistency, .streamFinished, .outputTooSmall:
      return "this is a bug; please report it with the output of: archivetool version -v"
    default: return nil
    }
  }
}
