// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CommandLineKit
import SystemIO

/// Where the archives are that an increment is made upon.
enum ParentFolders {
  /// `--parents DIR`, which may be given several times.
  static func flag<Options>(_ path: OptionPath<Options, [[UInt8]]>) -> Flag<Options> {
    .paths("parents", path, "look for the archives below an increment in DIR").placeholder("DIR").group(.input)
      .default("the folder of the archive")
  }

  /// Looks in the folders that were named, then in that of the archive.
  ///
  /// - Parameters:
  ///   - archive: the archive; that from a pipe counts as lying in the current folder.
  ///   - folders: what was named.
  static func finder(for archive: InputName, _ folders: [[UInt8]]) -> FolderAncestors {
    FolderAncestors(folders.map { Path($0) } + [archive.path.map { Path($0).parent } ?? Path(Array(".".utf8))])
  }
}
