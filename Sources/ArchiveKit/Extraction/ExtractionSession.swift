// SPDX-License-Identifier: Apache-2.0

/// What all files of one extraction share.
internal import CodecKit
internal import Synchronization
internal import SystemIO

/// The target, the rules for metadata, and counters.
final class ExtractionSession: Sendable {
  /// More files than this are not kept open between two pieces.
  private static let openFiles = 200

  let target: ConfinedTarget
  let rules: MetadataRules
  let keepsDamaged: Bool
  let syncs: Bool
  private let open = Atomic<Int>(0)
  private let written = Atomic<UInt64>(0)

  init(_ target: ConfinedTarget, _ options: ExtractionOptions) {
    self.target = target
    rules = MetadataRules(options)
    keepsDamaged = options.keepsDamaged
    syncs = options.sync
  }

  var hasTooManyOpenFiles: Bool { open.load(ordering: .relaxed) > Self.openFiles }
  func didOpenFile() { open.add(1, ordering: .relaxed) }
  func didCloseFile() { open.subtract(1, ordering: .relaxed) }

  /// The bytes of complete files.
  var bytes: UInt64 { written.load(ordering: .relaxed) }
  func count(bytes: UInt64) { written.add(bytes, ordering: .relaxed) }

  /// Gives an open file its metadata. Attributes come first: setting them needs rights that the mode may take away.
  func apply(_ entry: ArchiveEntry, to handle: borrowing FileHandle) throws(IOError) {
    var fault: IOError?
    for attribute in rules.extendedAttributes(entry).set {
      do throws(IOError) { try handle.setExtendedAttribute(attribute) } catch { fault = fault ?? error }
    }
    try handle.apply(rules.attributes(entry))
    if let fault { throw fault }
  }

  /// Gives a directory its metadata.
  func apply(_ entry: ArchiveEntry, to directory: SharedDirectory) throws(IOError) {
    var fault: IOError?
    for attribute in rules.extendedAttributes(entry).set {
      do throws(IOError) { try directory.handle.setExtendedAttribute(attribute) } catch { fault = fault ?? error }
    }
    try directory.handle.apply(rules.attributes(entry))
    if let fault { throw fault }
  }

  /// Gives what cannot be opened its metadata, by its name.
  func apply(_ entry: ArchiveEntry, to name: [UInt8], in directory: SharedDirectory) throws(IOError) {
    var fault: IOError?
    for attribute in rules.extendedAttributes(entry).set {
      do throws(IOError) {
        try directory.handle.setExtendedAttribute(attribute, of: name)
      } catch {
        fault = fault ?? error
      }
    }
    if let owner = rules.owner(entry) { try directory.handle.setOwner(uid: owner.uid, gid: owner.gid, of: name) }
    // A symbolic link has no mode of its own.
    if entry.kind != .symbolicLink { try directory.handle.setMode(rules.mode(entry), of: name) }
    try directory.handle.setTimes(access: nil, modification: entry.modificationTime, of: name)
    if let fault { throw fault }
  }
}
