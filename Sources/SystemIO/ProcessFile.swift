// SPDX-License-Identifier: Apache-2.0

/// The small text files in which the kernel tells about itself.
enum ProcessFile {
  /// Far above what the largest of them holds on a machine with thousands of processors.
  private static let largest = 16 << 20

  /// The text of such a file; `nil` where it is not there or cannot be read, as in some containers.
  static func text(_ path: Path) -> String? {
    guard let bytes = try? FileSystem.contents(of: path, limit: largest) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
