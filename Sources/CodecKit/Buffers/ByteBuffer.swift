// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Growable memory between a producer that appends and a consumer that takes from the front.
///
/// Unlike an array it hands out uninitialised room, moves nothing when bytes are taken, and owns its memory alone.
@safe
struct ByteBuffer: ~Copyable {
  private var base: UnsafeMutableRawPointer?
  private(set) var capacity = 0
  private var head = 0
  private var tail = 0
  /// Whether memory that is not written to should cost nothing.
  private let isSparse: Bool

  /// A buffer without memory.
  ///
  /// - Parameter isSparse: whether much more may be reserved than will be written: memory then comes in the smallest
  ///   pages, which are touched one by one.
  init(isSparse: Bool = false) { self.isSparse = isSparse }

  deinit { unsafe ck_buffer_free(base) }

  /// How many bytes wait to be taken.
  var count: Int { tail - head }

  var isEmpty: Bool { tail == head }

  /// How many bytes can be appended without growing or moving.
  var freeRoom: Int { capacity - tail }

  /// The bytes that wait to be taken.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(start) + head, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The same, for who takes care that the buffer neither goes away nor changes.
  var memory: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: UnsafeRawPointer(start) + head, count: count)
  }

  /// Makes sure that at least `count` bytes can be appended, moving or growing as needed.
  ///
  /// - Parameters:
  ///   - count: how many bytes.
  ///   - isFinal: whether nothing suggests that still more will be needed.
  mutating func reserve(_ count: Int, isFinal: Bool = false) {
    if capacity - tail >= count { return }
    let waiting = self.count
    if capacity - waiting >= count, waiting <= capacity / 2 {
      unsafe start.copyMemory(from: start + head, byteCount: waiting)
    } else {
      // Doubling keeps appending linear; the request itself keeps a first exact reservation exact.
      let grown = max(waiting + count, isFinal ? 0 : min(capacity * 2, capacity + (64 << 20)))
      guard let memory = unsafe ck_buffer_allocate(grown, isSparse ? 1 : 0) else {
        preconditionFailure("no memory for a buffer")
      }
      if let base = unsafe base {
        unsafe memory.copyMemory(from: base + head, byteCount: waiting)
        unsafe ck_buffer_free(base)
      }
      unsafe base = memory
      capacity = grown
    }
    head = 0
    tail = waiting
  }

  /// The room behind the last byte; tell with ``didAppend(_:)`` how much of it was filled.
  @_lifetime(&self)
  mutating func room() -> OutputRawSpan {
    let memory = unsafe UnsafeMutableRawBufferPointer(start: start + tail, count: capacity - tail)
    return unsafe _overrideLifetime(OutputRawSpan(buffer: memory, initializedCount: 0), mutating: &self)
  }

  /// As ``room()``, but no more than so many bytes of it.
  @_lifetime(&self)
  mutating func room(atMost count: Int) -> OutputRawSpan {
    let memory = unsafe UnsafeMutableRawBufferPointer(start: start + tail, count: min(count, capacity - tail))
    return unsafe _overrideLifetime(OutputRawSpan(buffer: memory, initializedCount: 0), mutating: &self)
  }

  /// Counts bytes in that were written to ``room()``.
  mutating func didAppend(_ count: Int) {
    precondition(count >= 0 && count <= capacity - tail, "more was appended than there was room for")
    tail += count
  }

  /// Copies bytes in.
  mutating func append(_ span: RawSpan) {
    reserve(span.byteCount)
    unsafe span.withUnsafeBytes { source in
      guard let from = source.baseAddress else { return }
      unsafe (start + tail).copyMemory(from: from, byteCount: source.count)
    }
    tail += span.byteCount
  }

  /// Copies bytes in.
  mutating func append(_ bytes: [UInt8]) {
    unsafe append(bytes.span.bytes)
  }

  /// Takes bytes from the front without looking at them.
  mutating func removeFirst(_ count: Int) {
    precondition(count >= 0 && count <= self.count, "more was taken than there is")
    head += count
    if head == tail {
      head = 0
      tail = 0
    }
  }

  /// Takes bytes from the end.
  mutating func removeLast(_ count: Int) {
    precondition(count >= 0 && count <= self.count, "more was taken than there is")
    tail -= count
  }

  /// Takes the whole buffer, memory and all, and leaves an empty one: for working on the bytes of a class's property
  /// while other properties change.
  mutating func take() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &self)
    return taken
  }

  /// Forgets all bytes, keeping the memory.
  mutating func removeAll() {
    head = 0
    tail = 0
  }

  /// Moves as much as fits to the end of `output`.
  ///
  /// - Returns: how many bytes were moved.
  mutating func drain(into output: inout OutputRawSpan) -> Int {
    let moved = output.append(prefixOf: bytes)
    removeFirst(moved)
    return moved
  }

  private var start: UnsafeMutableRawPointer {
    unsafe base ?? UnsafeMutableRawPointer(bitPattern: 64).unsafelyUnwrapped
  }
}
