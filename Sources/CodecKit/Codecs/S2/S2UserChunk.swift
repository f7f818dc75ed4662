// SPDX-License-Identifier: Apache-2.0

// What applications put into S2 streams beside their content.

extension S2 {
  /// A chunk with data of the application, which every reader passes over.
  public struct UserChunk: Hashable, Sendable {
    /// Which; 0x80 to 0xFD. 0x99 is the seek index.
    public var kind: UInt8
    /// The data, 1 to 16,777,215 bytes.
    public var bytes: [UInt8]
    /// In front of which byte of the content it is to stand; read chunks tell 0. Default: 0, right behind the identifier.
    ///
    /// Blocks are not cut for its sake: it stands before the first group of blocks that begins there or later, else at
    /// the end of the content. A group is one block of 256 KiB or more, or as many smaller ones as have 512 KiB; a flush
    /// begins a new one, so that a writer who flushes there has it exactly there.
    public var position: UInt64

    /// Makes a chunk; its values are checked when a stream is begun.
    ///
    /// - Parameters:
    ///   - kind: which, 0x80 to 0xFD.
    ///   - bytes: the data.
    ///   - position: in front of which byte of the content it is to stand.
    public init(kind: UInt8, bytes: [UInt8], position: UInt64 = 0) {
      self.kind = kind
      self.bytes = bytes
      self.position = position
    }

    func check() throws(CodecError) {
      guard (0x80...0xFD).contains(kind), (1...0xFF_FFFF).contains(bytes.count) else {
        throw CodecError(
          .invalidOption, codec: S2.id,
          reason: "a user chunk has a kind from 128 to 253, and 1 to 16777215 bytes; this one has kind \(kind) "
            + "and \(bytes.count) bytes")
      }
    }
  }
}
