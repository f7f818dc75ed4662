// SPDX-License-Identifier: Apache-2.0

/// What can be backed up, and how it is brought back.
internal import ArchiveKit
public import BackupKit
internal import CodecKit
public import SystemIO
internal import TextFormats

/// One database, folder or command that the service backs up.
///
/// Everything that is run stands here: no request of a client can name a command, or a place to restore to.
public struct InstanceConfiguration: Hashable, Sendable {
  /// A variable in the environment of this instance's commands, and of no others.
  public struct Variable: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Its value, which may be a secret.
    public var value: String
  }

  /// How its data is had.
  public enum Source: Hashable, Sendable {
    /// A folder, as it is.
    case folder(Path)
    /// What a command writes, as one file of that name.
    case file(String, command: String)
    /// The members of a stream that a command writes.
    case members(MemberProducer.Form, command: String)
  }

  /// How it is brought back.
  public enum Restore: Hashable, Sendable {
    /// The file goes to the standard input of a command.
    case command(String)
    /// A folder takes the place of another one; one command runs before that, and one behind it.
    case folder(Path, before: String?, after: String?)
  }

  /// Identifies it in requests.
  public var id: String
  /// What people call it.
  public var name: String
  /// Whose it is; `nil` for any account.
  public var account: String?
  /// The kind of program: `mysql`, `mongodb`, `postgresql`, `sqlite`, or anything else.
  public var engine: String
  /// The version of the program.
  public var version: String
  /// The database that it is, for interfaces that name a database and a branch.
  public var database: String
  /// The branch that it is there.
  public var branch: String
  /// What a client may choose a part of. Default: nothing.
  public var databases: [String]
  /// How its data is had.
  public var source: Source
  /// How it is brought back; `nil` when it cannot be.
  public var restore: Restore?
  /// What a backup is packed with unless the client says something else. Default: zstd.
  public var codec: String
  /// What its commands find in their environment.
  public var environment: [Variable]

  /// What its backups are.
  public var model: BackupRecord.Model {
    if case .file = source { .logical } else { .physical }
  }

  init(_ given: ConfigurationReader, relativeTo base: Path) throws(ConfigurationError) {
    var reader = given
    id = try reader.required("id")
    name = try reader.text("name") ?? id
    account = try reader.text("account")
    let preset = try Self.preset(&reader)
    guard let engine = try reader.text("engine")?.lowercased() ?? preset?.engine else {
      throw reader.error("engine", "it is missing")
    }
    self.engine = engine
    version = try reader.text("version") ?? ""
    database = try reader.text("database") ?? id
    branch = try reader.text("branch") ?? "main"
    databases = try reader.texts("databases")
    codec = try reader.text("codec") ?? "zstd"
    do throws(CodecError) { _ = try CodecRegistry.builtin.codec(codec) } catch {
      throw reader.error("codec", error.reason)
    }
    environment = []
    if var inner = try reader.object("environment") { environment = try inner.variables() }
    if let preset { environment += preset.variables(databases) }
    if let inner = try reader.object("backup") {
      source = try Self.source(inner, base)
    } else if let preset {
      source = preset.source
      for (variable, setting) in preset.needs where !environment.contains(where: { $0.name == variable }) {
        throw reader.error(setting, "the preset \(preset.name) needs it")
      }
    } else {
      throw reader.error("backup", "it is missing, and there is no preset")
    }
    if let inner = try reader.object("restore") {
      restore = try Self.restore(inner, source, base)
    } else {
      restore = preset?.restore
    }
    try reader.finish()
  }

  /// Whether it is the same branch of the same database as another one, to somebody who sees both.
  func hasBranch(of other: Self) -> Bool {
    database == other.database && branch == other.branch
      && (account == nil || other.account == nil || account == other.account)
  }

  private static func preset(_ reader: inout ConfigurationReader) throws(ConfigurationError) -> InstancePreset? {
    guard let name = try reader.text("preset") else { return nil }
    guard let preset = InstancePreset.all.first(where: { $0.name == name }) else {
      throw reader.error("preset", "it is none of \(InstancePreset.all.map(\.name).joined(separator: ", "))")
    }
    return preset
  }

  private static func source(_ given: ConfigurationReader, _ base: Path) throws(ConfigurationError) -> Source {
    var reader = given
    let command = try reader.text("command")
    let file = try reader.text("file")
    let form = try reader.text("form")
    let folder = try reader.text("folder")
    let source: Source
    switch (command, folder) {
    case (nil, let folder?):
      if form != nil || file != nil { throw reader.error("folder", "it stands alone, without form and file") }
      source = .folder(Path(folder, in: base))
    case (let command?, nil):
      switch form ?? "file" {
      case "file":
        guard let file else { throw reader.error("file", "it is missing: the name of what the command writes") }
        if let fault = EntryPath.fault(in: Array(file.utf8)) { throw reader.error("file", fault) }
        source = .file(file, command: command)
      case "tar": source = .members(.tar, command: command)
      case "xbstream": source = .members(.xbstream, command: command)
      default: throw reader.error("form", "it is none of file, tar, xbstream")
      }
      if file != nil, form == "tar" || form == "xbstream" {
        throw reader.error("file", "the members of a stream have names of their own")
      }
    default: throw reader.error("command", "either command or folder must be there")
    }
    try reader.finish()
    return source
  }

  private static func restore(
    _ given: ConfigurationReader, _ source: Source, _ base: Path
  ) throws(ConfigurationError) -> Restore {
    var reader = given
    let command = try reader.text("command")
    let folder = try reader.text("folder")
    let before = try reader.text("before")
    let after = try reader.text("after")
    try reader.finish()
    switch (command, folder) {
    case (let command?, nil):
      guard before == nil, after == nil else { throw reader.error("command", "it stands alone") }
      guard case .file = source else {
        throw reader.error("command", "several files are restored into a folder, not by a command")
      }
      return .command(command)
    case (nil, let folder?): return .folder(Path(folder, in: base), before: before, after: after)
    default: throw reader.error("command", "either command or folder must be there")
    }
  }
}
