// SPDX-License-Identifier: Apache-2.0

/// What every codec can be asked when compressing. Knobs that only one codec has live in that codec's own value.
///
/// ```swift
/// let options = CompressionOptions { $0.level = .better; $0.checksum = false }
/// ```
public struct CompressionOptions: Hashable, Sendable {
  /// How hard to try. Default: ``CompressionLevel/balanced``. Codecs without levels accept every named level.
  public var level: CompressionLevel = .balanced
  /// How many threads may work. Default: 1; `0` means one per core. Never changes the output.
  ///
  /// Codecs that cannot work in parallel ignore it.
  public var threads: Int = 1
  /// How much input goes into one independent piece, in bytes. Default: `nil`, the codec's own choice.
  ///
  /// Smaller pieces cost ratio; larger ones cost memory. Codecs that do not cut their input ignore it; the others throw
  /// `invalidOption` outside their legal range, which the reason names.
  public var chunkSize: Int? = nil
  /// Whether to store a checksum of the content. Default: `true`.
  ///
  /// Formats without a checksum field, and formats that always carry one, ignore it;
  /// ``CodecDescriptor/capabilities`` says which.
  public var checksum: Bool = true
  /// The exact size of the input, if known. Default: `nil`.
  ///
  /// Formats that have a field for it store it; every codec throws `contentSizeMismatch` at the end when the input was
  /// longer or shorter.
  public var contentSize: UInt64? = nil
  /// Bytes that both sides know beforehand. Default: `nil`. Codecs without dictionaries throw `invalidOption`.
  public var dictionary: CodecDictionary? = nil

  /// The defaults.
  public init() {}

  /// The defaults, changed by a closure.
  public init(_ configure: (inout Self) -> Void) {
    configure(&self)
  }
}
