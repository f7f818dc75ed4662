// SPDX-License-Identifier: Apache-2.0

/// A pattern for paths, matched byte by byte: names are bytes.
///
/// | in the pattern | matches |
/// |---|---|
/// | `?` | one byte, but no `/` |
/// | `*` | any bytes, but no `/` |
/// | `**` | any bytes |
/// | `**/`, at the start or behind a `/` | any number of folders, none too: `a/**/b` matches `a/b` and `a/x/y/b` |
/// | `[abx-z]` | one of these bytes, but no `/`; a `]` that comes first stands for itself |
/// | `[!abx-z]`, `[^abx-z]` | one byte that is none of these, but no `/` |
/// | `\` and a byte | that byte |
/// | any other byte | itself |
///
/// A pattern without a `/` is compared with the last component of a path: `*.ibd` matches `mysql/db/t.ibd`. Any other is
/// compared with the whole path; a `/` at its start only says that. A `/` at its end is for ``matchesOnlyFolders``.
///
/// Matching takes time in proportion to the product of both lengths at worst, whatever the pattern: there is no
/// backtracking. Most names are told apart by the plain bytes at both ends of the pattern.
public struct Glob: Hashable, Sendable {
  /// A step of a pattern.
  private enum Token: Hashable {
    case byte(UInt8)
    /// One byte of a set.
    case set(ByteSet)
    /// Any bytes of one component.
    case star
    /// Any bytes.
    case wide
    /// Stands before `wide` and a set of the slash alone, which may be stepped over together.
    case optionalFolders
  }

  /// The pattern as it was given.
  public let pattern: [UInt8]
  /// Whether the pattern ended with a slash: it is meant for folders. Matching does not look at it.
  public let matchesOnlyFolders: Bool

  private let isForWholePath: Bool
  /// The plain bytes before the first step of another sort, those behind the last, and all from the one to the other.
  private let head: [UInt8]
  private let middle: [Token]
  private let tail: [UInt8]

  /// A pattern from text.
  ///
  /// - Parameter pattern: the pattern; nil is the answer to what ``init(_:)-([UInt8])`` refuses.
  public init?(_ pattern: String) {
    self.init(Array(pattern.utf8))
  }

  /// A pattern from bytes.
  ///
  /// The answer is nil if the pattern is empty, ends with a lone `\`, has a `[` without a `]`, or a range that runs
  /// backwards.
  ///
  /// - Parameter pattern: the pattern.
  public init?(_ pattern: [UInt8]) {
    self.pattern = pattern
    var rest = pattern[...]
    matchesOnlyFolders = rest.count > 1 && rest.last == UInt8(ascii: "/")
    if matchesOnlyFolders { rest.removeLast() }
    isForWholePath = rest.contains(UInt8(ascii: "/"))
    if rest.first == UInt8(ascii: "/") { rest.removeFirst() }
    guard !rest.isEmpty, let tokens = Self.tokens(rest) else { return nil }

    head = Self.plainBytes(tokens[...])
    let behind = tokens[head.count...]
    tail = Self.plainBytes(behind.reversed()[...]).reversed()
    middle = Array(behind.dropLast(tail.count))
  }

  /// Whether the pattern matches a path.
  ///
  /// - Parameter path: the path below the root of what is looked at, without a slash at either end.
  /// - Returns: whether it does.
  /// - Complexity: O(n * m) in the lengths of path and pattern.
  public func matches(_ path: [UInt8]) -> Bool {
    var name = path[...]
    if !isForWholePath, let slash = path.lastIndex(of: UInt8(ascii: "/")) { name = path[(slash + 1)...] }
    guard name.count >= head.count + tail.count, name.starts(with: head), name.suffix(tail.count).elementsEqual(tail)
    else { return false }
    name = name.dropFirst(head.count).dropLast(tail.count)
    switch middle {
    case []: return name.isEmpty
    case [.star]: return !name.contains(UInt8(ascii: "/"))
    case [.wide]: return true
    default: return matchesMiddle(name)
    }
  }

  /// Follows all ways through the pattern at once: `reached[i]` tells whether the first i steps can match what was read.
  private func matchesMiddle(_ name: ArraySlice<UInt8>) -> Bool {
    var reached = [Bool](repeating: false, count: middle.count + 1)
    reached[0] = true
    skipEmpty(&reached)
    for byte in name {
      let isSlash = byte == UInt8(ascii: "/")
      // From the end, so that a place still says what held before this byte when the place behind it is computed.
      for step in stride(from: middle.count, through: 0, by: -1) {
        var isReached = false
        if step < middle.count, reached[step] {
          switch middle[step] {
          case .star: isReached = !isSlash
          case .wide: isReached = true
          default: break
          }
        }
        if step > 0, !isReached {
          switch middle[step - 1] {
          case .byte(let own): isReached = reached[step - 1] && byte == own
          case .set(let set): isReached = reached[step - 1] && set.contains(byte)
          default: break
          }
        }
        reached[step] = isReached
      }
      skipEmpty(&reached)
      if !reached.contains(true) { return false }
    }
    return reached[middle.count]
  }

  /// Steps that may match nothing are stepped over.
  private func skipEmpty(_ reached: inout [Bool]) {
    for step in middle.indices where reached[step] {
      switch middle[step] {
      case .star, .wide: reached[step + 1] = true
      case .optionalFolders:
        reached[step + 1] = true
        reached[step + 3] = true
      default: break
      }
    }
  }
}

extension Glob {
  private static let slash = UInt8(ascii: "/")

  /// The plain bytes that steps begin with.
  private static func plainBytes(_ tokens: ArraySlice<Token>) -> [UInt8] {
    var bytes: [UInt8] = []
    for token in tokens {
      guard case .byte(let byte) = token else { break }
      bytes.append(byte)
    }
    return bytes
  }

  /// The steps of a pattern, or nil if it is none.
  private static func tokens(_ pattern: ArraySlice<UInt8>) -> [Token]? {
    var tokens: [Token] = []
    var rest = pattern
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst() else { return nil }
        tokens.append(.byte(escaped))
      case UInt8(ascii: "?"):
        tokens.append(.set(.allButSlash))
      case UInt8(ascii: "["):
        guard let set = ByteSet(after: &rest) else { return nil }
        tokens.append(.set(set))
      case UInt8(ascii: "*"):
        let isAtStart = rest.startIndex - 1 == pattern.startIndex || pattern[rest.startIndex - 2] == slash
        guard rest.first == byte else {
          tokens.append(.star)
          break
        }
        while rest.first == byte { rest.removeFirst() }
        guard isAtStart, rest.first == slash else {
          tokens.append(.wide)
          break
        }
        rest.removeFirst()
        let folders: [Token] = [.optionalFolders, .wide, .set(.onlySlash)]
        // Twice in a row says no more than once, and would have to be stepped over twice.
        if !tokens.suffix(3).elementsEqual(folders) { tokens += folders }
      default:
        tokens.append(.byte(byte))
      }
    }
    return tokens
  }
}
