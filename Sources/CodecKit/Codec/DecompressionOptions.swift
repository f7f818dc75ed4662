// SPDX-License-Identifier: Apache-2.0

/// What every codec can be asked when decompressing.
public struct DecompressionOptions: Hashable, Sendable {
  /// What to do with bytes that follow the end of the data and do not belong to it.
  public enum TrailingData: Hashable, Sendable {
    /// Throw `corrupt` after all data has been delivered.
    case reject
    /// Deliver all data, and report ``StreamNotice/Kind/trailingData``.
    case report
    /// Deliver all data and say nothing.
    case ignore
  }

  /// What decoding may cost. Default: ``DecompressionLimits/init()``, which is finite in every field.
  public var limits: DecompressionLimits = .init()
  /// How many threads may work. Default: 1; `0` means one per core. Never changes what is delivered.
  ///
  /// With several, pieces that do not depend on each other are decoded at the same time, and reading and writing go on
  /// beside the decoding. Input may be held back until it is flushed (``Flush/block``) or ends.
  public var threads: Int = 1
  /// Bytes that both sides know beforehand. Default: `nil`. Codecs without dictionaries throw `invalidOption`.
  public var dictionary: CodecDictionary? = nil
  /// What to do with bytes after the end of the data. Default: ``TrailingData/reject``.
  public var trailingData: TrailingData = .reject
  /// Whether a stream that looks cut at a legal border is an error (`truncated`) instead of a notice. Default: `false`.
  ///
  /// Only formats whose end can be recognised when it is missing are concerned, such as gzip with sized members.
  public var requiresProvenEnd: Bool = false
  /// Whether a ``PartReader`` believes an index without looking at what it leads past. Default: `false`.
  ///
  /// By default, the headers of all pieces before a part are walked, and what they say is confirmed by an index or by
  /// decoding. With trust, a stored index such as the seek table of zstd is followed at once, and only where it leads to is
  /// looked at: fast on large files and slow storage, but an index that lies gives data from another place. Blocks of lz4
  /// are taken to be full, and every declared size to be right.
  public var trustsIndex: Bool = false

  /// The defaults.
  public init() {}

  /// The defaults, changed by a closure.
  public init(_ configure: (inout Self) -> Void) {
    configure(&self)
  }
}
