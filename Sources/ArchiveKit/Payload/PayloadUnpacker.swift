// SPDX-License-Identifier: Apache-2.0

/// Decodes payloads, one after another.
internal import CodecKit

/// Unpacks payloads with the native states it keeps.
final class PayloadUnpacker {
  private let superblock: Superblock
  private let registry: CodecRegistry
  private var codecs: [UInt8: PayloadCodec] = [:]
  /// The state of the codec used last.
  private var stream: Decompressor?
  private var streamNumber: UInt8 = 0

  init(_ superblock: Superblock, _ registry: CodecRegistry) {
    self.superblock = superblock
    self.registry = registry
  }

  /// Appends the content of a payload, which must be exactly so many bytes, to a buffer.
  ///
  /// - Parameters:
  ///   - payload: the stored bytes.
  ///   - number: the number of the codec.
  ///   - rawLength: the bytes that must come of it; the limits of the format are checked by the caller.
  ///   - offset: where the payload stands, for errors.
  ///   - output: where to.
  func unpack(
    _ payload: RawSpan, codec number: UInt8, rawLength: Int, offset: UInt64, to output: inout ByteBuffer
  ) throws(ArchiveError) {
    output.reserve(rawLength, isFinal: true)
    if number == 0 {
      guard payload.byteCount == rawLength else {
        throw .corrupt("a stored payload has another size than its frame says", at: offset)
      }
      output.append(payload)
      return
    }
    let codec = try codec(number)
    do throws(CodecError) {
      var room = output.room(atMost: rawLength)
      let length = try decode(payload, codec, rawLength: rawLength, into: &room)
      output.didAppend(length)
      guard length == rawLength else {
        throw CodecError(.contentSizeMismatch, reason: "a payload decodes to another size than its frame says")
      }
    } catch {
      // Whatever state the decoder is in now, the next payload gets a fresh one.
      stream = nil
      // The frame says what the payload is; when it is not that, it is damaged.
      if error.code == .unknownFormat { throw .corrupt(error.reason, at: offset) }
      throw ArchiveError(error, offset: offset)
    }
  }

  private func codec(_ number: UInt8) throws(ArchiveError) -> PayloadCodec {
    if let codec = codecs[number] { return codec }
    let codec = try PayloadCodec(number: number, superblock, registry)
    codecs[number] = codec
    return codec
  }

  private func decode(
    _ payload: RawSpan, _ codec: PayloadCodec, rawLength: Int, into room: inout OutputRawSpan
  ) throws(CodecError) -> Int {
    var stream: Decompressor
    if codec.decodersAreReusable, streamNumber == codec.number, let kept = self.stream.take() {
      stream = kept
    } else {
      stream = try Decompressor(
        try codec.decoder(rawLength: rawLength),
        .init {
          $0.limits.maximumOutputSize = nil
          $0.limits.maximumWindowSize = UInt64(FrameHeader.maximumIndexLength)
        })
    }
    var rest = payload
    var length = 0
    while true {
      let step = try stream.step(rest, into: &room, flush: .finish)
      length += step.produced
      rest = rest.dropping(step.consumed)
      if step.state == .finished { break }
      guard step.consumed > 0 || step.produced > 0, room.freeCapacity > 0 || step.state == .needsOutput else {
        throw CodecError(.contentSizeMismatch, reason: "a payload decodes to more than its frame says")
      }
      if room.freeCapacity == 0, step.produced == 0 {
        throw CodecError(.contentSizeMismatch, reason: "a payload decodes to more than its frame says")
      }
    }
    guard rest.byteCount == 0 else {
      throw CodecError(.corrupt, reason: "bytes follow the end of a payload")
    }
    if codec.decodersAreReusable {
      try stream.reset()
      self.stream = consume stream
      streamNumber = codec.number
    }
    return length
  }
}
