// SPDX-License-Identifier: Apache-2.0

// The ways to move whole streams, sequences and pumps, give what the one-shot calls give.

import CodecKit
import TestSupport
import Testing

/// A sequence of chunks that can fail behind the last one.
struct ChunkList: AsyncSequence {
  struct SourceFailure: Error, Equatable {}

  typealias Element = [UInt8]

  let chunks: [[UInt8]]
  var fails = false

  struct AsyncIterator: AsyncIteratorProtocol {
    var rest: ArraySlice<[UInt8]>
    let fails: Bool

    mutating func next() async throws -> [UInt8]? {
      if let chunk = rest.popFirst() { return chunk }
      if fails { throw SourceFailure() }
      return nil
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: chunks[...], fails: fails) }

  /// Bytes cut into chunks of a size, with empty ones in between.
  init(_ bytes: [UInt8], _ size: Int, fails: Bool = false) {
    chunks = stride(from: 0, to: bytes.count, by: size).flatMap { start in
      [Array(bytes[start..<Swift.min(bytes.count, start + size)]), []]
    }
    self.fails = fails
  }
}

@Suite("Conformance: sequences")
struct SequenceTests {
  /// Everything that a sequence delivers, and what it throws at last.
  private func collect<Base: AsyncSequence>(_ sequence: Base) async -> ([UInt8], (any Error)?)
  where Base.Element == [UInt8] {
    var result: [UInt8] = []
    var iterator = sequence.makeAsyncIterator()
    do {
      while let chunk = try await iterator.next() {
        #expect(!chunk.isEmpty)
        result += chunk
      }
      return (result, nil)
    } catch {
      #expect((try? await iterator.next()) == .some(nil), "nothing comes after an error")
      return (result, error)
    }
  }

  @Test("sequences give what one-shot calls give", arguments: ConformanceSubject.all)
  func roundTrip(_ subject: ConformanceSubject) async throws {
    func check(_ codec: some Codec) async throws {
      for (content, size) in [
        ([], 1), (subject.smallContent, 7), (TestInputs.bytes(.text, 200_000), 4096),
        (TestInputs.bytes(.pages, 150_000), 150_000),
      ] {
        let expected = try codec.compress(content)
        let (packed, error) = await collect(ChunkList(content, size).compressed(with: codec))
        #expect(error == nil && same(packed, expected), "\(content.count) bytes in chunks of \(size)")
        let (unpacked, fault) = await collect(ChunkList(packed, size).decompressed(with: codec))
        #expect(fault == nil && same(unpacked, content), "\(content.count) bytes in chunks of \(size)")
      }
    }
    try await check(subject.codec)
  }

  @Test("sequences fail like streams, after what was delivered", arguments: ConformanceSubject.all)
  func failures(_ subject: ConformanceSubject) async throws {
    func check(_ codec: some Codec) async throws {
      let content = TestInputs.bytes(.rows, 30_000)
      let options = CompressionOptions { $0.contentSize = 29_999 }
      let (_, mismatch) = await collect(ChunkList(content, 1000).compressed(with: codec, options))
      #expect((mismatch as? CodecError)?.code == .contentSizeMismatch)
      #expect((mismatch as? CodecError)?.codec == subject.id)

      let packed = try codec.compress(content)
      let limits = DecompressionOptions { $0.limits.maximumOutputSize = 20_000 }
      let (partly, limit) = await collect(ChunkList(packed, 1000).decompressed(with: codec, limits))
      #expect((limit as? CodecError)?.code == .limitExceeded)
      #expect(partly.count <= 20_000 && TestInputs.startsWith(content, partly))

      let (begun, failure) = await collect(ChunkList(packed, 1000, fails: true).decompressed(with: codec))
      #expect(failure as? ChunkList.SourceFailure == ChunkList.SourceFailure())
      #expect(TestInputs.startsWith(content, begun))

      guard subject.end == .marked else { return }
      let (all, tail) = await collect(ChunkList(packed + [0xAA, 0xBB, 0xAA, 0xBB], 100_000).decompressed(with: codec))
      #expect((tail as? CodecError)?.code == .corrupt)
      #expect(same(all, content), "everything comes before the complaint about what follows")
      let (_, cut) = await collect(ChunkList(Array(packed.dropLast()), 1000).decompressed(with: codec))
      #expect((cut as? CodecError)?.code == .truncated)
      #expect((cut as? CodecError)?.codec == subject.id)
    }
    try await check(subject.codec)
  }
}

/// A source of bytes that fails or ends.
struct MemorySource: ByteSource {
  struct Failure: Error, Equatable {}

  let bytes: [UInt8]
  let step: Int
  var position = 0
  var failsAt = Int.max

  init(_ bytes: [UInt8], step: Int, failsAt: Int = .max) {
    self.bytes = bytes
    self.step = step
    self.failsAt = failsAt
  }

  mutating func read(into room: inout OutputRawSpan) throws(Failure) -> Int {
    guard position < failsAt else { throw Failure() }
    let count = min(step, room.freeCapacity, bytes.count - position, failsAt - position)
    for byte in bytes[position..<position + count] { room.append(byte) }
    position += count
    return count
  }
}

