// SPDX-License-Identifier: Apache-2.0

/// Where a pump reads from: a file, a socket, anything that fills memory.
public protocol ByteSource: ~Copyable {
  /// What reading can fail with.
  associatedtype Failure: Error
  /// Appends the next bytes to `room`.
  ///
  /// - Parameter room: has free capacity. May be filled partly.
  /// - Returns: how many bytes were appended; 0 at the end only.
  mutating func read(into room: inout OutputRawSpan) throws(Failure) -> Int

  /// Whether reading would have to wait for more to come, as at the end of a slow pipe.
  ///
  /// It is asked after a read that filled its room only partly. Before a pump waits, it has its decoder deliver
  /// everything that can be made of what has come. A source may take some milliseconds to find out. Default: `true`,
  /// which is right for every source, and costs some speed with several threads.
  mutating func wouldWait() -> Bool
}

extension ByteSource where Self: ~Copyable {
  /// Always.
  public mutating func wouldWait() -> Bool { true }
}

/// Where a pump writes to.
public protocol ByteSink: ~Copyable {
  /// What writing can fail with.
  associatedtype Failure: Error
  /// Takes all of `bytes`.
  mutating func write(_ bytes: RawSpan) throws(Failure)
}

/// How a pump can fail: reading, coding and writing are different facts to whoever reports them.
public enum PumpError<Reading: Error, Writing: Error>: Error {
  /// The source failed.
  case source(Reading)
  /// The codec failed. Everything that it delivered before has been written.
  case codec(CodecError)
  /// The sink failed.
  case sink(Writing)
}

/// How far a pump is.
public struct PumpProgress: Hashable, Sendable {
  /// How many bytes were read from the source; some may wait for the engine.
  public var bytesRead: UInt64 = 0
  /// How many bytes the engine has taken.
  public var bytesIn: UInt64 = 0
  /// How many bytes were written.
  public var bytesOut: UInt64 = 0

  /// The beginning.
  public init() {}

  /// Makes a state.
  public init(bytesRead: UInt64, bytesIn: UInt64, bytesOut: UInt64) {
    self.bytesRead = bytesRead
    self.bytesIn = bytesIn
    self.bytesOut = bytesOut
  }
}

/// Moves bytes from a source through an engine to a sink, in buffers of the engine's favourite sizes: no copy in
/// between, and constant memory.
public struct StreamPump: ~Copyable {
  /// How many bytes were read and taken by the engine.
  public var totalIn: UInt64 { engine.totalIn }
  /// How many bytes were written.
  public private(set) var totalOut: UInt64 = 0

  private var engine: GuardedEngine
  private let chain: ChainedEngine?
  private let deliversEarly: Bool
  private var input = ByteBuffer()
  private var output = ByteBuffer()

  /// A pump that compresses.
  ///
  /// - Parameters:
  ///   - codec: the codec.
  ///   - options: what it should do.
  /// - Throws: ``CodecError`` with `levelOutOfRange`, `invalidOption` or `outOfMemory`.
  public init(compressing codec: some Codec, _ options: CompressionOptions = .init()) throws(CodecError) {
    engine = try GuardedEngine(compressing: codec, options)
    chain = nil
    deliversEarly = false
  }

  /// A pump that decompresses.
  ///
  /// - Parameters:
  ///   - codec: the codec.
  ///   - options: limits, dictionary, and what to do with bytes after the end.
  /// - Throws: ``CodecError`` with `invalidOption` or `outOfMemory`.
  public init(decompressing codec: some Codec, _ options: DecompressionOptions = .init()) throws(CodecError) {
    engine = try GuardedEngine(decompressing: codec, options)
    chain = nil
    deliversEarly = true
  }

  /// A pump with an engine that may go on in the middle of a stream.
  init(resumed engine: GuardedEngine) {
    self.engine = engine
    chain = nil
    deliversEarly = true
    totalOut = engine.totalOut
  }

  /// A pump that decompresses and compresses again, in one pass.
  ///
  /// - Parameters:
  ///   - old: the codec of the source.
  ///   - reading: how to decompress.
  ///   - new: the codec of the sink.
  ///   - writing: how to compress. A content size is that of the decompressed bytes.
  /// - Throws: ``CodecError`` with `levelOutOfRange`, `invalidOption` or `outOfMemory`.
  public init(
    recompressing old: some Codec, _ reading: DecompressionOptions = .init(), to new: some Codec,
    _ writing: CompressionOptions = .init()
  ) throws(CodecError) {
    let chain = ChainedEngine(
      try GuardedEngine(decompressing: old, reading), try GuardedEngine(compressing: new, writing))
    engine = GuardedEngine(chain, codec: old.descriptor.id)
    self.chain = chain
    deliversEarly = false
  }

  /// How many decompressed bytes have gone through; for a pump that recompresses.
  public var totalPlain: UInt64? { chain?.first.totalOut }

