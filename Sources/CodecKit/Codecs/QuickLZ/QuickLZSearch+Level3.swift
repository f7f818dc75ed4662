// SPDX-License-Identifier: Apache-2.0

// Level 3: any earlier position, found by chains of those with the same hash.

extension QuickLZSearch {
  /// How many hashes there are, as a power of two.
  static let headBits = 14
  /// How far back a match may reach, plus one; chains remember this many positions.
  static let window = 1 << 17
  /// How many candidates are looked at.
  private static let depth = 28

  /// A match that was found, and what it is worth: bits saved against literals.
  private struct Match {
    var length = 0
    var distance = 0
    var gain = 0
  }

  /// Makes the payload.
  ///
  /// - Parameters:
  ///   - heads: the last position for each hash, plus one; zero where there is none.
  ///   - links: for each position of the window the one before it, plus one.
  /// - Returns: the size of the payload; `nil` when it is not worth it.
  func encodeLevel3<Link: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ heads: UnsafeMutablePointer<Link>, _ links: UnsafeMutablePointer<Link>
  ) -> Int? {
    var writer = unsafe QuickLZItemWriter(output, at: headerSize)
    let last = lastStart
    var position = start
    var anchor = start
    while position <= last {
      var match = unsafe find(position, heads, links)
      unsafe insert(position, heads, links)
      guard match.gain > 0 else {
        position &+= 1
        continue
      }
      if position < last, match.length < 32 {
        let later = unsafe find(position &+ 1, heads, links)
        if later.gain > match.gain {
          position &+= 1
          unsafe insert(position, heads, links)
          match = later
        }
      }
      let (token, size) = Self.token(match.distance, match.length)
      unsafe writer.append(base + anchor, position &- anchor, isInside: position <= end &- 16, token: token, size: size)
      let stop = min(position &+ match.length, end &- 4)
      position &+= 1
      while position < stop {
        unsafe insert(position, heads, links)
        position &+= 1
      }
      anchor = position
      if isHopeless(position, writer.count &- headerSize) { return nil }
    }
    return finish(&writer, from: anchor)
  }

  @inline(__always)
  private func hash(_ position: Int) -> Int {
    Int(truncatingIfNeeded: (load32(position) &<< 8 &* 2_654_435_761) &>> UInt32(32 - Self.headBits))
  }

  @inline(__always)
  private func insert<Link: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ position: Int, _ heads: UnsafeMutablePointer<Link>, _ links: UnsafeMutablePointer<Link>
  ) {
    let hash = hash(position)
    unsafe links[position & (Self.window - 1)] = heads[hash]
    unsafe heads[hash] = Link(truncatingIfNeeded: position &+ 1)
  }

  @inline(__always)
  private func find<Link: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ position: Int, _ heads: UnsafeMutablePointer<Link>, _ links: UnsafeMutablePointer<Link>
  ) -> Match {
    var best = Match()
    let limit = limit(position)
    var candidate = unsafe Int(truncatingIfNeeded: heads[hash(position)]) &- 1
    var left = Self.depth
    while candidate >= 0, position &- candidate < Self.window, left > 0 {
      left &-= 1
      let distance = position &- candidate
      if distance >= 3, best.length < 3 || load32(candidate &+ best.length &- 3) == load32(position &+ best.length &- 3)
      {
        let length = matchLength(candidate, position, limit: limit)
        if length >= 3 {
          let gain = 9 &* length &- 1 &- 8 &* Self.size(distance, length)
          if gain > best.gain { best = Match(length: length, distance: distance, gain: gain) }
          if length == limit { break }
        }
      }
      candidate = unsafe Int(truncatingIfNeeded: links[candidate & (Self.window - 1)]) &- 1
    }
    return best
  }

  /// How many bytes a match takes.
  @inline(__always)
  private static func size(_ distance: Int, _ length: Int) -> Int {
    if length == 3 { return distance < 64 ? 1 : distance < 16384 ? 2 : 3 }
    if length <= 18, distance < 1024 { return 2 }
    return length <= 33 ? 3 : 4
  }

  /// A match in its shortest form.
  @inline(__always)
  private static func token(_ distance: Int, _ length: Int) -> (UInt32, size: Int) {
    let size = size(distance, length)
    let number =
      switch size {
      case 1: distance << 2
      case 2: length == 3 ? distance << 2 | 1 : distance << 6 | (length - 3) << 2 | 2
      case 3: distance << 7 | (length - 2) << 2 | 3
      default: distance << 15 | (length - 3) << 7 | 3
      }
    return (UInt32(truncatingIfNeeded: number), size)
  }
}
