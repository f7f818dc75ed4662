// SPDX-License-Identifier: Apache-2.0

/// One element of a block, read with every check: for the parts of a block where speed does not matter.
struct S2Element: Hashable {
  /// What it does.
  enum Kind: Hashable {
    /// Takes bytes from the block.
    case literal
    /// Takes bytes that lie so far back; 0 is never legal.
    case copy(Int)
    /// Takes bytes that lie as far back as the last copy's.
    case repeated
  }

  /// What it does.
  let kind: Kind
  /// How many bytes it takes in the block, without those of a literal.
  let size: Int
  /// How many bytes it stands for.
  let length: Int

  /// Reads an element; `nil` when its own bytes are not all there.
  ///
  /// - Parameters:
  ///   - source: where its tag is.
  ///   - count: how many bytes there are from the tag on.
  init?(_ source: UnsafeRawPointer, count: Int) {
    guard count > 0 else { return nil }
    let tag = unsafe Int(source.load(as: UInt8.self))
    let rest = tag >> 2
    switch tag & 3 {
    case 0:
      kind = .literal
      guard rest >= 60 else {
        size = 1
        length = rest + 1
        return
      }
      guard let number = unsafe Self.number(source + 1, rest - 59, count - 1) else { return nil }
      size = rest - 58
      length = number + 1
    case 1:
      guard let low = unsafe Self.number(source + 1, 1, count - 1) else { return nil }
      let offset = (tag >> 5) << 8 | low
      let field = rest & 7
      guard offset == 0, field >= 5 else {
        kind = offset == 0 ? .repeated : .copy(offset)
        size = 2
        length = 4 + field
        return
      }
      guard let number = unsafe Self.number(source + 2, field - 4, count - 2) else { return nil }
      kind = .repeated
      size = field - 2
      length = S2TagTable.repeatBase(field) + number
    default:
      let width = tag & 3 == 2 ? 2 : 4
      guard let offset = unsafe Self.number(source + 1, width, count - 1) else { return nil }
      kind = .copy(offset)
      size = 1 + width
      length = rest + 1
    }
  }

  private static func number(_ source: UnsafeRawPointer, _ width: Int, _ count: Int) -> Int? {
    guard width <= count else { return nil }
    var value = 0
    for index in 0..<width { value |= unsafe Int((source + index).load(as: UInt8.self)) << (8 * index) }
    return value
  }
}
