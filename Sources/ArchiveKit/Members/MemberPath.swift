// SPDX-License-Identifier: Apache-2.0

/// Paths of the members of a stream, as an archive can have them.

/// A member's path.
struct MemberPath {
  /// Without slashes at either end, empty components and `.`; empty for the top.
  let path: [UInt8]
  /// Whether it began with a slash.
  let wasAbsolute: Bool

  /// - Parameter given: the path as it stands in the stream; `nil` is the answer when it has a component `..`, or no
  ///   archive can hold it.
  init?(_ given: [UInt8]) {
    wasAbsolute = given.first == EntryPath.slash
    let dot = UInt8(ascii: ".")
    let components = given.split(separator: EntryPath.slash).filter { !$0.elementsEqual([dot]) }
    let path = Array(components.joined(separator: [EntryPath.slash]))
    guard EntryPath.fault(in: path) == nil else { return nil }
    self.path = path
  }
}
