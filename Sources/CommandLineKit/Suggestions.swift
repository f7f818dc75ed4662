// SPDX-License-Identifier: Apache-2.0

/// Finds the name that a mistyped one was probably meant to be.
public enum Suggestions {
  /// The largest number of typing mistakes that still counts as a likeness.
  public static let maximumDistance = 2

  /// The most similar candidate.
  ///
  /// Similar is at most two mistakes (insertion, deletion, replacement, swap of neighbours) and fewer mistakes than
  /// letters; failing that, the only candidate that begins with the word.
  ///
  /// - Parameters:
  ///   - word: What was typed.
  ///   - candidates: What could have been typed; the earlier one wins among equals.
  /// - Returns: The candidate, or `nil`.
  /// - Complexity: O(candidates × letters²).
  public static func best(for word: String, among candidates: [String]) -> String? {
    let letters = Array(word.unicodeScalars)
    // A very long word is no typing mistake; this also bounds the work that an argument can cause.
    guard !letters.isEmpty, letters.count <= 64 else { return nil }
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let other = Array(candidate.unicodeScalars)
      guard abs(other.count - letters.count) <= maximumDistance else { continue }
      let found = distance(letters, other)
      guard found <= maximumDistance, found < letters.count, found < other.count else { continue }
      if found < best?.distance ?? Int.max { best = (candidate, found) }
    }
    if let best { return best.candidate }
    let longer = candidates.filter { $0.hasPrefix(word) }
    return longer.count == 1 ? longer.first : nil
  }

  /// The optimal string alignment distance: Damerau-Levenshtein in which no letter is touched twice.
  ///
  /// - Parameters:
  ///   - a: One word.
  ///   - b: The other.
  /// - Returns: The number of mistakes.
  public static func distance(_ a: String, _ b: String) -> Int {
    distance(Array(a.unicodeScalars), Array(b.unicodeScalars))
  }

  private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i]
      row.reserveCapacity(b.count + 1)
      for j in 1...b.count {
        let replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        var cost = min(last[j] + 1, row[j - 1] + 1, replaced)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, beforeLast[j - 2] + 1) }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
