// SPDX-License-Identifier: Apache-2.0

/// A stretch of input on its way through the writer: bytes of one file or many, cut, and hashed by a worker.
internal import CodecKit

/// What happens in a segment, in order.
enum SegmentEvent {
  /// A file begins: what is known of it, and what the parent has under its name.
  case begin(ArchiveEntry, Stamp?, ParentEntry?)
  /// Chunks that are stored already, with their digests and lengths.
  case known(ChunkReference, [(SHA256Digest, Int)])
  /// How the file is cut from here on.
  case rule(CutRule)
  /// The next chunk of the file, so many bytes of the segment.
  case chunk(length: Int)
  /// A hole of the file.
  case hole(UInt64)
  /// The file is read again from its start.
  case restart
  /// The file is given up.
  case abandon
  /// A leaf of the tree ends here.
  case endLeaf
  /// The entry is complete: a file that began, or something without content.
  case end(ArchiveEntry, Stamp?, ParentEntry?)
  /// The entry is that of the parent.
  case unchanged(ParentEntry)
  /// One of entries that come in any order.
  case unsorted(UnsortedEvent)
}

/// Bytes, what they belong to, and their digests. Used by one thread at a time.
final class Segment: @unchecked Sendable {
  var bytes = ByteBuffer()
  var events: [SegmentEvent] = []
  /// The digest of each chunk, once a worker has been at it.
  var digests: [SHA256Digest] = []
  /// How many bytes have been cut.
  var cut = 0

  func removeAll() {
    bytes.removeAll()
    events.removeAll(keepingCapacity: true)
    digests.removeAll(keepingCapacity: true)
    cut = 0
  }

  /// Computes the digests of all chunks.
  func hash() {
    bytes.lend { bytes in
      var position = 0
      for case .chunk(let length) in events {
        digests.append(SHA256.hash(bytes.bytes.extracting(position..<(position + length))))
        position += length
      }
    }
  }
}
