// SPDX-License-Identifier: Apache-2.0

/// Writes frames in order: numbers, offsets, checksums, and the root over all headers.
internal import CodecKit

/// What the writer of a frame says of it; the rest follows from where it is written.
struct FrameDescription {
  var kind: FrameKind
  var codec: UInt8 = 0
  var flags: FrameHeader.Flags = []
  var rawLength: Int
  var count: Int
  var first: UInt64
}

/// Writes the frames of an archive.
final class FrameWriter {
  private let output: any ArchiveOutput
  private let tag: UInt64
  private(set) var offset: UInt64 = 0
  private(set) var frames: UInt64 = 0
  private var layout = SHA256()

  /// - Parameter frames: headers of frames that have been written already.
  init(_ output: any ArchiveOutput, tag: UInt64, after frames: [FrameHeader] = []) {
    self.output = output
    self.tag = tag
    for header in frames { layout.update(header.bytes) }
    self.frames = UInt64(frames.count)
    offset = frames.last?.end ?? 0
  }

  /// Writes what is no frame.
  func write(bare bytes: [UInt8]) throws(ArchiveError) {
    try unsafe output.write(bytes.span.bytes)
    offset += UInt64(bytes.count)
  }

  /// Writes a frame.
  ///
  /// - Returns: its header.
  @discardableResult
  func write(
    _ frame: FrameDescription, body: RawSpan, checksum: UInt64? = nil
  ) throws(ArchiveError) -> FrameHeader {
    let header = FrameHeader(
      tag: tag, kind: frame.kind.rawValue, codec: frame.codec, flags: frame.flags,
      storedLength: UInt32(body.byteCount), rawLength: UInt32(frame.rawLength), count: UInt32(frame.count),
      number: frames, offset: offset, first: frame.first, bodyChecksum: checksum ?? XXH3.of(body))
    let bytes = header.bytes
    unsafe layout.update(bytes.span.bytes)
    try unsafe output.write(bytes.span.bytes)
    try output.write(body)
    frames += 1
    offset = header.end
    return header
  }

  @discardableResult
  func write(_ frame: FrameDescription, body: [UInt8]) throws(ArchiveError) -> FrameHeader {
    try unsafe write(frame, body: body.span.bytes)
  }

  /// The root over the headers of all frames so far.
  func layoutRoot() -> SHA256Digest { layout.finish() }
}
