// SPDX-License-Identifier: Apache-2.0

/// A compressed stream that can be read anywhere: for a ``PartReader``, and for a ``Salvager`` that looks ahead for where
/// it can go on.
public protocol RandomAccessSource: AnyObject {
  /// What reading can fail with.
  associatedtype Failure: Error

  /// How many bytes there are.
  var size: UInt64 { get }

  /// Appends bytes from a position to `room`.
  ///
  /// - Parameters:
  ///   - offset: the position of the first byte.
  ///   - room: has free capacity. May be filled partly.
  /// - Returns: how many bytes were appended; 0 at or after the end only.
  func read(at offset: UInt64, into room: inout OutputRawSpan) throws(Failure) -> Int
}
