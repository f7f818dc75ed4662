// SPDX-License-Identifier: Apache-2.0

/// Choices that are taken from the front of an input.

/// The bytes in front of the data of an input say with which options it is tried.
struct OptionBytes {
  private(set) var rest: ArraySlice<UInt8>

  init(_ input: [UInt8]) { rest = input[...] }

  /// The next byte; 0 when there is none.
  mutating func byte() -> Int { Int(rest.popFirst() ?? 0) }

  /// A number below a bound of at most 256.
  mutating func below(_ bound: Int) -> Int { byte() % bound }

  /// One of some values.
  mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

  /// Two bytes, low byte first.
  mutating func short() -> Int {
    let low = byte()
    return low | byte() << 8
  }

  /// The next so many bytes, or fewer at the end.
  mutating func bytes(_ count: Int) -> [UInt8] {
    let taken = Array(rest.prefix(count))
    rest = rest.dropFirst(count)
    return taken
  }

  /// What is left.
  var data: [UInt8] { Array(rest) }
}
