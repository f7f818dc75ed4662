// SPDX-License-Identifier: Apache-2.0

/// A file that appears under its name only when it is complete.

/// A new file that is written under a temporary name and takes its own name when it is committed.
///
/// Until `commit` returns, the target is what it was before. On any failure, when the value goes away without a commit,
/// and when a signal ends the process (see `Signals`), the temporary file is removed. After a crash of the machine a
/// temporary file may be left, which `TemporaryName.matches` recognises.
///
/// The temporary file is in the target's directory, has the mode 0600 until the commit, and was created so that neither
/// an existing file nor a symbolic link can take its place.
public struct AtomicFile: ~Copyable, Sendable {
  /// How a file is written.
  public struct Options: Hashable, Sendable {
    /// Whether blocks of zeros become holes. Default: `false`.
    public var sparse: Bool = false
    /// The mode that the file gets when the commit names none, before the umask is taken away. Default: 0666.
    public var defaultMode: FileMode = .allReadWrite

    /// The defaults.
    public init() {}

    /// The defaults, changed by `configure`.
    public init(_ configure: (inout Self) -> Void) {
      configure(&self)
    }
  }

  /// The name the file will have.
  public let target: Path
  /// The name it has until then.
  public let temporary: Path
  let options: Options
  var file: FileHandle
  var sparse: SparseWriter?
  var isFinished = false

  /// Creates the temporary file.
  ///
  /// - Parameters:
  ///   - target: The name the file will have. A symbolic link of this name will be replaced itself; to write through
  ///     it, give what `FileSystem.resolve` says.
  ///   - options: How it is written.
  /// - Throws: What the system answered, such as `ENOENT` for a missing directory or `EACCES`.
  public init(_ target: Path, _ options: Options = Options()) throws(IOError) {
    let temporary = try AtomicFile.temporaryName(for: target)
    let file = try AtomicFile.create(temporary, for: target)
    self.target = target
    self.temporary = temporary
    self.options = options
    self.file = file
    sparse = options.sparse ? SparseWriter() : nil
  }

  deinit {
    if !isFinished { try? discardTemporary() }
  }

  /// The number of bytes written so far, or the position after the last one.
  ///
  /// - Throws: What the system answered.
  public func position() throws(IOError) -> Int64 {
    if let sparse { return sparse.position }
    return try file.seek(to: 0, from: .current)
  }

  /// Writes all of `bytes` at the end.
  ///
  /// - Throws: What the system answered, such as `ENOSPC`.
  public mutating func write(_ bytes: RawSpan) throws(IOError) {
    do throws(IOError) {
      if sparse != nil {
        try sparse?.write(bytes, to: file)
      } else {
        try file.write(bytes)
      }
    } catch {
      throw IOError(error.operation, path: target, errno: error.errno)
    }
  }

  /// Writes all of `bytes` at the end.
  ///
  /// - Throws: What the system answered, such as `ENOSPC`.
  public mutating func write(_ bytes: [UInt8]) throws(IOError) {
    // Bytes have no padding, so their raw view holds nothing that was not written.
    try unsafe write(bytes.span.bytes)
  }

  /// Writes all of `bytes` over what was written before, for a header that is known last. Must not be used past the
  /// end of a sparse file.
  ///
  /// - Throws: What the system answered.
  public mutating func overwrite(_ bytes: RawSpan, at offset: Int64) throws(IOError) {
    try file.write(bytes, at: offset)
  }

  /// Writes all of `bytes` over what was written before, for a header that is known last. Must not be used past the
  /// end of a sparse file.
  ///
  /// - Throws: What the system answered.
  public mutating func overwrite(_ bytes: [UInt8], at offset: Int64) throws(IOError) {
    try unsafe overwrite(bytes.span.bytes, at: offset)
  }

  /// Reads back what was written, for a check before the commit. Same meaning as `FileHandle.read(into:at:)`.
  ///
  /// - Throws: What the system answered.
  public func read(into output: inout OutputRawSpan, at offset: Int64) throws(IOError) -> Int {
    try file.read(into: &output, at: offset)
  }

  /// Gives the file up and removes the temporary file.
  ///
  /// - Throws: What the system answered when it could not be removed.
  public consuming func discard() throws(IOError) {
    isFinished = true
    try discardTemporary()
  }

  private func discardTemporary() throws(IOError) {
    try TemporaryRegistry.finishing(temporary) { () throws(IOError) in
      do throws(IOError) {
        try FileSystem.remove(temporary)
      } catch {
        // Somebody has cleaned up before us.
        if error.errno != .noSuchFile { throw error }
      }
    }
  }

  private static func temporaryName(for target: Path) throws(IOError) -> Path {
    // A name that ends in a slash, a dot or two dots can only be a directory.
    let last = target.lastComponent
    if target.containsNUL { throw IOError("create", path: target, errno: .invalidArgument) }
    if target.isEmpty { throw IOError("create", path: target, errno: .noSuchFile) }
    if last.isEmpty || target.bytes.last == Path.slash || last == Array(".".utf8) || last == Array("..".utf8) {
      throw IOError("create", path: target, errno: .isDirectory)
    }
    return target.parent.joining(try TemporaryName.make())
  }

  /// With 100 random bits a name is never taken: `EEXIST` is reported like any other error.
  private static func create(_ temporary: Path, for target: Path) throws(IOError) -> FileHandle {
    do throws(IOError) {
      return try TemporaryRegistry.creating(temporary) { () throws(IOError) -> FileHandle in
        try FileHandle.create(temporary, mode: .ownerOnly)
      }
    } catch {
      throw IOError("create", path: target, errno: error.errno)
    }
  }
}
