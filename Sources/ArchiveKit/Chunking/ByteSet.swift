// SPDX-License-Identifier: Apache-2.0

/// A set of byte values, as a bracket in a ``Glob`` stands for.
struct ByteSet: Hashable, Sendable {
  /// Bit i of the pair stands for byte i.
  private var low: UInt128 = 0
  private var high: UInt128 = 0

  /// What `?` matches.
  static let allButSlash = ByteSet(inverting: [UInt8(ascii: "/")])
  /// The separator of components.
  static let onlySlash = ByteSet([UInt8(ascii: "/")])

  private init(_ bytes: [UInt8]) {
    for byte in bytes { insert(byte) }
  }

  private init(inverting bytes: [UInt8]) {
    self.init(bytes)
    invert()
  }

  /// The set that a bracket describes.
  ///
  /// - Parameter rest: the pattern behind the opening bracket; afterwards what follows the closing one. Without one, or
  ///   with a range that runs backwards, the answer is nil.
  init?(after rest: inout ArraySlice<UInt8>) {
    let isInverted = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
    if isInverted { rest.removeFirst() }
    var isFirst = true
    while let next = rest.popFirst() {
      if next == UInt8(ascii: "]"), !isFirst {
        if isInverted { invert() }
        remove(UInt8(ascii: "/"))
        return
      }
      isFirst = false
      guard let start = next == UInt8(ascii: "\\") ? rest.popFirst() : next else { return nil }
      var end = start
      if rest.first == UInt8(ascii: "-"), rest.dropFirst().first != UInt8(ascii: "]") {
        rest.removeFirst()
        guard let limit = rest.popFirst(), let plain = limit == UInt8(ascii: "\\") ? rest.popFirst() : limit
        else { return nil }
        end = plain
      }
      guard start <= end else { return nil }
      for byte in start...end { insert(byte) }
    }
    return nil
  }

  /// Whether a byte is in the set.
  func contains(_ byte: UInt8) -> Bool {
    (byte < 128 ? low : high) &>> UInt128(byte & 127) & 1 == 1
  }

  private mutating func insert(_ byte: UInt8) {
    if byte < 128 { low |= 1 &<< UInt128(byte) } else { high |= 1 &<< UInt128(byte & 127) }
  }

  private mutating func remove(_ byte: UInt8) {
    if byte < 128 { low &= ~(1 &<< UInt128(byte)) } else { high &= ~(1 &<< UInt128(byte & 127)) }
  }

  private mutating func invert() {
    (low, high) = (~low, ~high)
  }
}