  /// What the decoder met that is no error.
  public var notices: [StreamNotice] { engine.notices }

  /// Moves everything from source to sink.
  ///
  /// - Parameters:
  ///   - source: is read to its end.
  ///   - sink: gets the result, also what was delivered before an error.
  ///   - prefix: bytes that were read from the source before, for example to detect its format.
  ///   - progress: is called after each read and each step.
  /// - Throws: ``PumpError``.
  public mutating func run<Source: ByteSource & ~Copyable, Sink: ByteSink & ~Copyable>(
    from source: inout Source, to sink: inout Sink, prefix: [UInt8] = [],
    progress: (PumpProgress) -> Void = { _ in }
  ) throws(PumpError<Source.Failure, Sink.Failure>) {
    if engine.lends { return try runLending(from: &source, to: &sink, prefix: prefix, progress: progress) }
    input.reserve(max(engine.preferredInputSize, prefix.count))
    input.append(prefix)
    output.reserve(engine.preferredOutputSize)
    var atEnd = false
    while true {
      // Asked anew each time: some engines learn from the stream how much they need. A decoder gets what one read
      // brings, so that the far end of a slow pipe sees what has been written; a compressor waits for a whole chunk.
      let wanted = engine.preferredInputSize
      var hasRead = false
      while !atEnd, input.count < wanted, !(hasRead && deliversEarly) {
        hasRead = true
        input.reserve(wanted - input.count)
        var room = input.room()
        do throws(Source.Failure) { _ = try source.read(into: &room) } catch { throw .source(error) }
        // What was appended counts, whatever the source says: memory that nobody wrote must not get into a stream.
        let count = room.byteCount
        input.didAppend(count)
        atEnd = count == 0
        progress(progressNow)
      }
      let step = try advance(to: &sink, reading: Source.Failure.self, flush: atEnd ? .finish : .none)
      progress(progressNow)
      if step.state == .finished { return }
    }
  }

  /// As ``run(from:to:prefix:progress:)``, through the engine's own memory.
  private mutating func runLending<Source: ByteSource & ~Copyable, Sink: ByteSink & ~Copyable>(
    from source: inout Source, to sink: inout Sink, prefix: [UInt8], progress: (PumpProgress) -> Void
  ) throws(PumpError<Source.Failure, Sink.Failure>) {
    var rest = prefix[...]
    var flush = Flush.none
    // Whether all that has come was asked for, so that reading may wait.
    var isDelivered = !deliversEarly
    var wasShort = !prefix.isEmpty
    while true {
      let state: StreamStep.State
      do throws(CodecError) { state = try engine.work(flush) } catch { throw .codec(error) }
      progress(PumpProgress(bytesRead: totalIn, bytesIn: totalIn, bytesOut: totalOut))
      switch state {
      case .finished: return
      case .needsOutput:
        do throws(Sink.Failure) {
          try engine.lendOutput { (bytes) throws(Sink.Failure) in try sink.write(bytes) }
        } catch {
          throw .sink(error)
        }
        totalOut = engine.totalOut
      case .needsInput where !rest.isEmpty:
        let count = engine.lendRoom { room in _ = unsafe room.append(prefixOf: rest.span.bytes) }
        rest = rest.dropFirst(count)
      case .needsInput:
        if !isDelivered, wasShort, source.wouldWait() {
          flush = .block
          isDelivered = true
          continue
        }
        var size = 0
        do throws(Source.Failure) {
          let count = try engine.lendRoom { (room) throws(Source.Failure) in
            size = room.freeCapacity
            _ = try source.read(into: &room)
          }
          wasShort = count < size
          flush = count == 0 ? .finish : .none
        } catch {
          throw .source(error)
        }
        isDelivered = !deliversEarly
      }
    }
  }

  private var progressNow: PumpProgress {
    PumpProgress(bytesRead: totalIn + UInt64(input.count), bytesIn: totalIn, bytesOut: totalOut)
  }

  /// One step of the engine, and its output written.
  private mutating func advance<Reading: Error, Sink: ByteSink & ~Copyable>(
    to sink: inout Sink, reading: Reading.Type, flush: Flush
  ) throws(PumpError<Reading, Sink.Failure>) -> StreamStep {
    var failure: CodecError?
    var step = StreamStep(consumed: 0, produced: 0, state: .needsInput)
    var results = output.take()
    defer { swap(&results, &output) }
    var waiting = input.take()
    defer { swap(&waiting, &input) }
    var room = results.room()
    do throws(CodecError) {
      step = try engine.step(waiting.bytes, into: &room, flush: flush)
    } catch {
      failure = error
    }
    let produced = room.byteCount
    results.didAppend(produced)
    waiting.removeFirst(step.consumed)
    if produced > 0 {
      do throws(Sink.Failure) { try sink.write(results.bytes) } catch { throw .sink(error) }
      totalOut += UInt64(produced)
      results.removeAll()
    }
    if let failure { throw .codec(failure) }
    return step
  }
}
