// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool cat --offset`: a part of the data of a regular file, decoded from the closest place before it.
struct Part {
  let codec: any Codec
  /// Where in the data it begins.
  let offset: UInt64
  /// The size of the file.
  let size: UInt64

  /// Delivers the part.
  func cat(
    _ path: Path, _ input: borrowing OpenedInput, _ options: Cat.Options, _ reading: DecompressionOptions,
    _ session: Session
  ) throws(Failure) {
    let (name, status) = (input.name, input.status)
    let output = OutputTarget.standardOutput.name
    session.progress.begin(name.display, total: size)
    let start = MonotonicClock.now
    let source: FileReader
    do throws(IOError) { source = FileReader(try FileHandle.open(path), size: size) } catch {
      throw Failure(error, input: name)
    }
    var parts: PartReader<FileReader>
    do throws(CodecError) { parts = try PartReader(codec, reading, source: source) } catch {
      throw Failure(error, input: name)
    }
    var sink: OutputSink
    do throws(IOError) { sink = try OutputSink(.standardOutput, sparse: options.sparse) } catch {
      throw Failure(error, input: output)
    }
    var failure: Failure?
    do throws(PumpError<IOError, IOError>) {
      let part = try parts.read(from: offset, count: options.length, to: &sink) { session.progress.update($0) }
      let result = TransferResult(
        bytesIn: part.bytesIn, bytesOut: part.bytesOut, nanoseconds: MonotonicClock.now - start, notices: part.notices)
      reportNotices(result.notices, of: name, to: session.reporter)
      session.report(
        FileReport(
          command: "cat", input: name, output: output, codec: codec.descriptor.id.rawValue, level: nil,
          transfer: result, plain: result.bytesOut, packed: result.bytesIn))
    } catch {
      switch error {
      case .source(let error): failure = Failure(error, input: name)
      case .sink(let error): failure = Failure(error, input: output)
      case .codec(let error): failure = Failure(error, input: name)
      }
    }
    // What was delivered before a failure stays delivered, holes at its end and all.
    do throws(IOError) {
      _ = try sink.finish(replacing: false, attributes: FileAttributes(), sync: false)
    } catch {
      throw Failure(error, input: output)
    }
    if let failure { throw failure.offeringSalvage(by: codec, of: status) }
  }
}
