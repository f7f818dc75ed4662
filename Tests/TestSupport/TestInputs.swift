// SPDX-License-Identifier: Apache-2.0

// Inputs of every sort that backups contain, made from a seed.

private import Foundation

/// A sort of data.
public enum InputKind: String, CaseIterable, Sendable, CustomStringConvertible {
  /// Only zeros.
  case zeros
  /// Bytes that count up and start again after 256.
  case counting
  /// Nothing to gain.
  case random
  /// Words, with long passages that come again.
  case text
  /// Database pages of 8 KiB: header, slots, rows from the end, a hole of zeros.
  case pages
  /// Comma separated rows.
  case rows
  /// Runs of one byte, of all lengths.
  case runs
  /// What a compressor leaves: short headers and noise.
  case packed

  /// The name.
  public var description: String { rawValue }
}

/// Test inputs: each kind is one endless stream, of which a test takes a prefix.
public enum TestInputs {
  // The thread sanitizer sees what this lock does, as it does not with `Mutex`.
  private static let lock = NSLock()
  nonisolated(unsafe) private static var made: [InputKind: Maker] = [:]

  /// The first bytes of a kind's stream.
  ///
  /// - Parameters:
  ///   - kind: the sort of data.
  ///   - count: how many bytes.
  public static func bytes(_ kind: InputKind, _ count: Int) -> [UInt8] {
    lock.withLock {
      var maker = unsafe made[kind] ?? Maker(kind)
      unsafe made[kind] = nil
      maker.grow(to: count)
      let result = Array(maker.bytes[..<count])
      unsafe made[kind] = maker
      return result
    }
  }

  /// Sizes from 0 to 1024: every one up to 70, then thinned out, with all borders of powers of two.
  public static let smallSizes: [Int] = {
    let borders = (6...10).flatMap { [(1 << $0) - 1, 1 << $0, (1 << $0) + 1] }
    return Set(Array(0...70) + stride(from: 71, through: 1024, by: 37) + borders).filter { $0 <= 1024 }.sorted()
  }()

  /// Powers of two and their neighbours.
  ///
  /// - Parameter exponents: the powers.
  public static func borders(_ exponents: ClosedRange<Int>) -> [Int] {
    exponents.flatMap { [(1 << $0) - 1, 1 << $0, (1 << $0) + 1] }
  }

  /// Whether two arrays are equal, fast also in debug builds.
  public static func same(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && startsWith(left, right)
  }

  /// Whether an array begins with another one.
  public static func startsWith(_ whole: [UInt8], _ beginning: [UInt8]) -> Bool {
    guard whole.count >= beginning.count else { return false }
    guard !beginning.isEmpty else { return true }
    return unsafe whole.withUnsafeBytes { left in
      unsafe beginning.withUnsafeBytes { right in
        unsafe equal(UnsafeRawBufferPointer(rebasing: left[..<right.count]), right)
      }
    }
  }

  /// Whether two buffers are equal, fast also in debug builds.
  public static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let first = left.baseAddress, let second = right.baseAddress else { return true }
    return unsafe memcmp(first, second, left.count) == 0
  }
}

/// Makes one kind's stream tile by tile. After the first tiles, earlier ones come again with small changes, which is
/// quick to make and what successive backups look like.
private struct Maker {
  static let tile = 64 << 10
  static let freshTiles = 8

  let kind: InputKind
  var bytes: [UInt8] = []
  var random: SplitMix
  var serial: UInt64 = 0

  init(_ kind: InputKind) {
    self.kind = kind
    random = SplitMix(seed: 77 &+ UInt64(kind.rawValue.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }))
  }

  mutating func grow(to count: Int) {
    while bytes.count < count {
      let index = bytes.count / Self.tile
      if index < Self.freshTiles {
        var tile = freshTile()
        tile.removeLast(max(0, tile.count - Self.tile))
        bytes += tile
      } else {
        let from = random.below(Self.freshTiles) * Self.tile
        var tile = Array(bytes[from..<from + Self.tile])
        if kind == .random || kind == .packed {
          let key = random.next() | 1
          unsafe tile.withUnsafeMutableBytes { memory in
            let words = unsafe memory.bindMemory(to: UInt64.self)
            for index in words.indices { unsafe words[index] = words[index] &* key }
          }
        } else if kind != .zeros, kind != .counting {
          for _ in 0..<64 { tile[random.below(Self.tile)] = UInt8(truncatingIfNeeded: random.next()) }
        }
        bytes += tile
      }
    }
  }

  mutating func freshTile() -> [UInt8] {
    switch kind {
    case .zeros: return [UInt8](repeating: 0, count: Self.tile)
    case .counting: return (0..<Self.tile).map { UInt8(truncatingIfNeeded: $0) }
    case .random: return random.bytes(Self.tile)
    case .text: return text()
    case .pages: return pages()
    case .rows: return rows()
    case .runs: return runs()
    case .packed: return packed()
    }
  }

  private static let words = [
    "the", "of", "and", "backup", "restore", "a", "in", "to", "was", "server", "table", "index", "block", "which",
    "night", "every", "disk", "written", "before", "after", "never", "checkpoint", "log", "record", "Königsberg", "it",
  ]

  private mutating func text() -> [UInt8] {
    var result: [UInt8] = []
    while result.count < Self.tile {
      if result.count > 2000, random.below(40) == 0 {
        let length = 50 + random.below(900)
        let from = random.below(result.count - length)
        result += result[from..<from + length]
      } else {
        result += Self.words[random.below(Self.words.count)].utf8
        result += random.below(12) == 0 ? ". ".utf8 : " ".utf8
      }
    }
    return result
  }

  private mutating func pages() -> [UInt8] {
    var result: [UInt8] = []
    while result.count < Self.tile {
      var page = [UInt8](repeating: 0, count: 8192)
      serial += 1
      for byte in 0..<8 { page[byte] = UInt8(truncatingIfNeeded: serial &>> (UInt64(byte) * 8)) }
      var end = 8192
      for slot in 0..<20 + random.below(80) {
        let row = rowBytes()
        guard end - row.count > 24 + slot * 4 + 4 else { break }
        end -= row.count
        page.replaceSubrange(end..<end + row.count, with: row)
        page[24 + slot * 4] = UInt8(truncatingIfNeeded: end)
        page[25 + slot * 4] = UInt8(truncatingIfNeeded: end &>> 8)
      }
      result += page
    }
    return result
  }

  private mutating func rows() -> [UInt8] {
    var result: [UInt8] = []
    while result.count < Self.tile { result += rowBytes() }
    return result
  }

  private mutating func rowBytes() -> [UInt8] {
    serial += 1
    let name = Self.words[random.below(Self.words.count)]
    return Array("\(serial),\(name),2024-03-\(10 + random.below(20)),\(random.below(100_000)).50,active\n".utf8)
  }

  private mutating func runs() -> [UInt8] {
    var result: [UInt8] = []
    while result.count < Self.tile {
      let length = 1 + random.below(1 << random.below(12))
      result += [UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: length)
    }
    return result
  }

  private mutating func packed() -> [UInt8] {
    var result: [UInt8] = []
    while result.count < Self.tile {
      let length = 900 + random.below(3000)
      result += [0x9D, 0x01, UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length &>> 8), 0, 0, 0, 0]
      result += random.bytes(length)
    }
    return result
  }
}
