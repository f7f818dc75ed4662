// SPDX-License-Identifier: Apache-2.0

/// What two trees do not have in common.

/// A path that is not the same in two trees.
public struct ArchiveDifference: Hashable, Sendable {
  /// In what an entry may differ.
  public struct Aspects: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt16

    /// Makes a set from its bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// What it is, such as a file that has become a link.
    public static let kind = Aspects(rawValue: 1)
    /// The bytes of a file.
    public static let content = Aspects(rawValue: 2)
    /// The permission bits.
    public static let mode = Aspects(rawValue: 4)
    /// User or group, by number or name.
    public static let owner = Aspects(rawValue: 8)
    /// When the content last changed.
    public static let modificationTime = Aspects(rawValue: 16)
    /// Where a symbolic link leads.
    public static let target = Aspects(rawValue: 32)
    /// The numbers of a device.
    public static let device = Aspects(rawValue: 64)
    /// Extended attributes, access control lists among them.
    public static let attributes = Aspects(rawValue: 128)
    /// Everything.
    public static let all = Aspects(rawValue: 255)

    private static let names: [(Aspects, String)] = [
      (.kind, "type"), (.content, "content"), (.mode, "mode"), (.owner, "owner"), (.modificationTime, "mtime"),
      (.target, "target"), (.device, "device"), (.attributes, "attributes"),
    ]

    /// What people call them.
    public var names: [String] { Self.names.filter { contains($0.0) }.map(\.1) }
  }

  /// The entry of the first tree; `nil` when it has none of this path.
  public let old: ArchiveEntry?
  /// The entry of the second tree; `nil` when it has none of this path.
  public let new: ArchiveEntry?
  /// In what they differ, when both have one.
  public let aspects: Aspects

  /// The path.
  public var path: [UInt8] { new?.path ?? old?.path ?? [] }
}
