// SPDX-License-Identifier: Apache-2.0

/// Reads a qpress archive with one file as a stream.
final class QuickLZDecoder: PiecewiseEngine {
  private let reader: QuickLZArchiveReader
  private let trailingData: DecompressionOptions.TrailingData
  private var state = State.beforeFile
  private(set) var notices: [StreamNotice] = []
  var pausesAtBorders = false {
    didSet { reader.pausesAtBlocks = pausesAtBorders }
  }

  private enum State { case beforeFile, inFile, afterFile, trailing, ended, failed }

  /// - Parameters:
  ///   - limits: bound the size of blocks.
  ///   - trailingData: what to do with bytes behind the archive.
  ///   - namesBlocks: whether errors say which block it is; not where blocks are looked at one by one.
  init(
    limits: DecompressionLimits, trailingData: DecompressionOptions.TrailingData, namesBlocks: Bool = true
  ) {
    // The name is not used for anything, and tools that read from a pipe store whatever they are told.
    reader = QuickLZArchiveReader(limits: limits, refusesUnsafeNames: false)
    reader.namesBlocks = namesBlocks
    self.trailingData = trailingData
  }

  var preferredInputSize: Int { reader.preferredInputSize }

  var preferredOutputSize: Int { reader.preferredOutputSize }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    let before = output.byteCount
    var used = 0
    do throws(CodecError) {
      let answer = try work(input, &used, into: &output, isEnd: flush == .finish)
      return StreamStep(consumed: used, produced: output.byteCount - before, state: answer)
    } catch {
      state = .failed
      throw error
    }
  }

  func reset() {
    reader.reset()
    state = .beforeFile
    notices = []
  }

  var isAtBorder: Bool { reader.isAtBorder && (state == .beforeFile || state == .inFile) }

  /// Whether the file's blocks come next.
  var isInFront: Bool { state == .inFile && reader.place == .block }

  func makeScanner(largestPiece: Int) -> any PieceScanner {
    QuickLZBlockScanner(reader.place, chunkSize: reader.chunkSize, largestPiece: largestPiece)
  }

  func makePieceUnpacker() throws(CodecError) -> any PieceUnpacker { QuickLZBlockUnpacker() }

  func accept(_ piece: RawSpan, content: RawSpan, digest: (any PieceDigest)?) {
    reader.accept(piece, contentSize: content.byteCount)
  }

  /// Goes on at another block of the file. Only in front of one.
  func moveToBlock(_ number: UInt64, at offset: UInt64, contentBefore: UInt64) {
    reader.moveToBlock(number, at: offset, fileSize: contentBefore)
  }

  private func work(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan, isEnd: Bool
  ) throws(CodecError) -> StreamStep.State {
    while true {
      switch state {
      case .failed:
        throw CodecError(.streamFinished, reason: "the stream has failed and takes no more input")
      case .ended:
        guard used == input.byteCount else {
          throw CodecError(.streamFinished, reason: "the stream has been finished and takes no more input")
        }
        return .finished
      case .trailing:
        used = input.byteCount
        if isEnd { state = .ended }
        return isEnd ? .finished : .needsInput
      case .beforeFile, .inFile, .afterFile: break
      }
      let step: QuickLZArchiveReader.Step
      do throws(CodecError) {
        step = try reader.step(input.dropping(used), into: &output, isEnd: isEnd)
      } catch {
        // What is no entry, behind the file, does not belong to the archive.
        guard state == .afterFile, reader.fault == .badEntryTag || reader.fault == .unbalancedUp else { throw error }
        try meetTrailingData()
        continue
      }
      used += step.consumed
      switch step.event {
      case .needsInput: return .needsInput
      case .needsOutput: return .needsOutput
      case .damage(let error): throw error
      case .directory, .directoryEnd, .refused: break
      case .file:
        guard state == .beforeFile else {
          throw CodecError(
            .unsupportedFeature, inputOffset: reader.position,
            reason: "the archive holds more than one file; they can be extracted, but not joined to one stream")
        }
        state = .inFile
      case .fileEnd: state = .afterFile
      case .end:
        guard state == .afterFile else {
          throw CodecError(.truncated, inputOffset: reader.position, reason: "the archive ends before its file")
        }
        state = .ended
      }
    }
  }

  private func meetTrailingData() throws(CodecError) {
    let text = "what follows the archive does not belong to it"
    switch trailingData {
    case .reject: throw CodecError(.corrupt, inputOffset: reader.position, reason: text)
    case .report: notices.append(StreamNotice(.trailingData, inputOffset: reader.position, text: text))
    case .ignore: break
    }
    state = .trailing
  }
}
