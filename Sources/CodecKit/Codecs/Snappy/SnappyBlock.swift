// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Raw snappy blocks by libsnappy.
enum SnappyBlock {
  /// The most bytes that a block of `count` bytes becomes.
  static func bound(_ count: Int) -> Int { ck_snappy_bound(count) }

  /// Compresses a block.
  ///
  /// - Parameters:
  ///   - content: the bytes; fewer than 4 GiB.
  ///   - room: at least ``bound(_:)`` bytes; the result goes to their start.
  /// - Returns: the size of the result.
  static func compress(
    _ content: RawSpan, into room: UnsafeMutableRawBufferPointer
  ) throws(CodecError) -> Int {
    var written = 0
    let status = unsafe content.withUnsafeBytes {
      unsafe ck_snappy_compress($0.baseAddress, $0.count, room.baseAddress, room.count, &written)
    }
    guard status == 0 else {
      throw CodecError(
        .internalInconsistency, reason: "libsnappy could not compress a block", native: native(status))
    }
    return written
  }

  /// Decompresses a block.
  ///
  /// - Parameters:
  ///   - block: the block with its declared size.
  ///   - room: at least as many bytes as are declared; the result goes to their start.
  /// - Returns: the size of the result, or an error without an offset.
  static func decompress(
    _ block: RawSpan, into room: UnsafeMutableRawBufferPointer
  ) throws(CodecError) -> Int {
    var written = 0
    let status = unsafe block.withUnsafeBytes {
      unsafe ck_snappy_decompress($0.baseAddress, $0.count, room.baseAddress, room.count, &written)
    }
    switch status {
    case 0: return written
    case 1:
      throw CodecError(
        .corrupt, reason: "a block does not decode to its declared size", native: native(status))
    default:
      throw CodecError(
        .internalInconsistency, reason: "libsnappy was given too little room", native: native(status))
    }
  }

  private static func native(_ status: Int32) -> CodecError.NativeStatus {
    let names = ["SNAPPY_OK", "SNAPPY_INVALID_INPUT", "SNAPPY_BUFFER_TOO_SMALL"]
    return .init(number: Int(status), name: names.indices.contains(Int(status)) ? names[Int(status)] : "unknown")
  }
}
