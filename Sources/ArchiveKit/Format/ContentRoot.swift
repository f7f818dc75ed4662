// SPDX-License-Identifier: Apache-2.0

/// What an archive holds, in one digest.
internal import CodecKit

/// Builds the contentRoot from the digests of the id table's frames and the bytes of the directory.
struct ContentRoot {
  private static let label = Array("CKA1 content".utf8)
  private let parent: SHA256Digest?
  private let chunks: UInt64
  private var frames: [UInt8] = []

  init(parent: SHA256Digest?, chunks: UInt64) {
    self.parent = parent
    self.chunks = chunks
  }

  /// Takes the next frame of the id table.
  mutating func addIDs(_ body: [UInt8]) { addIDs(digest: SHA256.hash(body)) }

  mutating func addIDs(digest: SHA256Digest) { digest.append(to: &frames) }

  /// The root, given the raw bytes of the directory.
  func finish(directory: SHA256Digest) -> SHA256Digest {
    var writer = FieldWriter(capacity: 160)
    writer.raw(Self.label)
    writer.digest(parent ?? .zero)
    writer.fixed(UInt8(1))
    writer.fixed(chunks)
    writer.digest(SHA256.hash(frames))
    writer.digest(directory)
    return SHA256.hash(writer.bytes)
  }
}
