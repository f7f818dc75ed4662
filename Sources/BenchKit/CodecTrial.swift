// SPDX-License-Identifier: Apache-2.0

package import CodecKit
import SystemIO

/// A codec at work on the sample, in both directions.
package struct CodecTrial {
  let codec: any Codec
  let compression: CompressionOptions
  let decompression: DecompressionOptions

  /// How a pass can fail.
  package enum Failure: Error {
    /// The codec refused or failed.
    case codec(CodecError)
    /// It was asked to stop.
    case stopped
    /// What came back is not what was put in.
    case mismatch
  }

  /// - Parameters:
  ///   - item: what to measure.
  ///   - registry: where its codec is.
  package init(_ item: BenchCase, _ registry: CodecRegistry) throws(CodecError) {
    // Level, threads and chunk size go by the options, as a program that links the library would give them.
    let spec = item.settings.isEmpty ? item.codec : "\(item.codec):\(item.settings)"
    self.init(try registry.codec(spec), item)
  }

  /// - Parameters:
  ///   - codec: the codec itself.
  ///   - item: how to use it.
  init(_ codec: any Codec, _ item: BenchCase) {
    self.codec = codec
    compression = CompressionOptions {
      if let level = item.level { $0.level = .native(level) }
      $0.threads = item.threads
      $0.chunkSize = item.chunkSize
    }
    decompression = DecompressionOptions {
      $0.threads = item.threads
      $0.limits = DecompressionLimits {
        $0.maximumOutputSize = nil
        // The sample is our own: what it takes to decode it is a result, not a danger.
        $0.maximumWindowSize = 1 << 31
      }
    }
  }

  /// Compresses and keeps what comes out.
  func packed(_ plain: [UInt8], _ stop: StopRequest) throws(Failure) -> [UInt8] {
    var sink = CollectingSink()
    sink.bytes.reserveCapacity(plain.count / 2)
    try compress(plain, into: &sink, stop)
    return sink.bytes
  }

  /// Decompresses and compares with what it was.
  func verify(_ packed: [UInt8], is plain: [UInt8], _ stop: StopRequest) throws(Failure) {
    var sink = MatchingSink(plain)
    try decompress(packed, into: &sink, stop)
    if !sink.matches { throw .mismatch }
  }

  /// Compresses as often as fills a time, and says how long one pass takes.
  ///
  /// - Parameters:
  ///   - plain: what to compress.
  ///   - size: what must come out, in bytes: compressors do the same every time.
  ///   - nanoseconds: the least time to measure.
  func timeCompression(
    _ plain: [UInt8], expecting size: Int, atLeast nanoseconds: UInt64, _ stop: StopRequest
  ) throws(Failure) -> Timing {
    try Timing.measure(atLeast: nanoseconds) { () throws(Failure) in
      var sink = CountingSink()
      try compress(plain, into: &sink, stop)
      if sink.count != size { throw .mismatch }
    }
  }

  /// Decompresses as often as fills a time, and says how long one pass takes.
  func timeDecompression(
    _ packed: [UInt8], expecting size: Int, atLeast nanoseconds: UInt64, _ stop: StopRequest
  ) throws(Failure) -> Timing {
    try Timing.measure(atLeast: nanoseconds) { () throws(Failure) in
      var sink = CountingSink()
      try decompress(packed, into: &sink, stop)
      if sink.count != size { throw .mismatch }
    }
  }

  private func compress<Sink: ByteSink>(
    _ plain: [UInt8], into sink: inout Sink, _ stop: StopRequest
  ) throws(Failure) where Sink.Failure == Stopped {
    try run(plain, &sink, stop) { () throws(CodecError) in try StreamPump(compressing: codec, compression) }
  }

  private func decompress<Sink: ByteSink>(
    _ packed: [UInt8], into sink: inout Sink, _ stop: StopRequest
  ) throws(Failure) where Sink.Failure == Stopped {
    try run(packed, &sink, stop) { () throws(CodecError) in try StreamPump(decompressing: codec, decompression) }
  }

  private func run<Sink: ByteSink>(
    _ bytes: [UInt8], _ sink: inout Sink, _ stop: StopRequest, _ makePump: () throws(CodecError) -> StreamPump
  ) throws(Failure) where Sink.Failure == Stopped {
    var source = MemorySource(bytes, stop)
    do throws(PumpError<Stopped, Stopped>) {
      var pump: StreamPump
      do throws(CodecError) { pump = try makePump() } catch { throw .codec(error) }
      try pump.run(from: &source, to: &sink)
    } catch {
      if case .codec(let error) = error { throw .codec(error) }
    }
    if stop.isAsked { throw .stopped }
  }
}

/// How long something took.
struct Timing: Hashable {
  /// Seconds by the clock.
  var wall: Double
  /// Seconds of processor time, all threads together.
  var cpu: Double

  /// Does a work as often as fills a time.
  ///
  /// - Returns: The time of one pass.
  static func measure<Failure: Error>(
    atLeast nanoseconds: UInt64, _ work: () throws(Failure) -> Void
  ) throws(Failure) -> Timing {
    let usage = ResourceUsage.processorNanoseconds
    let start = MonotonicClock.now
    var passes = 0.0
    var elapsed: UInt64 = 0
    repeat {
      try work()
      passes += 1
      elapsed = MonotonicClock.now - start
    } while elapsed < nanoseconds
    let used = ResourceUsage.processorNanoseconds - usage
    return Timing(wall: Double(elapsed) / 1e9 / passes, cpu: Double(used) / 1e9 / passes)
  }
}
