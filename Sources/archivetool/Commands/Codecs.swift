// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool codecs`: what is registered.
enum Codecs {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var names: [String] = []
    init() {}
  }

  static let command = Command<Options, Context>(
    "codecs", summary: "list the codecs with their levels and settings",
    discussion: "With names, the settings of those codecs are listed one by one.",
    examples: [
      Example("archivetool codecs", "a table of all codecs"),
      Example("archivetool codecs zstd", "everything that a spec string for zstd can set"),
    ],
    positionals: [.texts("CODEC", \.names, "codecs to describe in full").suggesting(CodecChoice.names)],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let reporter = Reporter(console: context.console, program: context.program, global: options.global)
    var chosen: [any Codec] = []
    for name in options.names {
      if let codec = context.registry.named(name) {
        chosen.append(codec)
      } else {
        reporter.failure(
          Failure(.usage, "there is no codec '\(Escaping.visible(name))'", hint: "archivetool codecs lists them"))
      }
    }
    let all = options.names.isEmpty ? context.registry.codecs : chosen
    if options.global.json {
      for codec in all { reporter.emit(json(codec.descriptor)) }
    } else if options.names.isEmpty {
      reporter.print(table(all, options.global))
    } else {
      for codec in all { reporter.print(text(codec.descriptor)) }
    }
    return reporter.exit == .ok && context.console.outputFailure != nil ? .io : reporter.exit
  }

  private static func table(_ codecs: [any Codec], _ global: GlobalOptions) -> String {
    var table = Table([.word("codec"), .word("suffix"), .word("levels"), .text("what it is")])
    for descriptor in codecs.map(\.descriptor) {
      table.add([
        descriptor.id.rawValue, descriptor.suffixes.first ?? "-", levels(descriptor.levels), descriptor.summary,
      ])
    }
    let text = table.rendered(
      width: Terminal.isTerminal(1) ? Terminal.width(1) : nil, style: .forStandardOutput(global))
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  private static func levels(_ scale: CompressionLevelScale) -> String {
    scale == .single ? "-" : "\(scale.range.lowerBound)..\(scale.range.upperBound) (\(scale.balanced))"
  }

  private static func text(_ descriptor: CodecDescriptor) -> String {
    var lines = ["\(descriptor.id): \(descriptor.summary)"]
    func fact(_ name: String, _ value: String) {
      lines.append("  \(name)\(String(repeating: " ", count: max(1, 14 - name.count)))\(value)")
    }
    if !descriptor.aliases.isEmpty { fact("also called", descriptor.aliases.joined(separator: ", ")) }
    if !descriptor.suffixes.isEmpty { fact("suffix", descriptor.suffixes.joined(separator: ", ")) }
    let scale = descriptor.levels
    if scale != .single {
      fact("levels", "\(scale.range.lowerBound) to \(scale.range.upperBound), \(scale.balanced) if not set")
      fact(
        "level names",
        "fastest \(scale.fastest), fast \(scale.fast), balanced \(scale.balanced), better \(scale.better), "
          + "smallest \(scale.smallest)")
    }
    fact("can", descriptor.capabilities.names.joined(separator: ", "))
    let settings = settings(of: descriptor)
    if !settings.isEmpty {
      lines.append("  settings, as in \(descriptor.id):\(settings[0].name)=…:")
      for setting in settings { fact("  \(setting.name)", setting.summary) }
    }
    return lines.joined(separator: "\n")
  }

  /// The settings that mean something to a codec: the common ones that it heeds, then its own.
  private static func settings(of descriptor: CodecDescriptor) -> [CodecDescriptor.Parameter] {
    var settings: [CodecDescriptor.Parameter] = []
    if descriptor.levels != .single { settings.append(.init("level", "a number or a level name")) }
    if descriptor.capabilities.contains(.independentPieces) {
      settings.append(.init("threads", "number of worker threads; 0 is one per core"))
      settings.append(.init("chunk", "input per independent piece"))
    }
    if descriptor.capabilities.contains(.optionalChecksum) { settings.append(.init("checksum", "yes or no")) }
    return settings + descriptor.parameters
  }

  private static func json(_ descriptor: CodecDescriptor) -> JSONValue {
    let scale = descriptor.levels
    return [
      "type": "codec", "v": 1, "codec": .string(descriptor.id.rawValue), "summary": .string(descriptor.summary),
      "aliases": .array(descriptor.aliases.map { .string($0) }),
      "suffixes": .array(descriptor.suffixes.map { .string($0) }),
      "levels": [
        "lowest": .int(Int64(scale.range.lowerBound)), "highest": .int(Int64(scale.range.upperBound)),
        "fastest": .int(Int64(scale.fastest)), "fast": .int(Int64(scale.fast)),
        "balanced": .int(Int64(scale.balanced)), "better": .int(Int64(scale.better)),
        "smallest": .int(Int64(scale.smallest)),
      ],
      "capabilities": .array(descriptor.capabilities.names.map { .string($0) }),
      "settings": .array(
        settings(of: descriptor).map { ["name": .string($0.name), "summary": .string($0.summary)] }),
    ]
  }
}
