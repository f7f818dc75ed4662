// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// One place of the ring: some chunks on their way through a worker.
///
/// It has one owner at a time: the stream's thread until ``start(_:on:)``, a worker until ``wait()`` returns, then the
/// stream's thread again. The semaphore is what passes it on.
final class PackingSlot: @unchecked Sendable {
  /// The bytes to pack: one chunk, or several small ones.
  var input = ByteBuffer()
  /// What became of them.
  var output = ByteBuffer()
  /// The first chunk's number.
  var firstIndex: UInt64 = 0
  /// How many bytes of the content stand before the first chunk.
  var firstOffset: UInt64 = 0
  /// Whether the last chunk in here is the stream's last.
  var endsStream = false
  /// What the worker says of each chunk, in order.
  private(set) var packed: [PackedChunk] = []
  /// What stopped the worker.
  private(set) var failure: CodecError?

  private let packer: any ChunkPacker
  private let done = DispatchSemaphore(value: 0)

  /// A slot with a packer, and so a native context, of its own.
  init(_ packer: any ChunkPacker) { self.packer = packer }

  /// Hands the slot to a worker.
  func start(chunkSize: Int, on queue: DispatchQueue) {
    queue.async { [self] in
      pack(chunkSize)
      done.signal()
    }
  }

  /// Takes the slot back, once the worker is done.
  func wait() { done.wait() }

  /// Takes the slot back if the worker is done.
  func tryWait() -> Bool { done.wait(timeout: .now()) == .success }

  /// Makes the slot ready for other chunks, keeping memory.
  func clear() {
    input.removeAll()
    output.removeAll()
    packed.removeAll(keepingCapacity: true)
    failure = nil
    endsStream = false
  }

  /// Calls a function with each chunk and what became of it.
  func forEachChunk(
    chunkSize: Int, _ body: (RawSpan, PackedChunk, ChunkPlace) throws(CodecError) -> Void
  ) throws(CodecError) {
    var content = input.take()
    defer { swap(&content, &input) }
    var offset = 0
    for (number, chunk) in packed.enumerated() {
      try body(
        content.bytes.extracting(offset..<offset + chunk.contentSize), chunk, place(number, offset, of: packed.count))
      offset += chunk.contentSize
    }
  }

  private func place(_ number: Int, _ offset: Int, of count: Int) -> ChunkPlace {
    ChunkPlace(
      index: firstIndex + UInt64(number), isLast: endsStream && number == count - 1,
      offset: firstOffset + UInt64(offset))
  }

  private func pack(_ chunkSize: Int) {
    var content = input.take()
    var result = output.take()
    defer {
      swap(&content, &input)
      swap(&result, &output)
    }
    let count = max(1, (content.count + chunkSize - 1) / chunkSize)
    var offset = 0
    do throws(CodecError) {
      for number in 0..<count {
        let size = min(chunkSize, content.count - offset)
        result.reserve(packer.packedBound(size))
        var room = result.room()
        let place = place(number, offset, of: count)
        let chunk = try packer.pack(content.bytes.extracting(offset..<offset + size), at: place, into: &room)
        result.didAppend(chunk.packedSize)
        packed.append(chunk)
        offset += size
      }
    } catch {
      failure = error
    }
  }
}
