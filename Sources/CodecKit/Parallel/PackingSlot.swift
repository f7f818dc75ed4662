// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Memory that goes from hand to hand: from the stream's thread to a worker and back, for one slot after the other.
final class SlotMemory {
  /// The memory and what is in it.
  var buffer: ByteBuffer

  /// - Parameter isSparse: as for ``ByteBuffer/init(isSparse:)``.
  init(isSparse: Bool) { buffer = ByteBuffer(isSparse: isSparse) }
}

/// Some chunks on their way through a worker, with everything that the worker needs.
///
/// It has one owner at a time: the stream's thread until it is handed to a worker, the worker until ``isPacked``, then
/// the stream's thread again.
final class PackingSlot: @unchecked Sendable {
  /// What is to be packed.
  struct Job {
    /// How many bytes before a chunk its packer wants to see.
    var reach: Int
    /// How many bytes stand before the content, for the first chunk to see.
    var historySize: Int
    /// How many bytes there are to pack, behind the history: one chunk, or several small ones.
    var contentSize: Int
    /// How many bytes of them go into a chunk.
    var chunkSize: Int
    /// The first chunk's number.
    var firstIndex: UInt64
    /// How many bytes of the stream's content stand before the first chunk.
    var firstOffset: UInt64
    /// Whether the last chunk in here is the stream's last.
    var endsStream: Bool

    /// How many chunks these are; nothing at all is one, too.
    var chunkCount: Int { max(1, (contentSize + chunkSize - 1) / chunkSize) }

    /// Where one of the chunks stands in the stream.
    func place(_ number: Int) -> ChunkPlace {
      ChunkPlace(
        index: firstIndex + UInt64(number), isLast: endsStream && number == chunkCount - 1,
        offset: firstOffset + UInt64(number * chunkSize))
    }
  }

  /// What there is to do.
  let job: Job
  /// The history and the content; `nil` once it was given back.
  private var input: SlotMemory?
  /// What became of the content.
  let output: SlotMemory
  /// What the worker says of each chunk, in order.
  private(set) var packed: [PackedChunk] = []
  /// What stopped the worker.
  private(set) var failure: CodecError?

  private let isDone = Atomic(false)

  init(_ job: Job, _ input: SlotMemory, _ output: SlotMemory) {
    self.job = job
    self.input = input
    self.output = output
  }

  /// Whether the worker is done, and the slot belongs to the stream's thread again.
  var isPacked: Bool { isDone.load(ordering: .acquiring) }

  /// Whether ``release()`` was called.
  var isReleased: Bool { input == nil }

  /// Gives back what a slot that is packed needs no longer.
  func release() -> SlotMemory? {
    defer { input = nil }
    return input
  }

  /// Does the work.
  func pack(by packer: any ChunkPacker) {
    if let input {
      var result = output.buffer.take()
      do throws(CodecError) {
        try pack(input.buffer.bytes, packer, into: &result)
      } catch {
        failure = error
      }
      swap(&result, &output.buffer)
    }
    isDone.store(true, ordering: .releasing)
  }

  private func pack(
    _ bytes: RawSpan, _ packer: any ChunkPacker, into result: inout ByteBuffer
  ) throws(CodecError) {
    let lastSize = job.contentSize - (job.chunkCount - 1) * job.chunkSize
    result.reserve((job.chunkCount - 1) * packer.packedBound(job.chunkSize) + packer.packedBound(lastSize))
    packed.reserveCapacity(job.chunkCount)
    for number in 0..<job.chunkCount {
      let start = job.historySize + number * job.chunkSize
      let end = job.historySize + min(job.contentSize, (number + 1) * job.chunkSize)
      var room = result.room()
      let chunk = try packer.pack(
        bytes.extracting(start..<end), after: bytes.extracting(start - min(start, job.reach)..<start),
        at: job.place(number), into: &room)
      result.didAppend(chunk.packedSize)
      packed.append(chunk)
    }
  }
}
