// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// The flags that say how compressed input is read: as what, within which limits, and what may follow it.
struct ReadingOptions: Sendable {
  /// The codec; found by content when not given.
  var codec: String?
  /// A dictionary's file.
  var dictionary: [UInt8]?
  /// The most bytes to deliver.
  var maximumOutput: UInt64?
  /// The largest output per byte of input.
  var maximumRatio: Int?
  /// The most memory to use.
  var maximumMemory = MemoryLimit.standard
  /// Whether the limits are those for input from strangers.
  var untrusted = false
  /// Whether bytes after the data are passed over in silence.
  var ignoreTrailing = false
  /// Whether bytes after the data, or a missing end mark, are damage.
  var strict = false

  static let flags: [Flag<ReadingOptions>] = [
    .text("codec", \.codec, "read as this codec").placeholder("SPEC").group(.input)
      .default("by content, then by suffix").suggesting(CodecChoice.names),
    .path("dictionary", short: "D", \.dictionary, "use a dictionary").placeholder("FILE").group(.input),
    .size("max-output", \.maximumOutput, "stop after SIZE bytes of output").group(.limits),
    .int("max-ratio", in: 1...1_000_000_000, \.maximumRatio, "stop when output exceeds N times input").group(.limits),
    .size("max-memory", \.maximumMemory, "most memory for decoding").group(.limits).default("160MiB"),
    .toggle("untrusted", \.untrusted, "limits for input from strangers").group(.limits).discussion(
      "As --max-output 64GiB --max-ratio 2000, unless those are given."),
    .toggle("ignore-trailing", \.ignoreTrailing, "pass over bytes after the data").group(.input),
    .toggle("strict", \.strict, "bytes after the data are damage").group(.input),
  ]

  /// The library's options.
  ///
  /// - Parameter threads: how many threads may work; one per core when not given.
  func options(threads: Int?) throws(Failure) -> DecompressionOptions {
    var options = DecompressionOptions()
    options.limits.maximumOutputSize = maximumOutput ?? (untrusted ? 64 << 30 : nil)
    options.limits.maximumRatio = maximumRatio.map(UInt64.init) ?? (untrusted ? 2000 : nil)
    options.limits.maximumWindowSize = MemoryLimit.window(within: maximumMemory)
    options.trailingData = strict ? .reject : ignoreTrailing ? .ignore : .report
    options.requiresProvenEnd = strict
    options.threads = threads ?? 0
    do throws(CodecError) { options.dictionary = try loadDictionary(dictionary) } catch {
      throw Failure(error, input: nil)
    }
    return options
  }

  /// The codec of an input: the one that was named, or the one that its content speaks for.
  func codec(of input: borrowing OpenedInput, _ registry: CodecRegistry) throws(Failure) -> any Codec {
    if let codec {
      do throws(CodecError) { return try registry.codec(codec) } catch {
        throw Failure(notUsable: error, spec: codec, registry)
      }
    }
    guard !input.prefix.isEmpty else {
      throw Failure(
        CodecError(.truncated, inputOffset: 0, reason: "the input is empty"), input: input.name)
    }
    switch unsafe registry.detect(input.prefix.span.bytes, fileName: input.name.text) {
    case .codec(let codec): return codec
    case .foreign(let name):
      throw Failure(.unsupported, "unsupported: this is \(name), which no codec here reads", input: input.name)
    case .unknown:
      throw Failure(
        .unsupported, "unsupported: not a format that is known by its content", input: input.name,
        hint: "--codec names the format, if it has no signature")
    }
  }
}

/// Tells what a decoder met: bytes after the data, a missing end mark.
func reportNotices(_ notices: [StreamNotice], of input: InputName, to reporter: Reporter) {
  for notice in notices {
    let hint = notice.kind == .trailingData ? "--ignore-trailing passes over it" : nil
    reporter.warning(
      Failure(
        .partial, "warning: \(notice.text) (offset \(notice.inputOffset))", input: input, offset: notice.inputOffset,
        hint: hint))
  }
}
