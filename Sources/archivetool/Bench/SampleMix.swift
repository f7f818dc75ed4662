// SPDX-License-Identifier: Apache-2.0

/// Data for who names no file: made by rules, always the same, and as compressible as what it stands for.
struct SampleMix {
  /// What it is, in words.
  static let name = "a built-in mix: text, database pages, logs, random bytes"
  /// The usual size.
  static let standardSize = 16 << 20

  private var random: UInt64
  private var words: [[UInt8]] = []
  private var output: [UInt8] = []

  /// The mix.
  ///
  /// - Parameter size: how many bytes, exactly.
  static func bytes(_ size: Int) -> [UInt8] {
    var mix = SampleMix()
    mix.output.reserveCapacity(size + (64 << 10))
    // Two of eight parts text, three pages, two logs, one that nothing compresses.
    mix.fill(to: size * 2 / 8) { $0.sentence() }
    mix.fill(to: size * 5 / 8) { $0.page() }
    mix.fill(to: size * 7 / 8) { $0.logLine() }
    mix.fill(to: size) { $0.noise() }
    return mix.output
  }

  private init() {
    random = 0x9E37_79B9_7F4A_7C15
    let vowels = Array("aeiou".utf8)
    let consonants = Array("bcdfghklmnprstvwz".utf8)
    for _ in 0..<6000 {
      var word: [UInt8] = []
      for _ in 0...(next(4)) {
        word.append(consonants[next(consonants.count)])
        word.append(vowels[next(vowels.count)])
        if next(3) == 0 { word.append(consonants[next(consonants.count)]) }
      }
      words.append(word)
    }
  }

  private mutating func fill(to size: Int, _ part: (inout SampleMix) -> Void) {
    while output.count < size { part(&self) }
    output.removeLast(output.count - size)
  }

  /// The next number below a bound, by the generator xorshift64*.
  private mutating func next(_ bound: Int) -> Int {
    random ^= random >> 12
    random ^= random << 25
    random ^= random >> 27
    return Int((random &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
  }

  /// A small number much more often than a large one, as words are used in a language.
  private mutating func skewed(_ bound: Int) -> Int {
    let share = Double(next(1 << 20)) / Double(1 << 20)
    return min(bound - 1, Int(share * share * share * share * Double(bound)))
  }

  private mutating func write(_ text: String) { output.append(contentsOf: text.utf8) }

  private mutating func write(_ number: Int, digits: Int) {
    let text = String(number)
    output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, digits - text.utf8.count)))
    output.append(contentsOf: text.utf8)
  }

  private mutating func word() { output.append(contentsOf: words[skewed(words.count)]) }

  private mutating func sentence() {
    let start = output.count
    let count = 4 + next(16)
    for index in 0..<count {
      if index > 0 { write(next(12) == 0 ? ", " : " ") }
      word()
    }
    output[start] &-= 32
    write(next(6) == 0 ? ".\n\n" : next(9) == 0 ? "?\n" : ". ")
  }

  /// A page of 16 KiB as a database has them: a head with a number and a checksum, rows with keys that count up, names,
  /// amounts, dates and notes, and a directory of where they begin.
  private mutating func page() {
    let start = output.count
    let number = start / 16384
    writeBig(UInt64(next(1 << 30)), bytes: 4)
    writeBig(UInt64(number), bytes: 4)
    writeBig(UInt64(number) &* 8191 &+ UInt64(next(4096)), bytes: 8)
    var places: [Int] = []
    var key = number * 180
    while output.count - start < 15600 {
      places.append(output.count - start)
      key += 1
      writeBig(UInt64(key), bytes: 8)
      writeBig(UInt64(1_700_000_000 + key * 37 + next(30)), bytes: 4)
      writeBig(UInt64(next(5)), bytes: 1)
      writeBig(UInt64(next(100_000)), bytes: 4)
      let noteStart = output.count
      writeBig(0, bytes: 1)
      for index in 0...(1 + next(4)) {
        if index > 0 { write(" ") }
        word()
      }
      output[noteStart] = UInt8(truncatingIfNeeded: output.count - noteStart)
    }
    while output.count - start < 16384 {
      writeBig(UInt64(places[(output.count - start) / 2 % places.count]), bytes: 2)
    }
    output.removeLast(output.count - start - 16384)
  }

  private mutating func writeBig(_ value: UInt64, bytes: Int) {
    for index in 0..<bytes { output.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * (bytes - 1 - index)))) }
  }

  private static let verbs = ["GET", "GET", "GET", "GET", "POST", "PUT", "DELETE"]
  private static let states = [200, 200, 200, 200, 200, 204, 301, 304, 404, 500]

  private mutating func logLine() {
    let moment = output.count / 120
    write("2024-03-")
    write(1 + moment / 86400 % 28, digits: 2)
    write("T")
    write(moment / 3600 % 24, digits: 2)
    write(":")
    write(moment / 60 % 60, digits: 2)
    write(":")
    write(moment % 60, digits: 2)
    write(".")
    write(next(1000), digits: 3)
    write("Z INFO 10.0.\(next(4)).\(skewed(250)) \(Self.verbs[next(Self.verbs.count)]) /")
    word()
    write("/")
    word()
    write("?id=\(skewed(200_000)) \(Self.states[skewed(Self.states.count)]) \(next(60_000)) ")
    write("\(skewed(900)).\(next(10))ms request=")
    writeHex(16)
    write("\n")
  }

  private mutating func writeHex(_ count: Int) {
    let digits = Array("0123456789abcdef".utf8)
    for _ in 0..<count { output.append(digits[next(16)]) }
  }

  private mutating func noise() {
    for _ in 0..<4096 { output.append(UInt8(truncatingIfNeeded: next(1 << 16) >> 4)) }
  }
}
