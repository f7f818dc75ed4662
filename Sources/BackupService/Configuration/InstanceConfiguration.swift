// SPDX-License-Identifier: Apache-2.0

/// What can be backed up, and how it is brought back.
public import SystemIO

/// One database, folder or command that the service backs up.
///
/// Everything that is run stands here: no request of a client can name a command, or a place to restore to.
public struct InstanceConfiguration: Hashable, Sendable {
  /// How its data is had.
  public enum Source: Hashable, Sendable {
    /// A folder, as it is.
    case folder(Path)
    /// What a command writes, as one file of that name.
    case command(String, file: String)
    /// The members of a tar stream that a command writes.
    case tar(String)
    /// The members of an xbstream that a command writes.
    case xbstream(String)
  }

  /// How it is brought back.
  public enum Restore: Hashable, Sendable {
    /// The file goes to the standard input of a command.
    case command(String)
    /// The tree is written into a folder; a command may then make a database of it.
    case folder(Path, after: String?)
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
  /// Database and branch, for interfaces that name instances so.
  public var branch: (database: String, branch: String) { (database, branchName) }
  private var database: String
  private var branchName: String
  /// How its data is had.
  public var source: Source
  /// How it is brought back; `nil` when it cannot be.
  public var restore: Restore?
  /// What a backup is packed with unless the client says something else. Default: zstd.
  public var codec: String

  init(_ given: ConfigurationReader) throws(ConfigurationError) {
    var reader = given
    id = try reader.required("id")
    name = try reader.text("name") ?? id
    account = try reader.text("account")
    engine = try reader.required("engine").lowercased()
    version = try reader.text("version") ?? ""
    database = try reader.text("database") ?? id
    branchName = try reader.text("branch") ?? "main"
    codec = try reader.text("codec") ?? "zstd"
    let command = try reader.text("backup")
    let file = try reader.text("file")
    let form = try reader.text("form")
    let folder = try reader.text("folder")
    switch (command, folder) {
    case (let command?, nil):
      switch form ?? "file" {
      case "file":
        guard let file else { throw reader.error("file", "it is missing: the name of what the command writes") }
        source = .command(command, file: file)
      case "tar": source = .tar(command)
      case "xbstream": source = .xbstream(command)
      default: throw reader.error("form", "it is none of file, tar, xbstream")
      }
    case (nil, let folder?):
      if form != nil || file != nil { throw reader.error("folder", "it stands alone, without form and file") }
      source = .folder(Path(Array(folder.utf8)))
    default: throw reader.error("backup", "either backup, a command, or folder must be there")
    }
    let back = try reader.text("restore")
    let target = try reader.text("restore_folder")
    if let target {
      restore = .folder(Path(Array(target.utf8)), after: back)
    } else if let back {
      guard case .command = source else {
        throw reader.error("restore_folder", "it is missing: several files are restored into a folder")
      }
      restore = .command(back)
    }
    try reader.finish()
  }
}
