// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// A tar stream or an xbstream that is to be read: a file or standard input, decompressed on the way when it has to be.
final class MemberStream: ArchiveStream {
  private static let pieceLength = 256 << 10
  private static let tarName = 257..<262

  let name: InputName
  private var source: OpenedInput
  private var buffer = ByteBuffer()
  private var decompressor: Decompressor?
  private var isAtEnd = false
  private var isDone = false
  private var hasFailed = false

  /// Opens a stream.
  ///
  /// - Parameters:
  ///   - path: the file; `-` is standard input.
  ///   - registry: the codecs that it may be compressed with.
  ///   - options: how to decompress.
  init(_ path: [UInt8], _ registry: CodecRegistry, _ options: DecompressionOptions) throws(Failure) {
    var input = try OpenedInput(path == Array("-".utf8) ? nil : Path(path))
    name = input.name
    try input.readPrefix(512)
    buffer.append(input.prefix)
    let prefix = input.prefix
    source = input
    if Self.isPlain(prefix) { return }
    switch unsafe registry.detect(prefix.span.bytes.extracting(first: CodecRegistry.detectionLength)) {
    case .codec(let codec):
      do throws(CodecError) { decompressor = try Decompressor(codec, options) } catch {
        throw Failure(error, input: name)
      }
    case .foreign(let format):
      throw Failure(.unsupported, "unsupported: this is \(format), which no codec here reads", input: name)
    case .unknown: break
    }
  }

  private static func isPlain(_ prefix: [UInt8]) -> Bool {
    prefix.starts(with: Array("XBSTCK01".utf8))
      || prefix.count == 512 && prefix[tarName].elementsEqual("ustar".utf8)
  }

  /// Whether an error is one of the stream, and not of the archive that is made of it.
  func isCause(of error: ArchiveError) -> Bool {
    hasFailed || error.system == nil && error.ancestor == nil && error.code != .invalidOption
  }

  /// The report of what ended the work, if the stream is what was wrong.
  func failure(_ error: ArchiveError) -> Failure? {
    guard isCause(of: error) else { return nil }
    var failure = Failure(error, archive: name)
    // What is said of archives is no help here.
    failure.hint = nil
    return failure
  }

  func read(into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    do throws(ArchiveError) {
      return try readNext(&room)
    } catch {
      hasFailed = true
      throw error
    }
  }

  private func readNext(_ room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    guard decompressor != nil else { return try readPlain(&room) }
    while !isDone {
      if buffer.isEmpty, !isAtEnd { try fill() }
      let flush: Flush = isAtEnd ? .finish : .none
      let step: StreamStep
      do throws(CodecError) {
        step = try buffer.lend { (buffer: inout ByteBuffer) throws(CodecError) -> StreamStep in
          let step = try decompressor?.step(buffer.bytes, into: &room, flush: flush)
          buffer.removeFirst(step?.consumed ?? 0)
          return step ?? StreamStep(consumed: 0, produced: 0, state: .finished)
        }
      } catch {
        throw ArchiveError(error)
      }
      if step.state == .finished { isDone = true }
      if step.produced > 0 { return step.produced }
    }
    return 0
  }

  private func readPlain(_ room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    if buffer.isEmpty {
      do throws(IOError) { return try source.source.read(into: &room) } catch { throw ArchiveError(error) }
    }
    let count = buffer.lend { (buffer: inout ByteBuffer) in
      let count = room.append(prefixOf: buffer.bytes)
      buffer.removeFirst(count)
      return count
    }
    return count
  }

  private func fill() throws(ArchiveError) {
    do throws(IOError) {
      let count = try buffer.lend { (buffer: inout ByteBuffer) throws(IOError) -> Int in
        buffer.reserve(Self.pieceLength)
        var room = buffer.room(atMost: Self.pieceLength)
        let count = try source.source.read(into: &room)
        buffer.didAppend(count)
        return count
      }
      if count == 0 { isAtEnd = true }
    } catch {
      throw ArchiveError(error)
    }
  }
}
