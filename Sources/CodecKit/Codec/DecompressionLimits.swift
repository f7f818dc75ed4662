// SPDX-License-Identifier: Apache-2.0

/// How much a decoder may produce and use, whatever its input declares. On by default, in every call.
///
/// A limit that is lifted is typed out: `limits.maximumOutputSize = nil`.
public struct DecompressionLimits: Hashable, Sendable {
  /// The most bytes to deliver. Default: 64 GiB. `nil` lifts the limit.
  public var maximumOutputSize: UInt64? = 64 << 30
  /// The largest output per byte of input, checked once more than 1 MiB has been delivered. Default: `nil`, off:
  /// honest data can shrink ten-thousandfold.
  public var maximumRatio: UInt64? = nil
  /// The largest window or block that a frame may ask the decoder to keep in memory. Default: 128 MiB.
  public var maximumWindowSize: UInt64 = 128 << 20

  /// The defaults.
  public init() {}

  /// The defaults with another output limit.
  ///
  /// - Parameter maximumOutputSize: the most bytes to deliver; `nil` lifts the limit.
  public init(maximumOutputSize: UInt64?) {
    self.maximumOutputSize = maximumOutputSize
  }

  /// The defaults, changed by a closure.
  public init(_ configure: (inout Self) -> Void) {
    configure(&self)
  }
}
