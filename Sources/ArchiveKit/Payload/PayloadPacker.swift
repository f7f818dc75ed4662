// SPDX-License-Identifier: Apache-2.0

/// Compresses payloads, one after another, with one native state.
internal import CodecKit

/// A payload in the form in which it is stored.
struct PackedPayload: Hashable, Sendable {
  var codec: UInt8
  var length: Int
}

/// Packs payloads.
final class PayloadPacker {
  private let codec: PayloadCodec
  private let options: CompressionOptions
  private var stream: Compressor?

  /// - Parameters:
  ///   - codec: what to pack with.
  ///   - options: the level; size and checksum are the frame's business.
  init(_ codec: PayloadCodec, _ options: CompressionOptions) {
    self.codec = codec
    var options = options
    options.threads = 1
    options.checksum = false
    options.contentSize = nil
    self.options = options
  }

  /// Appends a payload, packed if that is shorter, to a buffer.
  ///
  /// - Parameters:
  ///   - bytes: the payload.
  ///   - isCompressible: whether packing is worth a try.
  ///   - output: where to.
  func pack(_ bytes: RawSpan, isCompressible: Bool = true, to output: inout ByteBuffer) throws(CodecError)
    -> PackedPayload
  {
    // Less than the payload itself, or it is not worth decoding.
    output.reserve(bytes.byteCount, isFinal: true)
    if isCompressible, bytes.byteCount > 32, codec.codec != nil {
      var room = output.room(atMost: bytes.byteCount - 1)
      if let length = try packed(bytes, into: &room) {
        output.didAppend(length)
        return PackedPayload(codec: codec.number, length: length)
      }
    }
    output.append(bytes)
    return PackedPayload(codec: 0, length: bytes.byteCount)
  }

  /// - Returns: the length; `nil` when it does not fit.
  private func packed(_ bytes: RawSpan, into room: inout OutputRawSpan) throws(CodecError) -> Int? {
    guard let codec = codec.codec else { return nil }
    var stream: Compressor
    if let kept = self.stream.take() { stream = kept } else { stream = try Compressor(codec, options) }
    var rest = bytes
    var length = 0
    while true {
      let step = try stream.step(rest, into: &room, flush: .finish)
      length += step.produced
      rest = rest.dropping(step.consumed)
      if step.state == .finished {
        try stream.reset()
        self.stream = consume stream
        return length
      }
      if room.freeCapacity == 0 {
        try stream.reset()
        self.stream = consume stream
        return nil
      }
      if step.produced == 0 && step.consumed == 0 {
        throw CodecError(.internalInconsistency, reason: "a codec does not come to an end")
      }
    }
  }
}
