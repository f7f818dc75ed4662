// SPDX-License-Identifier: Apache-2.0

// What may be left of a folder when the power fails: a model of a file system that is fed with a trace of system calls.
import Foundation
import SystemIO
import TestSupport

/// A folder as a file system has it in memory and on the device.
///
/// What POSIX promises is on the device: the content of a file when it was synced, a name when its directory was. All
/// else may be there or not: each write by itself, torn at a sector, or as zeros; each name in any of its states since
/// the directory was synced, whatever became of other names.
struct CrashModel {
  /// A file, by whatever names it has.
  private struct File {
    var durable: [UInt8] = []
    var pending: [Change] = []
    /// With all that is pending.
    var length = 0
  }

  private enum Change {
    case write(at: Int, [UInt8])
    case truncate(Int)
  }

  /// What became of a name.
  private struct Move {
    /// The file that it stands for now; nil for none.
    var file: Int?
    /// The rename that it is a part of: the old name does not go before the new one is there.
    var rename: Int?
  }

  private struct Name {
    var durable: Int?
    var pending: [Move] = []

    var current: Int? { pending.last.map(\.file) ?? durable }
  }

  private let root: String
  private var files: [File] = []
  private var names: [String: Name] = [:]
  private var directories: Set<String> = []
  private var descriptors: [Int32: (file: Int, position: Int)] = [:]
  private var opened: [Int32: String] = [:]
  private var renames = 0
  private var durableRenames: Set<Int> = []

  /// A folder in which everything is on the device.
  ///
  /// - Parameters:
  ///   - folder: its absolute name.
  ///   - ignored: names below it that are no part of the model.
  init(_ folder: String, without ignored: (String) -> Bool) throws {
    root = folder + "/"
    directories = [""]
    for case let path as String in FileManager.default.enumerator(atPath: folder) ?? .init() where !ignored(path) {
      var isDirectory: ObjCBool = false
      _ = unsafe FileManager.default.fileExists(atPath: root + path, isDirectory: &isDirectory)
      if isDirectory.boolValue {
        directories.insert(path)
        continue
      }
      let bytes = FileManager.default.contents(atPath: root + path).map { Array($0) } ?? []
      names[path] = Name(durable: files.count)
      files.append(File(durable: bytes, length: bytes.count))
    }
  }

  // MARK: - What happens

  /// Takes a call into account.
  ///
  /// - Returns: whether anything is not as before.
  mutating func apply(_ event: SyscallFaults.Event) -> Bool {
    guard event.result >= 0 else { return false }
    switch event.kind {
    case .open:
      guard let path = relative(event.path), let descriptor = Int32(exactly: event.result) else { return false }
      opened[descriptor] = path
      if directories.contains(path) { return false }
      if let file = names[path]?.current {
        descriptors[descriptor] = (file, 0)
        return false
      }
      // It was not there, and could be opened.
      descriptors[descriptor] = (files.count, 0)
      names[path, default: Name()].pending.append(Move(file: files.count))
      files.append(File())
      return true
    case .close:
      guard let descriptor = event.descriptor else { return false }
      descriptors[descriptor] = nil
      opened[descriptor] = nil
      return false
    case .write, .pwrite:
      guard let descriptor = event.descriptor, let (file, position) = descriptors[descriptor], event.result > 0 else {
        return false
      }
      let start = event.kind == .pwrite ? Int(event.offset) : position
      files[file].pending.append(.write(at: start, event.data))
      files[file].length = max(files[file].length, start + event.data.count)
      if event.kind == .write { descriptors[descriptor]?.position = start + event.data.count }
      return true
    case .ftruncate:
      guard let descriptor = event.descriptor, let (file, position) = descriptors[descriptor] else { return false }
      files[file].pending.append(.truncate(Int(event.offset)))
      files[file].length = Int(event.offset)
      // Files that are cut are open for appending.
      descriptors[descriptor]?.position = min(position, Int(event.offset))
      return true
    case .fsync, .fdatasync:
      guard let descriptor = event.descriptor else { return false }
      if let (file, _) = descriptors[descriptor] {
        guard !files[file].pending.isEmpty else { return false }
        files[file].durable = Self.content(files[file], files[file].pending)
        files[file].pending = []
        return true
      }
      guard let path = opened[descriptor], directories.contains(path) else { return false }
      return sync(directory: path)
    case .rename, .renameExclusive:
      guard let from = relative(event.path), let to = relative(event.newPath) else { return false }
      renames += 1
      names[to, default: Name()].pending.append(Move(file: names[from]?.current, rename: renames))
      names[from, default: Name()].pending.append(Move(file: nil, rename: renames))
      return true
    case .unlink:
      guard let path = relative(event.path) else { return false }
      names[path, default: Name()].pending.append(Move(file: nil))
      return true
    default: return false
    }
  }

