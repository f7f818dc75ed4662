// SPDX-License-Identifier: Apache-2.0

/// Which paths an archive may have, and in which order they stand.

/// Rules for the paths of entries.
public enum EntryPath {
  /// The greatest length of a path.
  public static let maximumLength = 65535
  /// The greatest length of a component.
  public static let maximumComponentLength = 255
  /// The most components.
  public static let maximumDepth = 4096

  /// Why a path may not stand in an archive; `nil` when it may.
  ///
  /// - Parameter path: the path; the empty one is fine.
  public static func fault(in path: [UInt8]) -> String? {
    if path.isEmpty { return nil }
    if path.count > maximumLength { return "a path has more than \(maximumLength) bytes" }
    var depth = 0
    for component in path.split(separator: slash, omittingEmptySubsequences: false) {
      depth += 1
      if component.isEmpty { return "a path has an empty component" }
      if component.elementsEqual([dot]) || component.elementsEqual([dot, dot]) {
        return "a path has a component . or .."
      }
      if component.count > maximumComponentLength {
        return "a component of a path has more than \(maximumComponentLength) bytes"
      }
      if component.contains(0) { return "a path has a zero byte" }
    }
    if depth > maximumDepth { return "a path has more than \(maximumDepth) components" }
    return nil
  }

  /// Whether one path stands before another: `/` is less than every other byte, an end less than everything.
  public static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    let shared = sharedCount(left, right)
    if shared == right.count { return false }
    if shared == left.count { return true }
    let (first, second) = (left[shared], right[shared])
    if first == slash { return true }
    return second != slash && first < second
  }

  /// Whether a path is another one or stands below it. Everything stands below the empty one.
  public static func isBeneath(_ path: [UInt8], _ directory: [UInt8]) -> Bool {
    directory.isEmpty
      || (path.starts(with: directory) && (path.count == directory.count || path[directory.count] == slash))
  }

  /// How many bytes two paths begin with in common.
  static func sharedCount(_ left: [UInt8], _ right: [UInt8]) -> Int {
    let limit = min(left.count, right.count)
    var shared = 0
    while shared < limit, left[shared] == right[shared] { shared += 1 }
    return shared
  }

  /// The shortest path that is after one and not after the other, which follows it.
  static func separator(after previous: [UInt8], notAfter first: [UInt8]) -> [UInt8] {
    Array(first.prefix(sharedCount(previous, first) + 1))
  }

  /// The path of the directory that holds it; `nil` for the empty path.
  static func parent(of path: [UInt8]) -> [UInt8]? {
    if path.isEmpty { return nil }
    guard let last = path.lastIndex(of: slash) else { return [] }
    return Array(path[..<last])
  }

  static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")
}
