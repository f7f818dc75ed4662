// SPDX-License-Identifier: Apache-2.0

/// What went wrong, or not as one might think, while a tree was read.
public import SystemIO

/// Something that happened to one path while a tree was read. The archive goes on all the same.
public struct TreeWarning: Hashable, Sendable {
  /// What happened. A struct, not an enum, so that new kinds can be added without breaking clients.
  public struct Kind: Hashable, Sendable, CustomStringConvertible {
    private enum Name: String, Sendable {
      case missing, vanished, unreadable, changed, attributes, unusablePath, tooLarge, socket, shortenedPath
      case unsafePath, absolutePath, unstorable, withoutTarget, displaced
    }

    private let name: Name

    private init(_ name: Name) { self.name = name }

    /// A root is not there, or was not reached from the root above it.
    public static let missing = Kind(.missing)
    /// It was there when its directory was read, and gone when it was to be read itself: there is no entry.
    public static let vanished = Kind(.vanished)
    /// It could not be read. The entry, if anything is known at all, says so and holds what could be read.
    public static let unreadable = Kind(.unreadable)
    /// It changed each time it was read: the entry says so and holds what was read last.
    public static let changed = Kind(.changed)
    /// Extended attributes could not be read, or not all: the entry lacks them.
    public static let attributes = Kind(.attributes)
    /// No archive can hold the path: there is no entry.
    public static let unusablePath = Kind(.unusablePath)
    /// No archive can hold so many attributes: there is no entry.
    public static let tooLarge = Kind(.tooLarge)
    /// It is a socket, which means nothing without the program behind it: there is no entry.
    public static let socket = Kind(.socket)
    /// A root had components `..`, and its entries are stored without them and what stood before.
    public static let shortenedPath = Kind(.shortenedPath)
    /// A member of a stream has a path with `..`, or one that no archive can hold: there is no entry.
    public static let unsafePath = Kind(.unsafePath)
    /// Members of a stream have paths that begin with a slash, and are stored without it. Said of the first one.
    public static let absolutePath = Kind(.absolutePath)
    /// A member of a stream is something that an archive has no kind for: there is no entry.
    public static let unstorable = Kind(.unstorable)
    /// A member of a stream is a further name of something that has not come: there is no entry.
    public static let withoutTarget = Kind(.withoutTarget)
    /// A member of a stream stands below something that is no directory, or is that something and an entry below it came
    /// later: there is no entry.
    public static let displaced = Kind(.displaced)

    /// Whether the archive lacks something of the tree.
    public var isLoss: Bool { name != .socket && name != .shortenedPath && name != .absolutePath }

    /// The name of the kind, such as `vanished`.
    public var description: String { name.rawValue }
  }

  /// The entry concerned; a root as it was given when that is all there is.
  public let path: [UInt8]
  /// What happened.
  public let kind: Kind
  /// What the system answered, if it was the system.
  public let error: IOError?
}
