// SPDX-License-Identifier: Apache-2.0

import CommandLineKit

/// What commands take that write one archive from another: where it goes, how it is packed, where the parents are.
struct ArchiveCopyOptions: CommandOptions {
  var global = GlobalOptions()
  var files = FileOptions()
  var codec = CodecChoice()
  var archive: [UInt8] = []
  var parents: [[UInt8]] = []

  init() {}

  static let flags =
    FileOptions.flags.filter { ["output", "force", "sync", "stats"].contains($0.definition.long) }
    .lifted(\ArchiveCopyOptions.files)
    + [ParentFolders.flag(\.parents)]
    + CodecChoice.flags.filter { ["codec", "level", "fast", "best"].contains($0.definition.long) }
    .lifted(\ArchiveCopyOptions.codec)
}