/// Keeps what is written until it is full.
struct MemorySink: ByteSink {
  struct Failure: Error, Equatable {}

  var bytes: [UInt8] = []
  var capacity = Int.max

  mutating func write(_ bytes: RawSpan) throws(Failure) {
    guard self.bytes.count + bytes.byteCount <= capacity else { throw Failure() }
    unsafe bytes.withUnsafeBytes { unsafe self.bytes += $0 }
  }
}

@Suite("Conformance: pumps")
struct PumpTests {
  private typealias Outcome = PumpError<MemorySource.Failure, MemorySink.Failure>

  @Test("pumps give what one-shot calls give", arguments: ConformanceSubject.all)
  func roundTrip(_ subject: ConformanceSubject) throws {
    for content in [[], subject.smallContent, TestInputs.bytes(.text, min(subject.largestInput, 600_000))] {
      let expected = try subject.codec.compress(content)
      for step in [1000, 70_000, 10_000_000] {
        for prefix in [0, 10, expected.count] where prefix <= min(content.count, expected.count) {
          var pump = try StreamPump(compressing: subject.codec)
          var source = MemorySource(Array(content[prefix...]), step: step)
          var sink = MemorySink()
          var last: (UInt64, UInt64) = (0, 0)
          try pump.run(from: &source, to: &sink, prefix: Array(content[..<prefix])) { last = ($0.bytesIn, $0.bytesOut) }
          #expect(same(sink.bytes, expected), "\(content.count) bytes, steps of \(step), prefix \(prefix)")
          #expect(last == (UInt64(content.count), UInt64(expected.count)))
          #expect(pump.totalIn == UInt64(content.count) && pump.totalOut == UInt64(expected.count))

          var back = try StreamPump(decompressing: subject.codec)
          source = MemorySource(Array(expected[prefix...]), step: step)
          var result = MemorySink()
          try back.run(from: &source, to: &result, prefix: Array(expected[..<prefix]))
          #expect(same(result.bytes, content), "\(content.count) bytes, steps of \(step), prefix \(prefix)")
          #expect(back.notices == [])
        }
      }
    }
  }

  @Test("a failing source, sink or codec is told apart", arguments: ConformanceSubject.all)
  func failures(_ subject: ConformanceSubject) throws {
    let content = TestInputs.bytes(.random, 500_000)
    let packed = try subject.codec.compress(content)
    for failsAt in [0, 1, packed.count / 2, packed.count] {
      var pump = try StreamPump(decompressing: subject.codec)
      var source = MemorySource(packed, step: 5000, failsAt: failsAt)
      var sink = MemorySink()
      let error = run(&pump, &source, &sink)
      guard case .source = error else {
        Issue.record("source failing at \(failsAt): \(String(describing: error))")
        continue
      }
      #expect(TestInputs.startsWith(content, sink.bytes))
    }
    for capacity in [0, 1000, content.count - 1] {
      var pump = try StreamPump(decompressing: subject.codec)
      var source = MemorySource(packed, step: 5000)
      var sink = MemorySink(capacity: capacity)
      let error = run(&pump, &source, &sink)
      guard case .sink = error else {
        Issue.record("sink failing at \(capacity): \(String(describing: error))")
        continue
      }
      #expect(pump.totalOut == UInt64(sink.bytes.count))
    }
    var pump = try StreamPump(compressing: subject.codec, .init { $0.contentSize = 400_000 })
    var source = MemorySource(content, step: 5000)
    var sink = MemorySink()
    expect(.contentSizeMismatch, run(&pump, &source, &sink))
    pump = try StreamPump(decompressing: subject.codec, .init { $0.limits.maximumOutputSize = 300_000 })
    source = MemorySource(packed, step: 5000)
    sink = MemorySink()
    expect(.limitExceeded, run(&pump, &source, &sink))
    #expect(sink.bytes.count <= 300_000 && TestInputs.startsWith(content, sink.bytes))
    guard subject.end == .marked else { return }
    pump = try StreamPump(decompressing: subject.codec)
    source = MemorySource(packed + [0xAA, 0xBB, 0xAA, 0xBB], step: 5000)
    sink = MemorySink()
    expect(.corrupt, run(&pump, &source, &sink))
    #expect(same(sink.bytes, content), "everything is written before the error")
    #expect(pump.totalOut == UInt64(content.count))
    pump = try StreamPump(decompressing: subject.codec)
    source = MemorySource(Array(packed.dropLast()), step: 5000)
    sink = MemorySink()
    expect(.truncated, run(&pump, &source, &sink))
  }

  private func run(_ pump: inout StreamPump, _ source: inout MemorySource, _ sink: inout MemorySink) -> Outcome? {
    do throws(Outcome) {
      try pump.run(from: &source, to: &sink)
      return nil
    } catch {
      return error
    }
  }

  private func expect(
    _ code: CodecError.Code, _ error: Outcome?, _ location: SourceLocation = #_sourceLocation
  ) {
    guard case .codec(let fault) = error else {
      Issue.record("\(String(describing: error)) instead of \(code)", sourceLocation: location)
      return
    }
    #expect(fault.code == code && fault.codec != nil, sourceLocation: location)
  }
}
