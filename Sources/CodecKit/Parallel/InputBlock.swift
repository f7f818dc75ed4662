// SPDX-License-Identifier: Apache-2.0

/// Input that slots refer to while the stream reads on elsewhere.
///
/// The stream's thread counts who uses it; as long as anybody does, nothing is written to it.
@safe
final class InputBlock: @unchecked Sendable {
  var buffer = ByteBuffer(isSparse: true)
  /// How many slots refer to the bytes.
  var users = 0
  /// Up to where the bytes are those of the stream, once it has gone on in another block.
  var end = 0

  /// The bytes in it. They stay where they are as long as nobody writes to the buffer.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeBytes: buffer.memory)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
