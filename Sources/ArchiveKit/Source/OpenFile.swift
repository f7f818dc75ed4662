// SPDX-License-Identifier: Apache-2.0

/// A file that is being read.
internal import SystemIO

/// An open file and what it was when it was opened.
final class OpenFile {
  let handle: FileHandle
  let status: FileStatus

  /// Takes over a file.
  init(_ file: consuming FileHandle) throws(IOError) {
    status = try file.status()
    handle = file
  }
}
