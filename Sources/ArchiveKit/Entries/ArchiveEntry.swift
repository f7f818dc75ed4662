// SPDX-License-Identifier: Apache-2.0

/// One thing in an archive: a file, a directory, a link, a device, and all that is known of it.
public import CodecKit
public import SystemIO

/// One name in an archive and what it stands for.
public struct ArchiveEntry: Hashable, Sendable {
  /// What an entry is.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// A file with content.
    case file = 0
    /// A directory.
    case directory = 1
    /// A symbolic link.
    case symbolicLink = 2
    /// A named pipe.
    case fifo = 3
    /// A device that is read by characters.
    case characterDevice = 4
    /// A device that is read by blocks.
    case blockDevice = 5
  }

  /// What went wrong when the entry was read.
  public struct Warnings: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt64

    /// Makes a set from its bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// It was there when its directory was read, and gone when it was to be read itself.
    public static let vanished = Warnings(rawValue: 1)
    /// It could not be read; what is stored ends where that happened.
    public static let unreadable = Warnings(rawValue: 2)
    /// It changed while it was read.
    public static let changed = Warnings(rawValue: 4)
  }

  /// Which names are one file.
  public struct LinkGroup: Hashable, Sendable {
    /// The depth of the archive that first had the group.
    public var ordinal: UInt32
    /// Its number there.
    public var number: UInt64

    /// Makes a group.
    public init(ordinal: UInt32, number: UInt64) {
      self.ordinal = ordinal
      self.number = number
    }
  }

  /// A user and a group, by number and by name.
  public struct Owner: Hashable, Sendable {
    /// The user.
    public var uid: UInt32
    /// The group.
    public var gid: UInt32
    /// The user's name; empty when there is none.
    public var user: [UInt8]
    /// The group's name; empty when there is none.
    public var group: [UInt8]

    /// Makes an owner.
    public init(uid: UInt32 = 0, gid: UInt32 = 0, user: [UInt8] = [], group: [UInt8] = []) {
      self.uid = uid
      self.gid = gid
      self.user = user
      self.group = group
    }
  }

  /// Something a later version says of an entry.
  struct Extension: Hashable, Sendable {
    var type: UInt64
    var value: [UInt8]
  }

  /// The relative path, components joined by `/`; empty for the directory into which is extracted.
  public var path: [UInt8]
  /// What it is.
  public var kind: Kind
  /// The permission bits.
  public var mode: UInt16 = 0
  /// Who owns it.
  public var owner = Owner()
  /// When its content last changed.
  public var modificationTime = Timestamp(seconds: 0)
  /// When it was made, where that is known.
  public var birthTime: Timestamp?
  /// The bytes of a file.
  public var size: UInt64 = 0
  /// How a file was cut.
  public var cut = CutRule.whole
  /// Where the bytes of a file are.
  public var content = EntryContent.runs([])
  /// The digest over the ids of the content, when it is more than one chunk.
  public var digest: SHA256Digest?
  /// The target of a symbolic link.
  public var target: [UInt8] = []
  /// The numbers of a device.
  public var device = (major: UInt32(0), minor: UInt32(0))
  /// Which other names are the same file.
  public var linkGroup: LinkGroup?
  /// Extended attributes, access control lists among them.
  public var attributes: [ExtendedAttribute] = []
  /// What went wrong when it was read.
  public var warnings: Warnings = []
  var extensions: [Extension] = []

  /// Makes an entry with nothing known but what it is.
  public init(_ path: [UInt8], _ kind: Kind) {
    self.path = path
    self.kind = kind
  }

  /// The SHA-256 of a file's bytes, where the archive was told to store it.
  public var plainDigest: SHA256Digest? {
    extensions.first { $0.type == Self.plainDigestExtension }.flatMap { SHA256Digest($0.value) }
  }

  static let plainDigestExtension: UInt64 = 2

  /// Equal in everything.
  public static func == (left: ArchiveEntry, right: ArchiveEntry) -> Bool {
    left.path == right.path && left.kind == right.kind && left.isSameExceptPath(as: right)
  }

  private func isSameExceptPath(as other: ArchiveEntry) -> Bool {
    mode == other.mode && owner == other.owner && modificationTime == other.modificationTime
      && birthTime == other.birthTime && size == other.size && cut == other.cut && content == other.content
      && digest == other.digest && target == other.target && device == other.device && linkGroup == other.linkGroup
      && attributes == other.attributes && warnings == other.warnings && extensions == other.extensions
  }

  /// By what tells entries of an archive apart.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(path)
    hasher.combine(kind)
    hasher.combine(size)
  }
}
