// SPDX-License-Identifier: Apache-2.0

/// Pulls chunks from an asynchronous iterator through an engine: what both sequence adapters share.
struct ChunkTransform<Base: AsyncIteratorProtocol> where Base.Element == [UInt8] {
  private var base: Base
  private var makeEngine: (() throws(CodecError) -> GuardedEngine)?
  private var engine: GuardedEngine?
  private var chunk: [UInt8] = []
  private var used = 0
  private var atEnd = false
  private var wantsRoom = false
  private var finished = false
  private var failure: CodecError?

  init(base: Base, makeEngine: @escaping () throws(CodecError) -> GuardedEngine) {
    self.base = base
    self.makeEngine = makeEngine
  }

  /// The next chunk of output, or `nil` after the last and after an error.
  mutating func next() async throws -> [UInt8]? {
    do {
      return try await pull()
    } catch {
      finished = true
      throw error
    }
  }

  private mutating func pull() async throws -> [UInt8]? {
    if let make = makeEngine {
      makeEngine = nil
      engine = try make()
    }
    while !finished {
      // What was delivered before the error has been handed on.
      if let failure { throw failure }
      // Output that is ready does not wait for more input.
      if used == chunk.count, !atEnd, !wantsRoom {
        used = 0
        if let next = try await base.next() {
          chunk = next
        } else {
          chunk = []
          atEnd = true
        }
      }
      let produced = step()
      if !produced.isEmpty { return produced }
    }
    return nil
  }

  private mutating func step() -> [UInt8] {
    guard var engine else { return [] }
    defer { self.engine = engine }
    var output = ByteBuffer()
    output.reserve(64 << 10)
    var room = output.room()
    let chunk = self.chunk
    do throws(CodecError) {
      let step = try unsafe engine.step(chunk.span.bytes.dropping(used), into: &room, flush: atEnd ? .finish : .none)
      used += step.consumed
      wantsRoom = step.state == .needsOutput
      finished = step.state == .finished
    } catch {
      failure = error
    }
    output.didAppend(room.byteCount)
    return output.bytes.array
  }
}
