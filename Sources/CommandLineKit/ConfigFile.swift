// SPDX-License-Identifier: Apache-2.0

/// A configuration file: `key = value` lines grouped by `[command]`, with the long flag names as keys.
public struct ConfigFile: Hashable, Sendable {
  struct Entry: Hashable, Sendable {
    /// The command or group of commands, `nil` above the first heading.
    var section: String?
    var key: String
    var value: [UInt8]
    var line: Int
  }

  struct Heading: Hashable, Sendable {
    var name: String
    var line: Int
  }

  /// The name for messages, safe for a terminal.
  public let name: String
  private(set) var entries: [Entry] = []
  private(set) var headings: [Heading] = []

  /// Reads the text of a file; which keys exist is checked against a program later.
  ///
  /// A `#` at the beginning of a line or after white space starts a comment. A value in double quotes keeps spaces and
  /// `#`, and knows `\"` and `\\`.
  ///
  /// - Parameters:
  ///   - bytes: The content.
  ///   - name: The file name, for messages.
  /// - Throws: ``UsageError`` `.configSyntax`, naming file and line.
  public init(parsing bytes: [UInt8], name: [UInt8]) throws(UsageError) {
    self.name = Escaping.visible(name)
    var section: String?
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let content = bytes.starts(with: mark) ? bytes[3...] : bytes[...]
    for (index, raw) in content.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let number = index + 1
      let line = Self.trimmed(raw)
      guard let first = line.first, first != UInt8(ascii: "#") else { continue }
      if first == UInt8(ascii: "[") {
        section = try heading(line, number)
        headings.append(Heading(name: section ?? "", line: number))
        continue
      }
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
        throw error(.configSyntax, number, "expected 'key = value' or '[command]'")
      }
      let keyBytes = Self.trimmed(line[..<equals])
      guard !keyBytes.isEmpty, let key = String(validating: keyBytes, as: UTF8.self) else {
        throw error(.configSyntax, number, "expected a key before '='")
      }
      let value = try unquoted(line[(equals + 1)...], number)
      entries.append(Entry(section: section, key: key, value: value, line: number))
    }
  }

  private func heading(_ line: ArraySlice<UInt8>, _ number: Int) throws(UsageError) -> String {
    let inner = Self.trimmed(Self.withoutComment(line).dropFirst())
    guard inner.last == UInt8(ascii: "]"), let text = String(validating: inner.dropLast(), as: UTF8.self) else {
      throw error(.configSyntax, number, "expected '[command]'")
    }
    return text.split(separator: " ").joined(separator: " ")
  }

  private func unquoted(_ bytes: ArraySlice<UInt8>, _ number: Int) throws(UsageError) -> [UInt8] {
    let text = Self.trimmed(bytes)
    guard text.first == UInt8(ascii: "\"") else { return Array(Self.trimmed(Self.withoutComment(text))) }
    var value: [UInt8] = []
    var rest = text.dropFirst()
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") {
        let tail = Self.trimmed(rest)
        guard tail.isEmpty || tail.first == UInt8(ascii: "#") else {
          throw error(.configSyntax, number, "unexpected text after the closing quote")
        }
        return value
      }
      if byte == UInt8(ascii: "\\"), let next = rest.first, next == byte || next == UInt8(ascii: "\"") {
        value.append(next)
        rest = rest.dropFirst()
      } else {
        value.append(byte)
      }
    }
    throw error(.configSyntax, number, "the closing quote is missing")
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return [] }
    return bytes[first...last]
  }

  private static func withoutComment(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let start = bytes.indices.first { index in
      bytes[index] == UInt8(ascii: "#") && (index == bytes.startIndex || isSpace(bytes[index - 1]))
    }
    return start.map { bytes[..<$0] } ?? bytes
  }

  private func error(
    _ code: UsageError.Code, _ line: Int, _ message: String, hint: String? = nil
  ) -> UsageError {
    UsageError(code, message, hint: hint, subject: "\(name):\(line)")
  }
}

