// SPDX-License-Identifier: Apache-2.0

/// The names in a directory.
internal import CCodecs
internal import Glibc

/// A name in a directory.
public struct DirectoryEntry: Hashable, Sendable {
  /// The name: any bytes but NUL and slash.
  public let name: [UInt8]
  /// What it stands for; `unknown` where the file system does not tell without a further call.
  public let kind: FileKind
  /// The number of the file on its file system.
  public let inode: UInt64
}

/// Reads the names in a directory in the order in which the file system gives them, without `.` and `..`.
public struct DirectoryReader: ~Copyable {
  private let directory: FileHandle
  private var buffer: [UInt8]
  private var position = 0
  private var end = 0

  /// Opens a directory.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - noFollow: Whether a symbolic link as last component is an error. Default: `false`.
  /// - Throws: What the system answered: `ENOTDIR`, `ELOOP`, `EACCES` and others.
  public init(_ path: Path, noFollow: Bool = false) throws(IOError) {
    directory = try FileHandle.open(path, noFollow ? [.directory, .noFollow] : .directory)
    buffer = [UInt8](repeating: 0, count: 32768)
  }

  /// Reads an open directory from where its position is.
  init(_ directory: consuming FileHandle) {
    self.directory = directory
    buffer = [UInt8](repeating: 0, count: 32768)
  }

  /// The attributes of the directory.
  ///
  /// - Throws: What the system answered.
  public func status() throws(IOError) -> FileStatus {
    try directory.status()
  }

  /// The next name; nil after the last.
  ///
  /// - Throws: What the system answered.
  public mutating func next() throws(IOError) -> DirectoryEntry? {
    while true {
      if position >= end {
        let descriptor = directory.descriptor
        position = 0
        end = 0
        end = try Syscalls.run(
          .getdents, "read the directory", path: directory.path, descriptor: descriptor, size: buffer.count
        ) { allowed in
          unsafe Int(ccodecs_getdents(descriptor, &buffer, allowed))
        }
        if end == 0 { return nil }
      }
      guard let entry = try parseRecord() else { continue }
      return entry
    }
  }

  /// All names of a directory.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - sorted: Whether they come in the order of their bytes. Default: `true`.
  ///   - noFollow: Whether a symbolic link as last component is an error. Default: `false`.
  /// - Returns: The names.
  /// - Throws: What the system answered.
  public static func entries(
    of path: Path, sorted: Bool = true, noFollow: Bool = false
  ) throws(IOError) -> [DirectoryEntry] {
    var reader = try DirectoryReader(path, noFollow: noFollow)
    return try reader.remaining(sorted: sorted)
  }

  mutating func remaining(sorted: Bool) throws(IOError) -> [DirectoryEntry] {
    var entries: [DirectoryEntry] = []
    while let entry = try next() { entries.append(entry) }
    if sorted { entries.sort { $0.name.lexicographicallyPrecedes($1.name) } }
    return entries
  }

  /// Takes one record: inode (8 bytes), offset (8), record length (2), type (1), name with NUL.
  private mutating func parseRecord() throws(IOError) -> DirectoryEntry? {
    let headerSize = 19
    let start = position
    guard end - start > headerSize else { return try endOfNonsense() }
    let length = Int(buffer[start + 16]) | Int(buffer[start + 17]) << 8
    guard length > headerSize && start + length <= end else { return try endOfNonsense() }
    position = start + length
    let name = Array(buffer[(start + headerSize)..<(start + length)].prefix { $0 != 0 })
    if name == [UInt8(ascii: ".")] || name == [UInt8(ascii: "."), UInt8(ascii: ".")] { return nil }
    // A file system, in user space for one, may say anything; a name with a slash would lead elsewhere.
    if name.isEmpty || name.contains(Path.slash) { return try endOfNonsense() }
    var inode: UInt64 = 0
    for index in (0..<8).reversed() { inode = inode << 8 | UInt64(buffer[start + index]) }
    return DirectoryEntry(name: name, kind: FileKind(directoryType: buffer[start + 18]), inode: inode)
  }

  private func endOfNonsense() throws(IOError) -> DirectoryEntry? {
    throw IOError("read the directory", path: directory.path, errno: .inputOutput)
  }
}
