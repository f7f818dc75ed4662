// SPDX-License-Identifier: Apache-2.0

/// Encodes blocks at one level, reusing the memory that it searches with.
@safe
final class S2BlockEncoder {
  /// How hard it tries.
  enum Effort: Int, Hashable, Sendable {
    case fast = 1
    case better, best
  }

  /// Shorter content is one literal.
  static let shortestSearched = 32

  private let effort: Effort
  private let mode: S2BlockMode
  private let dictionary: S2DictionaryEncoder?
  private let memory: UnsafeMutableRawPointer
  private let memorySize: Int
  /// What is added to the positions of the next block, so that the tables need not be cleared: all positions in them lie
  /// before it. At least 1, so that what was cleared does, too; the largest blocks alone begin at 0.
  private var base = 0

  /// Where the parts of the memory begin.
  private enum Layout {
    static let fast = 4 << S2FastEncoder.tableBits
    static let betterLong = 4 << S2BetterEncoder.longBits
    static let better = betterLong + (4 << S2BetterEncoder.shortBits)
    static let bestLong = 16 << Int(S2BestEncoder.longBits)
    static let bestTables = bestLong + (16 << Int(S2BestEncoder.shortBits))
    static let best = bestTables + (S2BestEncoder.window + 1) * MemoryLayout<S2BestEncoder.Way>.stride
  }

  init(_ effort: Effort, _ mode: S2BlockMode, dictionary: S2DictionaryContent? = nil) {
    self.effort = effort
    self.mode = mode
    self.dictionary = dictionary.map { S2DictionaryEncoder($0, effort, mode) }
    memorySize =
      switch effort {
      case .fast: Layout.fast
      case .better: Layout.better
      case .best: Layout.best
      }
    unsafe memory = .allocate(byteCount: memorySize, alignment: 64)
    base = S2Match.maximumCount
  }

  deinit { unsafe memory.deallocate() }

  /// Encodes a whole block, its declared size included.
  ///
  /// - Parameters:
  ///   - content: fewer than 4 GiB.
  ///   - room: at least ``S2Format/blockBound(_:)`` bytes.
  /// - Returns: the size of the block.
  func encode(_ content: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
    guard let target = room.baseAddress else { return 0 }
    var written = unsafe S2Format.writeVarint(UInt64(content.count), to: target)
    guard let source = content.baseAddress else { return written }
    var start = 0
    if let dictionary {
      let count = min(content.count, S2DictionaryEncoder.reach)
      written += unsafe dictionary.encode(source, count, to: target + written)
      start = count
    }
    // A position must fit into an entry of a table, so that very long content is searched in parts.
    while start < content.count {
      let count = min(S2Match.maximumCount, content.count - start)
      let size = unsafe search(source + start, count, to: target + written)
      written +=
        size > 0 ? size : unsafe S2Emitter.exactLiteral(source + start, count, to: target + written)
      start += count
    }
    return written
  }

  /// Encodes a block for a stream, where content that does not shrink is better stored without a block around it.
  ///
  /// - Returns: the size of the block; 0 when it would save too little.
  func encodeIfSmaller(_ content: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
    guard let source = content.baseAddress, let target = room.baseAddress else { return 0 }
    let header = unsafe S2Format.writeVarint(UInt64(content.count), to: target)
    let size = unsafe search(source, content.count, to: target + header)
    return size > 0 ? header + size : 0
  }

  /// The elements for content of at most ``S2Match/maximumCount`` bytes; 0 when they save too little.
  private func search(_ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer) -> Int {
    guard count >= Self.shortestSearched else { return 0 }
    let base = effort == .best ? 0 : place(count)
    switch effort {
    case .fast:
      let table = unsafe memory.assumingMemoryBound(to: UInt32.self)
      return unsafe S2FastEncoder.encode(source, count, to: target, table: table, base: base, mode)
    case .better:
      let long = unsafe memory.assumingMemoryBound(to: UInt32.self)
      let short = unsafe (memory + Layout.betterLong).assumingMemoryBound(to: UInt32.self)
      return unsafe S2BetterEncoder.encode(source, count, to: target, long: long, short: short, base: base, mode)
    case .best:
      let ways = unsafe (memory + Layout.bestTables).assumingMemoryBound(to: S2BestEncoder.Way.self)
      return unsafe S2BestEncoder.encode(
        source, count, to: target, long: memory, short: memory + Layout.bestLong, ways: ways, mode)
    }
  }

  /// Where in the numbers of the tables a block begins. Whether they are cleared or not changes nothing for it: what they
  /// hold of other blocks is never found.
  private func place(_ count: Int) -> Int {
    if base &+ count > S2Match.maximumCount {
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: memorySize)
      base = count < S2Match.maximumCount ? 1 : 0
    }
    defer { base &+= count }
    return base
  }
}