// MARK: - Meaning

extension ConfigFile {
  /// Checks every heading and key, also those of other commands, so that a mistake shows at the first use of the file.
  ///
  /// - Parameter program: The program.
  /// - Throws: ``UsageError`` `.unknownKey` for a heading or key that does not exist, `.invalidValue` for a value that a
  ///   command under whose heading it stands would not accept.
  public func check(against program: ProgramDefinition) throws(UsageError) {
    let groups = Set(program.commands.compactMap(\.group))
    for heading in headings where !groups.contains(heading.name) && program.command(named: heading.name) == nil {
      let names = program.commands.flatMap(\.names) + groups.sorted()
      let near = Suggestions.best(for: heading.name, among: names).map { "did you mean [\($0)]?" }
      throw error(.unknownKey, heading.line, "unknown command '\(Escaping.visible(heading.name))'", hint: near)
    }
    for entry in entries {
      let commands = program.commands.filter { command in
        entry.section.map { command.names.contains($0) || command.group == $0 } ?? true
      }
      // Under a command's own heading its own form of a flag counts, elsewhere that of all commands.
      let own = commands.flatMap(\.flags)
      let flags = entry.section == nil ? program.globalFlags + own : own + program.globalFlags
      guard let (flag, isNegation) = Self.flag(entry.key, among: flags) else { throw unknownKey(entry, flags) }
      _ = try values(of: flag, isNegation, entry)
    }
  }

  private func unknownKey(_ entry: Entry, _ flags: [FlagDefinition]) -> UsageError {
    if flags.contains(where: { $0.longSpellings.contains(entry.key) }) {
      return error(.unknownKey, entry.line, "'\(entry.key)' can only be given on the command line")
    }
    let names = flags.filter(\.isConfigurable).flatMap(\.longSpellings)
    let near = Suggestions.best(for: entry.key, among: names).map { "did you mean '\($0)'?" }
    return error(.unknownKey, entry.line, "unknown key '\(Escaping.visible(entry.key))'", hint: near)
  }

  private static func flag(_ key: String, among flags: [FlagDefinition]) -> (FlagDefinition, Bool)? {
    for flag in flags where flag.isConfigurable {
      if flag.long == key || flag.aliases.contains(key) { return (flag, false) }
      if flag.negated == key { return (flag, true) }
    }
    return nil
  }

  /// The values for one command: those above all headings, those of its group, those of its own heading.
  ///
  /// Keys that the command does not have are passed over; ``check(against:)`` has seen them.
  func layers(command: String?, flags: [FlagDefinition]) throws(UsageError) -> [[ResolvedValue]] {
    let group = command.flatMap { CommandDefinition($0, summary: "").group }
    var layers: [[ResolvedValue]] = []
    for section in [nil, group, command] where section != nil || layers.isEmpty {
      var layer: [ResolvedValue] = []
      for entry in entries where entry.section == section {
        guard let (flag, isNegation) = Self.flag(entry.key, among: flags) else { continue }
        for value in try values(of: flag, isNegation, entry) {
          let origin = ValueOrigin.config(file: name, line: entry.line)
          layer.append(ResolvedValue(flag: flag.long, value: value, origin: origin, spelling: entry.key))
        }
      }
      layers.append(layer)
    }
    return layers
  }

  private func values(
    of flag: FlagDefinition, _ isNegation: Bool, _ entry: Entry
  ) throws(UsageError) -> [FlagValue] {
    do {
      return try flag.settingValues(entry.value, isNegation: isNegation)
    } catch {
      throw self.error(.invalidValue, entry.line, "\(entry.key): \(error.reason)", hint: error.hint)
    }
  }

  /// The same file with the aliases of commands in its headings replaced by the names.
  func canonical(_ program: ProgramDefinition) -> ConfigFile {
    var copy = self
    copy.entries = entries.map { entry in
      var entry = entry
      if let section = entry.section { entry.section = program.command(named: section)?.name ?? section }
      return entry
    }
    return copy
  }
}
