// SPDX-License-Identifier: Apache-2.0

/// An open file that is closed exactly once.
internal import CCodecs
internal import Glibc

/// An open file.
///
/// The handle owns its descriptor: it is closed by `close()`, which reports what the system says, or at the end of the
/// handle's life, which cannot. A file that was written must be closed by `close()`.
public struct FileHandle: ~Copyable, Sendable {
  /// The largest number of bytes asked for in one call; the kernel moves at most 2 GiB - 4 KiB at once.
  static let largestTransfer = 1 << 30

  /// The number the kernel knows the file by; valid as long as the handle.
  public private(set) var descriptor: Int32

  /// The name it was opened by, for messages; nil for a pipe or a standard stream.
  public let path: Path?

  private let ownsDescriptor: Bool

  /// Takes over an open descriptor.
  ///
  /// - Parameters:
  ///   - descriptor: The descriptor; the handle closes it.
  ///   - path: A name for messages.
  public init(owning descriptor: Int32, path: Path? = nil) {
    self.descriptor = descriptor
    self.path = path
    ownsDescriptor = true
  }

  /// Uses an open descriptor without ever closing it.
  ///
  /// - Parameters:
  ///   - descriptor: The descriptor; it must stay open as long as the handle lives.
  ///   - path: A name for messages.
  public init(borrowing descriptor: Int32, path: Path? = nil) {
    self.descriptor = descriptor
    self.path = path
    ownsDescriptor = false
  }

  deinit {
    if ownsDescriptor && descriptor >= 0 {
      _ = Syscalls.call(.close, .descriptor(descriptor)) { _ in Int(Glibc.close(descriptor)) }
    }
  }

  /// Descriptor 0, never closed by the handle.
  public static var standardInput: FileHandle { FileHandle(borrowing: 0) }
  /// Descriptor 1, never closed by the handle.
  public static var standardOutput: FileHandle { FileHandle(borrowing: 1) }
  /// Descriptor 2, never closed by the handle.
  public static var standardError: FileHandle { FileHandle(borrowing: 2) }

  /// Closes the file.
  ///
  /// The descriptor is gone also when this throws, and must not be closed again: the failure means that what was
  /// written may be lost. A handle that does not own its descriptor leaves it open.
  ///
  /// - Throws: What the system answered, such as `EIO` or `EDQUOT`.
  public consuming func close() throws(IOError) {
    try closeNow()
  }

  mutating func closeNow() throws(IOError) {
    let closing = descriptor
    descriptor = -1
    guard ownsDescriptor && closing >= 0 else { return }
    try Syscalls.run(.close, "close", path: path, descriptor: closing) { _ in Int(Glibc.close(closing)) }
  }
}

extension FileHandle {
  /// How a file is opened.
  public struct OpenOptions: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Makes a set from its bits.
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// Fail with `ELOOP` when the last component is a symbolic link.
    public static let noFollow = OpenOptions(rawValue: 1)
    /// Return at once for a FIFO nobody writes to. The descriptor stays non-blocking until `setNonBlocking(false)`.
    public static let nonBlocking = OpenOptions(rawValue: 2)
    /// Fail with `ENOTDIR` when it is no directory.
    public static let directory = OpenOptions(rawValue: 4)
    /// Open for writing as well.
    public static let writable = OpenOptions(rawValue: 8)
    /// Open for writing and not for reading. A named pipe must be opened like this: who may also read it is its own
    /// reader, so that nobody waits for the real one and what is written is lost with the last descriptor.
    public static let writingOnly = OpenOptions(rawValue: 16)

    /// Do not change the time of the last read. This is for the owner of the file and for root; for others it has no
    /// effect.
    public static let noAccessTime = OpenOptions(rawValue: 32)

