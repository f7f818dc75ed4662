// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// The native state of a streaming XXH hash: one owner, freed with it.
@safe
struct XXHState: ~Copyable {
  let pointer: UnsafeMutableRawPointer
  private let free: @Sendable (UnsafeMutableRawPointer?) -> Void

  /// Takes over a state that a `create` function made.
  ///
  /// Memory for a hash state (at most 600 bytes) that cannot be had ends the process, as for any Swift object.
  init(
    _ created: UnsafeMutableRawPointer?, free: @escaping @Sendable (UnsafeMutableRawPointer?) -> Void
  ) {
    guard let pointer = unsafe created else { preconditionFailure("no memory for a hash state") }
    unsafe self.pointer = pointer
    unsafe self.free = free
  }

  deinit { unsafe free(pointer) }
}
