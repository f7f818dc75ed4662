// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import SystemIO

/// Files with names in them, one after the other.
struct NameList {
  /// Far above what anybody lists.
  private static let largestFile = 4 << 30

  /// Whether each name ends in a zero byte, not in a line feed.
  let endsInZero: Bool

  /// The names in some files; empty ones are passed over.
  ///
  /// - Parameter files: the files; `-` is standard input.
  func names(in files: [[UInt8]]) throws(ArchiveError) -> [[UInt8]] {
    var names: [[UInt8]] = []
    for file in files {
      let bytes: [UInt8]
      do throws(IOError) {
        bytes =
          try file == Array("-".utf8)
          ? Self.standardInput() : FileSystem.contents(of: Path(file), limit: Self.largestFile)
      } catch {
        throw ArchiveError(error)
      }
      names += bytes.split(separator: endsInZero ? 0 : UInt8(ascii: "\n")).map { Array($0) }
    }
    return names
  }

  private static func standardInput() throws(IOError) -> [UInt8] {
    var source = FileSource(FileHandle.standardInput)
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try source.fill(&piece)
      bytes += piece.prefix(count)
      if bytes.count > largestFile { throw IOError("read", errno: .fileTooLarge) }
      if count < piece.count { return bytes }
    }
  }
}
