// SPDX-License-Identifier: Apache-2.0

/// Permission bits.
internal import Glibc

/// The permission bits of a file, with set-user-ID, set-group-ID and the sticky bit; never the file type.
public struct FileMode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The twelve bits.
  public let rawValue: UInt32

  /// Keeps the lowest twelve bits of `rawValue`.
  public init(rawValue: UInt32) {
    self.rawValue = rawValue & 0o7777
  }

  /// Read and write for the owner alone: what every temporary file starts with.
  public static let ownerOnly = FileMode(rawValue: 0o600)
  /// Everything for the owner alone.
  public static let privateDirectory = FileMode(rawValue: 0o700)
  /// Read and write for all: what a new file asks for before the umask is taken away.
  public static let allReadWrite = FileMode(rawValue: 0o666)
  /// Everything for all: what a new directory asks for before the umask is taken away.
  public static let all = FileMode(rawValue: 0o777)

  /// The nine bits without set-user-ID, set-group-ID and sticky.
  public var permissions: FileMode { FileMode(rawValue: rawValue & 0o777) }

  /// Whether a set-user-ID or set-group-ID bit is on.
  public var isSetID: Bool { rawValue & 0o6000 != 0 }

  /// These bits without those of `mask`.
  public func removing(_ mask: FileMode) -> FileMode { FileMode(rawValue: rawValue & ~mask.rawValue) }

  /// Four octal digits, such as `0644`.
  public var description: String {
    let digits = String(rawValue, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// The file mode creation mask of the process.
  ///
  /// It is read from the process file system, since asking the kernel means changing it for all threads for a moment;
  /// where that file system is missing it is done so nevertheless, once.
  public static var creationMask: FileMode {
    if let status = try? FileSystem.contents(of: "/proc/self/status", limit: 1 << 16) {
      for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: Array("Umask:".utf8)) {
        let digits = line.filter { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "7") }
        if let mask = UInt32(String(decoding: digits, as: UTF8.self), radix: 8) { return FileMode(rawValue: mask) }
      }
    }
    return maskWithoutProcessFiles
  }

  private static let maskWithoutProcessFiles: FileMode = {
    let mask = umask(0o077)
    _ = umask(mask)
    return FileMode(rawValue: mask)
  }()
}
