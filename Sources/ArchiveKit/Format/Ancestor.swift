// SPDX-License-Identifier: Apache-2.0

/// What an increment says of the archives that it is made upon.
public import CodecKit

/// An archive that another one is made upon.
public struct Ancestor: Hashable, Sendable {
  /// Its depth: 0 for the full archive.
  public var ordinal: UInt32
  /// Identifies it.
  public var uuid: ArchiveUUID
  /// What it must hold.
  public var contentRoot: SHA256Digest
  /// The name of its file when it was last seen, a hint for whoever looks for it.
  public var name: [UInt8]

  /// Makes a description.
  public init(ordinal: UInt32, uuid: ArchiveUUID, contentRoot: SHA256Digest, name: [UInt8] = []) {
    self.ordinal = ordinal
    self.uuid = uuid
    self.contentRoot = contentRoot
    self.name = name
  }
}

extension ArchiveReader {
  /// What a child of this archive says of its ancestors.
  ///
  /// - Parameter name: the name of this archive's file.
  func lineage(name: String) -> [Ancestor] {
    let own = Ancestor(
      ordinal: summary.superblock.depth, uuid: summary.superblock.uuid, contentRoot: summary.footer.contentRoot,
      name: Array(name.utf8.prefix(Ancestry.maximumNameLength)))
    return ancestors + [own]
  }
}

extension Superblock {
  /// Becomes that of a child.
  mutating func follow(_ parent: ArchiveReader) throws(ArchiveError) {
    guard parent.recovery == nil else {
      throw ArchiveError(.invalidOption, "an archive without its end cannot be a parent")
    }
    guard parent.summary.superblock.depth < Ancestry.maximumDepth else {
      throw ArchiveError(
        .limitExceeded, "the parent has \(Ancestry.maximumDepth) ancestors already; merge them, or begin anew")
    }
    self.parent = parent.summary.superblock.uuid
    parentRoot = parent.summary.footer.contentRoot
    depth = parent.summary.superblock.depth + 1
  }
}

/// The frame that names all ancestors, the full archive first.
enum Ancestry {
  /// The most ancestors an archive has.
  static let maximumDepth: UInt32 = 1024
  /// The most bytes of a hint.
  static let maximumNameLength = 255

  static func encode(_ ancestors: [Ancestor]) -> [UInt8] {
    var writer = FieldWriter(capacity: ancestors.count * 64)
    for ancestor in ancestors {
      writer.raw(ancestor.uuid.bytes)
      writer.digest(ancestor.contentRoot)
      writer.string(ancestor.name)
    }
    return writer.bytes
  }

  static func decode(_ bytes: [UInt8], of superblock: Superblock) throws(ArchiveError) -> [Ancestor] {
    let ancestors = try decode(bytes, count: superblock.depth)
    // A merged archive has no parent any more, but still holds what the parent's root stands for.
    guard let last = ancestors.last, last.contentRoot == superblock.parentRoot,
      superblock.parent == nil || superblock.parent == last.uuid
    else { throw .corrupt("the archive's ancestry is not that of its parent") }
    return ancestors
  }

  /// Reads so many, whoever their descendant is.
  static func decode(_ bytes: [UInt8], count: UInt32) throws(ArchiveError) -> [Ancestor] {
    guard count <= maximumDepth else {
      throw ArchiveError(.limitExceeded, "the archive has more ancestors than any may have")
    }
    var reader = FieldReader(bytes)
    var ancestors: [Ancestor] = []
    for ordinal in 0..<count {
      let uuid = ArchiveUUID(try reader.raw(16))
      let root = try reader.digest()
      let name = try reader.string()
      guard name.count <= maximumNameLength else { throw .corrupt("an ancestor has an impossible name") }
      ancestors.append(Ancestor(ordinal: ordinal, uuid: uuid, contentRoot: root, name: name))
    }
    try reader.finish()
    guard Set(ancestors.map(\.contentRoot)).count == ancestors.count else {
      throw .corrupt("the archive names an ancestor twice")
    }
    return ancestors
  }
}
