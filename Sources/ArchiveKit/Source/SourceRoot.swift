// SPDX-License-Identifier: Apache-2.0

/// What a tree is read from: the paths that were named, in the order of the archive, each once.
internal import SystemIO

/// A path that was named.
struct SourceRoot {
  /// As it was given.
  let given: Path
  /// Its path in the archive.
  let path: [UInt8]
  /// Where it is.
  let location: Path
  /// Whether it has no name of its own, because it ends in `.` or `..`, or is the root of the file system.
  let isNameless: Bool
  /// Whether `..` was taken out of the path.
  let isShortened: Bool
  /// Roots below this one that the way down from it leads to.
  private(set) var inner: [SourceRoot] = []

  private let isAbsolute: Bool
  private let source: [ArraySlice<UInt8>]

  init(_ given: Path, from base: Path?) {
    let dot = [UInt8(ascii: ".")]
    let twoDots = dot + dot
    let components = given.bytes.split(separator: EntryPath.slash)
    self.given = given
    isAbsolute = given.isAbsolute
    source = components.filter { !$0.elementsEqual(dot) }
    isNameless = components.last.map { $0.elementsEqual(dot) || $0.elementsEqual(twoDots) } ?? true
    let last = source.lastIndex { $0.elementsEqual(twoDots) }
    isShortened = last != nil
    path = Array(source[(last.map { $0 + 1 } ?? 0)...].joined(separator: [EntryPath.slash]))
    location = base.map { given.isAbsolute ? given : $0.joining(given.bytes) } ?? given
  }

  /// Whether another root is met on the way down from this one, or is this one.
  private func leads(to other: SourceRoot) -> Bool {
    isAbsolute == other.isAbsolute && other.source.starts(with: source)
  }

  /// The roots in the order of the archive; those below others are with these.
  ///
  /// - Parameters:
  ///   - descends: whether a root comes with all that is below it. Otherwise each stands for itself.
  /// - Throws: `invalidOption` for an empty path, and when two different ones would have one place in the archive.
  static func plan(_ given: [Path], from base: Path?, descends: Bool = true) throws(ArchiveError) -> [SourceRoot] {
    var plan: [SourceRoot] = []
    for path in given where path.isEmpty || path.containsNUL {
      throw ArchiveError(.invalidOption, "a path is empty or has a zero byte", path: path.bytes)
    }
    let roots = given.map { SourceRoot($0, from: base) }.sorted { EntryPath.precedes($0.path, $1.path) }
    for root in roots {
      // There may be very many, and what is appended to must not be held a second time.
      let outer = plan.count - 1
      guard outer >= 0, descends ? EntryPath.isBeneath(root.path, plan[outer].path) : root.path == plan[outer].path
      else {
        plan.append(root)
        continue
      }
      guard plan[outer].leads(to: root) else {
        throw ArchiveError(.invalidOption, "two sources have the same place in the archive", path: root.path)
      }
      if root.path != plan[outer].path, root.path != plan[outer].inner.last?.path { plan[outer].inner.append(root) }
    }
    return plan
  }
}
