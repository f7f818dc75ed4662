// SPDX-License-Identifier: Apache-2.0

/// Patterns matched the plain way, straight from their description: what the fast matcher is compared with.
enum PlainGlob {
  /// Whether a pattern, which has been accepted, matches a path.
  static func matches(_ pattern: [UInt8], _ path: [UInt8]) -> Bool {
    var pattern = pattern[...]
    if pattern.count > 1, pattern.last == slash { pattern.removeLast() }
    var path = path[...]
    if !pattern.contains(slash) { path = path.split(separator: slash, omittingEmptySubsequences: false).last ?? [] }
    if pattern.first == slash { pattern.removeFirst() }
    var known: [Int: Bool] = [:]
    return match(Array(pattern), 0, Array(path), 0, &known)
  }

  private static let slash = UInt8(ascii: "/")
  private static let star = UInt8(ascii: "*")

  private static func match(
    _ pattern: [UInt8], _ at: Int, _ path: [UInt8], _ from: Int, _ known: inout [Int: Bool]
  ) -> Bool {
    let key = at << 16 | from
    if let answer = known[key] { return answer }
    let answer = look(pattern, at, path, from, &known)
    known[key] = answer
    return answer
  }

  private static func look(
    _ pattern: [UInt8], _ at: Int, _ path: [UInt8], _ from: Int, _ known: inout [Int: Bool]
  ) -> Bool {
    guard at < pattern.count else { return from == path.count }
    let byte = pattern[at]
    if byte == star, at + 1 < pattern.count, pattern[at + 1] == star {
      var stars = at + 2
      while stars < pattern.count, pattern[stars] == star { stars += 1 }
      let isFolders = stars < pattern.count && pattern[stars] == slash && (at == 0 || pattern[at - 1] == slash)
      if isFolders {
        if match(pattern, stars + 1, path, from, &known) { return true }
        return (from..<path.count).contains { path[$0] == slash && match(pattern, stars + 1, path, $0 + 1, &known) }
      }
      return (from...path.count).contains { match(pattern, stars, path, $0, &known) }
    }
    if byte == star {
      for end in from...path.count {
        if match(pattern, at + 1, path, end, &known) { return true }
        if end < path.count, path[end] == slash { break }
      }
      return false
    }
    guard from < path.count else { return false }
    let (accepts, next) = single(pattern, at, path[from])
    return accepts && match(pattern, next, path, from + 1, &known)
  }

  /// A step for one byte: whether it takes the byte, and where the next one begins.
  private static func single(_ pattern: [UInt8], _ at: Int, _ byte: UInt8) -> (Bool, Int) {
    switch pattern[at] {
    case UInt8(ascii: "?"): return (byte != slash, at + 1)
    case UInt8(ascii: "\\"): return (pattern[at + 1] == byte, at + 2)
    case UInt8(ascii: "["):
      var position = at + 1
      let isNegated = pattern[position] == UInt8(ascii: "!") || pattern[position] == UInt8(ascii: "^")
      if isNegated { position += 1 }
      var isIn = false
      var isFirst = true
      while isFirst || pattern[position] != UInt8(ascii: "]") {
        isFirst = false
        var low = pattern[position]
        if low == UInt8(ascii: "\\") {
          position += 1
          low = pattern[position]
        }
        position += 1
        var high = low
        if pattern[position] == UInt8(ascii: "-"), pattern[position + 1] != UInt8(ascii: "]") {
          position += 1
          high = pattern[position]
          if high == UInt8(ascii: "\\") {
            position += 1
            high = pattern[position]
          }
          position += 1
        }
        if low <= byte, byte <= high { isIn = true }
      }
      return (isIn != isNegated && byte != slash, position + 1)
    default: return (pattern[at] == byte, at + 1)
    }
  }
}
