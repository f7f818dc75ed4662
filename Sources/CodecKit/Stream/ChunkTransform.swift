// SPDX-License-Identifier: Apache-2.0

/// Pulls chunks from an asynchronous iterator through an engine: what both sequence adapters share.
struct ChunkTransform<Base: AsyncIteratorProtocol> where Base.Element == [UInt8] {
  private var base: Base
  private var makeEngine: (() throws(CodecError) -> any StreamEngine)?
  private var engine: (any StreamEngine)?
  private let limits: LimitEnforcer?
  private var chunk: [UInt8] = []
  private var used = 0
  private var atEnd = false
  private var finished = false
  private var totalIn: UInt64 = 0
  private var totalOut: UInt64 = 0

  init(
    base: Base, limits: LimitEnforcer? = nil, makeEngine: @escaping () throws(CodecError) -> any StreamEngine
  ) {
    self.base = base
    self.limits = limits
    self.makeEngine = makeEngine
  }

  /// The next chunk of output, or `nil` after the last.
  mutating func next() async throws -> [UInt8]? {
    if let make = makeEngine {
      engine = try make()
      makeEngine = nil
    }
    guard let engine else { return nil }
    while !finished {
      if used == chunk.count, !atEnd {
        used = 0
        if let next = try await base.next() {
          chunk = next
        } else {
          chunk = []
          atEnd = true
        }
      }
      let produced = try step(engine)
      if !produced.isEmpty { return produced }
    }
    return nil
  }

  private mutating func step(_ engine: any StreamEngine) throws(CodecError) -> [UInt8] {
    var output = ByteBuffer()
    output.reserve(64 << 10)
    var room = output.room()
    let chunk = self.chunk
    let step = try unsafe engine.step(chunk.span.bytes.dropping(used), into: &room, flush: atEnd ? .finish : .none)
    output.didAppend(step.produced)
    used += step.consumed
    totalIn += UInt64(step.consumed)
    totalOut += UInt64(step.produced)
    try limits?.check(totalIn: totalIn, totalOut: totalOut)
    finished = step.state == .finished
    return output.bytes.array
  }
}
