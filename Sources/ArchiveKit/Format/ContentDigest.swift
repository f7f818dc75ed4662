// SPDX-License-Identifier: Apache-2.0

/// The digest over a file's chunks and holes.
internal import CodecKit

/// Takes chunks and holes in the order of the file. Holes that touch count as one.
struct ContentDigest: ~Copyable {
  private var state = SHA256()
  private var hole: UInt64 = 0

  mutating func add(_ id: SHA256Digest, length: Int) {
    closeHole()
    var field = FieldWriter(capacity: 4)
    field.fixed(UInt32(length))
    state.update(field.bytes)
    state.update(id)
  }

  mutating func add(hole length: UInt64) { hole += length }

  /// The digest; nothing may be added after that.
  var value: SHA256Digest {
    mutating get {
      closeHole()
      return state.value
    }
  }

  private mutating func closeHole() {
    guard hole > 0 else { return }
    var field = FieldWriter(capacity: 12)
    field.fixed(UInt32.max)
    field.fixed(hole)
    state.update(field.bytes)
    hole = 0
  }
}
