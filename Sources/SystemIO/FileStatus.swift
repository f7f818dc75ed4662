// SPDX-License-Identifier: Apache-2.0

/// What the file system knows about a file.
internal import Glibc

/// What a name in a directory stands for.
public enum FileKind: Hashable, Sendable {
  /// A file with content.
  case regular
  /// A directory.
  case directory
  /// A symbolic link.
  case symbolicLink
  /// A named pipe.
  case fifo
  /// A socket.
  case socket
  /// A device that is read by characters, such as a terminal.
  case characterDevice
  /// A device that is read by blocks, such as a disk.
  case blockDevice
  /// Something this module has no name for, or that the file system did not tell.
  case unknown
}

/// The attributes of a file at one moment.
public struct FileStatus: Hashable, Sendable {
  /// What it is.
  public let kind: FileKind
  /// Its length in bytes; 0 for what has none.
  public let size: Int64
  /// Its permission bits.
  public let mode: FileMode
  /// The user who owns it.
  public let uid: UInt32
  /// The group that owns it.
  public let gid: UInt32
  /// When its content last changed.
  public let modificationTime: Timestamp
  /// When it was last read, as far as the file system keeps account.
  public let accessTime: Timestamp
  /// When its attributes last changed.
  public let changeTime: Timestamp
  /// The file system it is on.
  public let device: UInt64
  /// Its number there; together with `device` it identifies the file.
  public let inode: UInt64
  /// How many names it has.
  public let links: UInt64
  /// The space it takes, in units of 512 bytes.
  public let blocks: Int64
  /// The device a device node stands for.
  public let representedDevice: UInt64

  /// Whether both describe the same file of the same file system.
  public func isSameFile(as other: FileStatus) -> Bool {
    device == other.device && inode == other.inode
  }

  init(_ raw: Glibc.stat) {
    kind = FileKind(modeBits: raw.st_mode)
    size = Int64(raw.st_size)
    mode = FileMode(rawValue: raw.st_mode)
    uid = raw.st_uid
    gid = raw.st_gid
    modificationTime = Timestamp(raw.st_mtim)
    accessTime = Timestamp(raw.st_atim)
    changeTime = Timestamp(raw.st_ctim)
    device = UInt64(raw.st_dev)
    inode = UInt64(raw.st_ino)
    links = UInt64(raw.st_nlink)
    blocks = Int64(raw.st_blocks)
    representedDevice = UInt64(raw.st_rdev)
  }
}

extension FileKind {
  init(modeBits: mode_t) {
    switch modeBits & S_IFMT {
    case S_IFREG: self = .regular
    case S_IFDIR: self = .directory
    case S_IFLNK: self = .symbolicLink
    case S_IFIFO: self = .fifo
    case S_IFSOCK: self = .socket
    case S_IFCHR: self = .characterDevice
    case S_IFBLK: self = .blockDevice
    default: self = .unknown
    }
  }

  /// From the type byte of a directory entry, which is the file type of the mode shifted down.
  init(directoryType: UInt8) {
    self.init(modeBits: mode_t(directoryType) << 12)
  }
}

extension Timestamp {
  init(_ raw: timespec) {
    // A file system may hold anything; what is no number of nanoseconds becomes the nearest one.
    self.init(seconds: Int64(raw.tv_sec), nanoseconds: UInt32(clamping: raw.tv_nsec))
  }

  var rawTime: timespec { timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)) }
}
