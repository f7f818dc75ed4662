// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// The configuration files: the one that was named, and the user's own.
enum Configuration {
  /// Far above what anybody writes by hand.
  private static let largestFile = 1 << 20

  /// The files that are there, the one with the highest precedence first.
  ///
  /// - Parameter global: says which file was named, and whether any are wanted.
  /// - Throws: `UsageError` for a file that was named and cannot be read, or that breaks the form.
  static func files(_ global: GlobalOptions) throws(UsageError) -> [ConfigFile] {
    var files: [ConfigFile] = []
    if let named = global.config {
      let bytes: [UInt8]
      do throws(IOError) { bytes = try FileSystem.contents(of: Path(named), limit: largestFile) } catch {
        throw UsageError(.invalidValue, "\(Escaping.visible(named)): \(error)")
      }
      files.append(try ConfigFile(parsing: bytes, name: named))
    }
    if !global.ignoresConfig, let path = userFile() {
      // A user's own file that is not there, or that this user may not read, is no mistake of this call.
      if let bytes = try? FileSystem.contents(of: path, limit: largestFile) {
        files.append(try ConfigFile(parsing: bytes, name: path.bytes))
      }
    }
    return files
  }

  private static func userFile() -> Path? {
    if let folder = Machine.environmentBytes("XDG_CONFIG_HOME"), !folder.isEmpty {
      return Path(folder).joining("archivetool").joining("config")
    }
    guard let home = Machine.environmentBytes("HOME"), !home.isEmpty else { return nil }
    return Path(home).joining(".config").joining("archivetool").joining("config")
  }
}
