// SPDX-License-Identifier: Apache-2.0

/// A cheap look at a block that tells whether compressing it is a waste of time: it is random, encrypted or compressed.
///
/// Up to 16 KiB of samples are looked at, eight pieces spread evenly over the block. The block is incompressible when the
/// bytes of the samples are as good as equally frequent and almost no four bytes come twice. The answer depends on
/// nothing but the bytes; it uses no floating point, so that it is the same on every machine.
public enum IncompressibleProbe {
  /// Of smaller blocks nothing is known: they are worth a try.
  public static let minimumSize = 1 << 10

  private static let pieces = 8
  private static let pieceSize = 2 << 10

  /// Whether compressing a block is a waste of time.
  ///
  /// - Parameter block: the bytes.
  /// - Returns: true when they have the look of random bytes; false in doubt.
  public static func isIncompressible(_ block: RawSpan) -> Bool {
    guard block.byteCount >= minimumSize else { return false }
    return unsafe block.withUnsafeBytes { bytes in
      guard let memory = bytes.baseAddress else { return false }
      return unsafe withUnsafeTemporaryAllocation(byteCount: pieces * pieceSize + 3, alignment: 16) { sample in
        guard let start = sample.baseAddress else { return false }
        let count = unsafe gather(memory, bytes.count, into: start)
        return unsafe isEven(start, count) && !isRepetitive(start, count)
      }
    }
  }

  /// Copies the samples together.
  private static func gather(_ memory: UnsafeRawPointer, _ size: Int, into sample: UnsafeMutableRawPointer) -> Int {
    guard size > pieces * pieceSize else {
      unsafe sample.copyMemory(from: memory, byteCount: size)
      return size
    }
    // The first piece begins the block and the last ends it.
    let gap = (size - pieceSize) / (pieces - 1)
    for piece in 0..<pieces {
      unsafe (sample + piece * pieceSize).copyMemory(from: memory + piece * gap, byteCount: pieceSize)
    }
    return pieces * pieceSize
  }

  /// Whether all byte values are about equally frequent: the chance that two bytes of the sample are the same is less
  /// than 1.2 times 1/256. Whatever passes could not be made 3 % smaller by coding its bytes.
  private static func isEven(_ sample: UnsafeRawPointer, _ count: Int) -> Bool {
    unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 512) { table in
      unsafe table.initialize(repeating: 0)
      guard let counts = table.baseAddress else { return false }
      // Two tables: equal neighbours do not wait for each other.
      var at = 0
      while at &+ 1 < count {
        unsafe counts[Int(sample.load(fromByteOffset: at, as: UInt8.self))] &+= 1
        unsafe counts[256 &+ Int(sample.load(fromByteOffset: at &+ 1, as: UInt8.self))] &+= 1
        at &+= 2
      }
      var pairs: UInt64 = 0
      for value in 0..<256 {
        let frequency = unsafe UInt64(counts[value] &+ counts[256 &+ value])
        pairs &+= frequency &* (frequency &- min(frequency, 1))
      }
      let all = UInt64(at) &* UInt64(at &- 1)
      return pairs &* 256 &* 5 < all &* 6
    }
  }

  /// Whether more than one in 64 places begins with four bytes that were there before.
  private static func isRepetitive(_ sample: UnsafeRawPointer, _ count: Int) -> Bool {
    unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 4096) { table in
      unsafe table.initialize(repeating: 0)
      guard let places = table.baseAddress else { return false }
      var repeats = 0
      var at = 0
      while at &+ 4 <= count {
        let four = unsafe UInt32(littleEndian: sample.loadUnaligned(fromByteOffset: at, as: UInt32.self))
        let slot = Int(truncatingIfNeeded: (four &* 0x9E37_79B1) &>> 20)
        let before = unsafe Int(places[slot])
        let there = unsafe UInt32(littleEndian: sample.loadUnaligned(fromByteOffset: before, as: UInt32.self))
        if there == four, before < at { repeats &+= 1 }
        unsafe places[slot] = UInt16(truncatingIfNeeded: at)
        at &+= 1
      }
      return repeats &* 64 > count
    }
  }
}
