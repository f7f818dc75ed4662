// SPDX-License-Identifier: Apache-2.0

/// The attributes a finished file gets.

/// Attributes to set on a file; what is nil stays as it is.
public struct FileAttributes: Hashable, Sendable {
  /// A user and a group.
  public struct Owner: Hashable, Sendable {
    /// The user.
    public var uid: UInt32
    /// The group.
    public var gid: UInt32

    /// Makes an owner.
    public init(uid: UInt32, gid: UInt32) {
      self.uid = uid
      self.gid = gid
    }
  }

  /// Permission bits. Default: nil.
  public var mode: FileMode?
  /// User and group. Default: nil.
  public var owner: Owner?
  /// Whether it is an error when the owner may not be given away. Default: `false`: then the group alone is tried, and
  /// the mode loses the set-ID bits and whatever it would have given to a group that is now another one.
  public var requiresOwner: Bool = false
  /// Time of the last read. Default: nil.
  public var accessTime: Timestamp?
  /// Time of the last change. Default: nil.
  public var modificationTime: Timestamp?

  /// Sets nothing.
  public init() {}

  /// Sets what `configure` sets.
  public init(_ configure: (inout Self) -> Void) {
    configure(&self)
  }

  /// Mode, owner and times of an existing file.
  public init(copying status: FileStatus) {
    mode = status.mode
    owner = Owner(uid: status.uid, gid: status.gid)
    accessTime = status.accessTime
    modificationTime = status.modificationTime
  }
}