    var flags: Int32 {
      var flags = contains(.writingOnly) ? O_WRONLY : contains(.writable) ? O_RDWR : O_RDONLY
      if contains(.noFollow) { flags |= O_NOFOLLOW }
      if contains(.nonBlocking) { flags |= O_NONBLOCK }
      if contains(.directory) { flags |= O_DIRECTORY }
      if contains(.noAccessTime) { flags |= ccodecs_no_access_time_flag() }
      return flags | O_CLOEXEC | O_NOCTTY
    }
  }

  /// What happens when the file to create is there already.
  public enum CreationRule: Hashable, Sendable {
    /// Fail with `EEXIST`, also when it is a symbolic link that leads nowhere.
    case exclusive
    /// Empty it.
    case truncate
    /// Write at its end, whatever the position.
    case append
  }

  /// Opens an existing file for reading.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - options: How; by default links are followed and a FIFO is waited for.
  /// - Returns: The handle.
  /// - Throws: What the system answered.
  public static func open(_ path: Path, _ options: OpenOptions = []) throws(IOError) -> FileHandle {
    let flags = options.flags
    let result = try path.withCString("open") { (name: UnsafePointer<CChar>) throws(IOError) -> Int in
      try opening(flags) { (flags: Int32) throws(IOError) -> Int in
        try Syscalls.run(.open, "open", path: path) { _ in unsafe Int(ccodecs_open(name, flags, 0)) }
      }
    }
    return FileHandle(owning: Int32(result), path: path)
  }

  /// Creates a file, or opens an existing one, for reading and writing.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - mode: Its permission bits before the umask is taken away. Default: 0666.
  ///   - rule: What happens when it is there already. Default: it is an error.
  ///   - noFollow: Whether a symbolic link as last component is an error; `exclusive` implies it.
  /// - Returns: The handle.
  /// - Throws: What the system answered.
  public static func create(
    _ path: Path, mode: FileMode = .allReadWrite, ifExists rule: CreationRule = .exclusive, noFollow: Bool = false
  ) throws(IOError) -> FileHandle {
    var flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY
    if noFollow || rule == .exclusive { flags |= O_NOFOLLOW }
    switch rule {
    case .exclusive: flags |= O_EXCL
    case .truncate: flags |= O_TRUNC
    case .append: flags |= O_APPEND
    }
    let allFlags = flags
    let result = try path.withCString("create") { (name: UnsafePointer<CChar>) throws(IOError) -> Int in
      try Syscalls.run(.open, "create", path: path) { _ in
        unsafe Int(ccodecs_open(name, allFlags, mode.rawValue))
      }
    }
    return FileHandle(owning: Int32(result), path: path)
  }

  /// A second descriptor for the same open file; both share position and flags.
  ///
  /// - Throws: What the system answered, such as `EMFILE`.
  public func duplicate() throws(IOError) -> FileHandle {
    let target = descriptor
    let result = try Syscalls.run(.duplicate, "duplicate", path: path, descriptor: target) { _ in
      Int(ccodecs_duplicate(target))
    }
    return FileHandle(owning: Int32(result), path: path)
  }

  /// Whether writes go to the end of the file whatever the position.
  ///
  /// - Throws: What the system answered.
  public func isAppending() throws(IOError) -> Bool {
    try statusFlags() & O_APPEND != 0
  }

  /// Makes reads and writes wait for the other side, or not.
  ///
  /// `read` and `write` of this type wait in either case; what differs is only what another user of the same open
  /// file sees.
  ///
  /// - Throws: What the system answered.
  public func setNonBlocking(_ enabled: Bool) throws(IOError) {
    let flags = try statusFlags()
    let changed = enabled ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
    let target = descriptor
    try Syscalls.run(.statusFlags, "set the flags", path: path, descriptor: target) { _ in
      Int(ccodecs_set_status_flags(target, changed))
    }
  }

  /// Runs `open` with the flags, and once more without `noAccessTime` where that is not allowed.
  static func opening(_ flags: Int32, _ open: (Int32) throws(IOError) -> Int) throws(IOError) -> Int {
    let noAccessTime = ccodecs_no_access_time_flag()
    do throws(IOError) {
      return try open(flags)
    } catch {
      guard flags & noAccessTime != 0 && error.errno == .notPermitted else { throw error }
      return try open(flags & ~noAccessTime)
    }
  }

  /// How the open file is opened.
  func statusFlags() throws(IOError) -> Int32 {
    let target = descriptor
    let flags = try Syscalls.run(.statusFlags, "get the flags", path: path, descriptor: target) { _ in
      Int(ccodecs_get_status_flags(target))
    }
    return Int32(truncatingIfNeeded: flags)
  }
}
