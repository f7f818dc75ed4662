// SPDX-License-Identifier: Apache-2.0

/// Frames that say what happened to an archive.

/// What a note says, as its `first`.
enum ArchiveNote {
  /// The archive was interrupted here, and gone on with. Leaves after it may stand for entries that came before.
  static let resumed: UInt64 = 1
}
