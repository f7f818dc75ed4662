// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

/// What a transfer moved.
struct TransferResult {
  var bytesIn: UInt64 = 0
  var bytesOut: UInt64 = 0
  var nanoseconds: UInt64 = 0
  var notices: [StreamNotice] = []

  /// Bytes a second of the plain side.
  func rate(plain: UInt64) -> Double {
    nanoseconds == 0 ? 0 : Double(plain) / (Double(nanoseconds) / 1e9)
  }
}

/// One pass from a source through a codec to a sink, with its errors told apart.
enum Transfer {
  /// Runs a pump.
  ///
  /// - Parameters:
  ///   - pump: the pump.
  ///   - source: where from.
  ///   - sink: where to.
  ///   - prefix: what was read from the source before.
  ///   - input: the source's name.
  ///   - output: the sink's name.
  ///   - progress: is told of each step.
  /// - Returns: what was moved.
  static func run<Source: ByteSource & ~Copyable, Sink: ByteSink & ~Copyable>(
    _ pump: inout StreamPump, from source: inout Source, to sink: inout Sink, prefix: [UInt8] = [],
    input: InputName, output: InputName, progress: ProgressMonitor
  ) throws(Failure) -> TransferResult where Source.Failure == IOError, Sink.Failure == IOError {
    let start = MonotonicClock.now
    do throws(PumpError<IOError, IOError>) {
      try pump.run(from: &source, to: &sink, prefix: prefix) { progress.update($0) }
    } catch {
      switch error {
      case .source(let error): throw Failure(error, input: input)
      case .sink(let error): throw Failure(error, input: output)
      case .codec(let error): throw Failure(error, input: input)
      }
    }
    return TransferResult(
      bytesIn: pump.totalIn, bytesOut: pump.totalOut, nanoseconds: MonotonicClock.now - start, notices: pump.notices)
  }
}
