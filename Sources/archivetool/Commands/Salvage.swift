// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool cat --salvage`: what can be read of damaged files, to standard output.
enum Salvage {
  /// So many damaged places are listed for a file; all are counted.
  private static let listed: UInt64 = 1000

  /// Delivers what is readable of a file, and reports what is not.
  static func salvage(
    _ path: Path, _ options: Cat.Options, _ reading: DecompressionOptions, _ session: Session
  ) throws(Failure) {
    var input = try OpenedInput(path)
    let name = input.name
    guard input.status.kind == .regular else {
      throw Failure(
        .usage, "--salvage needs a regular file: it looks for readable data ahead, and comes back", input: name)
    }
    try input.readPrefix()
    let codec = try codec(of: input, options.reading, session.registry)
    let output = OutputTarget.standardOutput.name
    session.progress.begin(name.display, total: input.size)
    var salvager: Salvager<FileReader>
    let source: FileReader
    do throws(IOError) { source = FileReader(try FileHandle.open(path), size: UInt64(max(0, input.status.size))) } catch
    {
      throw Failure(error, input: name)
    }
    do throws(CodecError) { salvager = try Salvager(codec, reading, source: source) } catch {
      throw Failure(error, input: name)
    }
    var sink: PartSink
    do throws(IOError) {
      sink = PartSink(
        try OutputSink(.standardOutput, sparse: options.sparse), offset: options.offset ?? 0, length: options.length)
    } catch {
      throw Failure(error, input: output)
    }
    var failure: Failure?
    var found: UInt64 = 0
    var isDisplaced = false
    do throws(PumpError<IOError, IOError>) {
      let summary = try salvager.run(to: &sink) {
        session.progress.update($0)
      } onLoss: { loss in
        found += 1
        if loss.lost == nil, loss.input.upperBound < source.size { isDisplaced = true }
        guard found <= listed else { return }
        session.reporter.warning(
          Failure(
            .damaged, line(loss), input: name, offset: loss.input.lowerBound, detail: loss.fault.code.description))
      }
      session.reporter.count(bytesIn: summary.bytesIn, bytesOut: summary.bytesOut)
      if summary.losses > 0 { session.reporter.note(text(summary, isDisplaced), subject: name.display) }
    } catch {
      switch error {
      case .source(let error): failure = Failure(error, input: name)
      case .sink(let error): failure = Failure(error, input: output)
      case .codec(let error): failure = Failure(error, input: name)
      }
    }
    let isComplete = sink.isComplete
    do throws(IOError) { try sink.finish() } catch { throw Failure(error, input: output) }
    if let failure, !isComplete { throw failure }
  }

  /// The codec by content, or by the name where the damage is in the first bytes.
  private static func codec(
    of input: borrowing OpenedInput, _ choice: ReadingOptions, _ registry: CodecRegistry
  ) throws(Failure) -> any Codec {
    do throws(Failure) { return try choice.codec(of: input, registry) } catch {
      guard choice.codec == nil, error.exit == .unsupported, let path = input.name.path else { throw error }
      let named = registry.codecs.first { TargetName.plain(Path(path), suffixes: $0.descriptor.suffixes) != nil }
      guard let named else { throw error }
      return named
    }
  }

  /// A damaged place in one line.
  private static func line(_ loss: SalvageLoss) -> String {
    let place = loss.outputOffset + (loss.lost == 0 ? 0 : loss.unverified)
    var text: String
    switch loss.lost {
    case nil: text = "lost an unknown number of bytes at \(place) of the output"
    case 0 where loss.unverified > 0:
      text = "\(loss.unverified) bytes at \(place) of the output are not verified"
    case 0: text = "nothing is lost"
    case let lost?: text = "lost \(lost) bytes at \(place) of the output"
    }
    if loss.lost != 0, loss.unverified > 0 { text += ", and the \(loss.unverified) bytes before are not verified" }
    return "damaged: \(text) (input \(loss.input.lowerBound) to \(loss.input.upperBound)): \(loss.fault.reason)"
  }

  private static func text(_ summary: SalvageSummary, _ isDisplaced: Bool) -> String {
    var parts = ["wrote \(summary.bytesOut) bytes", "damaged in \(summary.losses) places"]
    if summary.losses == 1 { parts[1] = "damaged in 1 place" }
    if summary.lostBytes > 0 { parts.append("\(summary.lostBytes) bytes lost") }
    if summary.unverifiedBytes > 0 { parts.append("\(summary.unverifiedBytes) bytes not verified") }
    if isDisplaced { parts.append("what follows an unknown loss is not at its place") }
    return "salvaged: " + parts.joined(separator: ", ")
  }
}

/// Reads a regular file at any position.
final class FileReader: RandomAccessSource {
  private let file: FileHandle
  let size: UInt64

  init(_ file: consuming FileHandle, size: UInt64) {
    self.file = file
    self.size = size
  }

  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(IOError) -> Int {
    guard let offset = Int64(exactly: offset) else { return 0 }
    return try file.read(into: &room, at: offset)
  }
}

extension Failure {
  /// The same failure with a hint at salvage, when that can help.
  func offeringSalvage(by codec: any Codec, of status: FileStatus) -> Failure {
    guard exit == .damaged, hint == nil, let subject, path != nil, status.kind == .regular,
      (try? codec.makeSalvageWalker(DecompressionOptions())) != nil
    else { return self }
    var copy = self
    copy.hint = "what can be read is recovered with: \(ArchiveTool.name) cat --salvage \(subject)"
    return copy
  }
}