  private func relative(_ path: Path?) -> String? {
    guard let text = path?.lossyString else { return nil }
    if text + "/" == root { return "" }
    return text.hasPrefix(root) ? String(text.dropFirst(root.count)) : nil
  }

  private mutating func sync(directory: String) -> Bool {
    var isChanged = false
    for (path, name) in names where (path as NSString).deletingLastPathComponent == directory {
      guard let last = name.pending.last else { continue }
      for move in name.pending where move.file != nil { if let rename = move.rename { durableRenames.insert(rename) } }
      names[path] = Name(durable: last.file)
      isChanged = true
    }
    return isChanged
  }

  private static func content(_ file: File, _ changes: [Change]) -> [UInt8] {
    var bytes = file.durable
    for change in changes {
      switch change {
      case .truncate(let length):
        if length < bytes.count { bytes.removeLast(bytes.count - length) }
        bytes += [UInt8](repeating: 0, count: length - bytes.count)
      case .write(let start, let data):
        if bytes.count < start + data.count {
          bytes += [UInt8](repeating: 0, count: start + data.count - bytes.count)
        }
        bytes.replaceSubrange(start..<(start + data.count), with: data)
      }
    }
    return bytes
  }

  // MARK: - What is left

  /// How much of what is not synced is left.
  enum Loss: CaseIterable {
    /// All of it: a process has ended, the machine has not.
    case nothing
    /// None.
    case everything
    /// Any part.
    case random
  }

  /// The files that may be found afterwards, by their names.
  func remains(_ loss: Loss, _ random: inout SeededRandom) -> [String: [UInt8]] {
    // First which moves of names are there, each name by itself.
    var kept: [String: Int] = [:]
    var arrived = durableRenames
    for path in names.keys.sorted() {
      let pending = names[path]?.pending ?? []
      let count =
        switch loss {
        case .nothing: pending.count
        case .everything: 0
        case .random: Int.random(in: 0...pending.count, using: &random)
        }
      kept[path] = count
      for move in pending.prefix(count) where move.file != nil {
        if let rename = move.rename { arrived.insert(rename) }
      }
    }
    var found: [String: [UInt8]] = [:]
    for path in names.keys.sorted() {
      guard let name = names[path] else { continue }
      var file = name.durable
      for move in name.pending.prefix(kept[path] ?? 0) {
        if move.file == nil, let rename = move.rename, !arrived.contains(rename) { break }
        file = move.file
      }
      guard let file else { continue }
      found[path] = content(files[file], loss, &random)
    }
    return found
  }

  private func content(_ file: File, _ loss: Loss, _ random: inout SeededRandom) -> [UInt8] {
    switch loss {
    case .nothing: return Self.content(file, file.pending)
    case .everything: return file.durable
    case .random: break
    }
    guard !file.pending.isEmpty else { return file.durable }
    switch UInt8.random(in: 0..<6, using: &random) {
    case 0: return Self.content(file, file.pending)
    case 1: return file.durable
    case 2:
      return Self.content(file, Array(file.pending.prefix(Int.random(in: 0..<file.pending.count, using: &random))))
    case 3:
      // Its length is there, its data is not.
      let missing = max(0, file.length - file.durable.count)
      return Array(file.durable.prefix(file.length)) + [UInt8](repeating: 0, count: missing)
    case 4: return Self.content(file, file.pending.filter { _ in Bool.random(using: &random) })
    default:
      var changes = file.pending
      let torn = Int.random(in: changes.indices, using: &random)
      if case .write(let start, let data) = changes[torn] {
        let sector = Bool.random(using: &random) ? 512 : 4096
        let border = ((start + Int.random(in: 0...data.count, using: &random)) / sector * sector - start)
        changes[torn] = .write(at: start, Array(data.prefix(max(0, min(border, data.count)))))
      }
      return Self.content(file, changes)
    }
  }

  /// The directories, which were there before anything began.
  var folders: [String] { directories.filter { !$0.isEmpty }.sorted() }
}
