// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// Puts the entries of an archive below a folder, and nowhere else.
///
/// Everything is opened from the folder down, and no link is followed on the way. A file appears under its name when it is
/// complete and right; one that is damaged leaves nothing.
final class Extraction: ArchiveVisitor {
  private let session: Session
  private let archive: InputName
  private let root: DirectoryHandle
  private let force: Bool
  private let sync: Bool
  private var selection: EntrySelection

  private var entry: StreamedEntry?
  private var file: ConfinedFile?
  /// Why the file at hand cannot be written.
  private var obstacle: Failure?
  private var isWanted = false

  init(
    _ session: Session, archive: InputName, to root: consuming DirectoryHandle, _ selection: EntrySelection,
    force: Bool,
    sync: Bool
  ) {
    self.session = session
    self.archive = archive
    self.root = root
    self.selection = selection
    self.force = force
    self.sync = sync
  }

  /// The names that were asked for and are not in the archive.
  var missing: [[UInt8]] { selection.unused }

  func begin(_ entry: StreamedEntry) -> Bool {
    isWanted = selection.includes(entry)
    self.entry = entry
    obstacle = nil
    guard isWanted else { return false }
    do throws(IOError) {
      guard entry.kind == .file, let name = entry.path.last else {
        _ = try root.openDescendant(entry.path, making: true)
        return false
      }
      let folder = try root.openDescendant(entry.path.dropLast(), making: true)
      if let status = try Self.status(of: name, in: folder) {
        if session.written.contains(status) {
          obstacle = failure("not replaced: another entry of the archive has this name", hint: nil)
        } else if !force {
          obstacle = failure("already exists", hint: "-f replaces it")
        } else if status.kind == .directory {
          throw IOError("replace", path: Path(entry.name), errno: .isDirectory)
        }
        if obstacle != nil { return false }
      }
      file = try ConfinedFile(in: folder, name: name, sparse: true)
      return true
    } catch {
      obstacle = failure(error)
      if entry.kind == .directory, let obstacle { session.reporter.failure(obstacle) }
      return false
    }
  }

  func write(_ content: RawSpan) {
    guard file != nil else { return }
    do throws(IOError) { try file?.write(content) } catch {
      obstacle = failure(error)
      file = nil
    }
  }

  func end(_ sizes: StreamedEntry.Sizes, failure damage: Failure?) {
    let file = self.file.take()
    // An archive that breaks off in a file that nobody wants is damaged all the same.
    if let problem = damage ?? (isWanted ? obstacle : nil) {
      session.reporter.failure(problem)
      return
    }
    guard let file, let entry else { return }
    do throws(IOError) {
      session.written.insert(try file.commit(replacing: force, sync: sync))
    } catch {
      let taken = error.errno == .exists
      session.reporter.failure(taken ? failure("already exists", hint: "-f replaces it") : failure(error))
      return
    }
    session.reporter.count(bytesIn: sizes.packed, bytesOut: sizes.content)
    session.reporter.detail("\(sizes.packed) -> \(sizes.content)", subject: Escaping.visible(entry.name))
    session.reporter.emit(EntryReport(archive: archive, entry: entry, sizes: sizes).json(command: "extract"))
  }

  func refuse(_ failure: Failure) { session.reporter.failure(failure) }

  private static func status(
    of name: [UInt8], in folder: borrowing DirectoryHandle
  ) throws(IOError) -> FileStatus? {
    do throws(IOError) { return try folder.status(of: name) } catch {
      if error.errno == .noSuchFile { return nil }
      throw error
    }
  }

  private func failure(_ message: String, hint: String?) -> Failure {
    var failure = Failure(.partial, message, input: archive, hint: hint)
    failure.concern(entry: entry?.name ?? [])
    return failure
  }

  private func failure(_ error: IOError) -> Failure {
    var failure = Failure(error, input: archive)
    failure.path = archive.path
    failure.subject = archive.display
    if error.errno == .notDirectory || error.errno == .symbolicLinkLoop {
      let name = error.path.map { Escaping.visible($0.bytes) } ?? "something"
      failure.exit = .partial
      failure.message = "not written: \(name) is in the way, which is no folder; links are not followed"
    }
    failure.concern(entry: entry?.name ?? [])
    return failure
  }
}

/// Which entries of an archive are wanted: those that are named, and all that lies in a directory that is named.
struct EntrySelection {
  /// What is wanted, without slashes at the end.
  let names: [[UInt8]]
  private var used: Set<Int> = []

  /// - Parameter names: paths as the archive has them; none means everything.
  init(_ names: [[UInt8]]) {
    self.names = names.map { name in
      var name = name
      while name.count > 1, name.last == UInt8(ascii: "/") { name.removeLast() }
      return name
    }
  }

  /// Whether an entry is wanted; that its name was asked for is noted.
  mutating func includes(_ entry: StreamedEntry) -> Bool { includes(path: entry.name) }

  /// Whether the entry of a path is wanted.
  mutating func includes(path: [UInt8]) -> Bool {
    guard !names.isEmpty else { return true }
    var isIncluded = false
    for (index, name) in names.enumerated()
    where path == name || (path.starts(with: name) && path[name.count] == UInt8(ascii: "/")) {
      used.insert(index)
      isIncluded = true
    }
    return isIncluded
  }

  /// The names that no entry had.
  var unused: [[UInt8]] { names.indices.filter { !used.contains($0) }.map { names[$0] } }
}
