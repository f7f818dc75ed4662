// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// The folder that files come out into. It is made when nothing else of its path is missing, and goes again when nothing
/// comes into it.
struct TargetFolder {
  /// The folder; in a dry run the one it would be made in, if it is not there.
  let path: Path
  private let isMade: Bool

  /// Makes the folder unless it is there.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - isDryRun: whether nothing is made.
  init(_ path: Path, isDryRun: Bool = false) throws(Failure) {
    do throws(IOError) {
      let isMissing = try !FileSystem.exists(path)
      isMade = isMissing && !isDryRun
      self.path = isMissing && isDryRun ? path.parent : path
      guard isMade else { return }
      try FileSystem.makeDirectory(path)
      try FileSystem.syncDirectory(path.parent)
    } catch {
      throw Failure(error, input: InputName(path: path.bytes))
    }
  }

  /// Takes the folder back, unless it was there before or something is in it.
  func removeIfEmpty() {
    if isMade { try? FileSystem.removeDirectory(path) }
  }
}
