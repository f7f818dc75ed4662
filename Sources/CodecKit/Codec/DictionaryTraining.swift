// SPDX-License-Identifier: Apache-2.0

/// A codec that can make a dictionary from samples of the data to come.
public protocol DictionaryTraining: Codec {
  /// Makes a dictionary.
  ///
  /// - Parameters:
  ///   - samples: typical inputs, each as it will be compressed.
  ///   - options: size and level.
  /// - Returns: the dictionary.
  /// - Throws: ``CodecError`` with `invalidOption` when the samples are too few or too small; the reason says what would
  ///   be enough.
  func trainDictionary(
    from samples: [[UInt8]], _ options: DictionaryTrainingOptions
  ) throws(CodecError) -> CodecDictionary
}

/// How a dictionary is trained.
public struct DictionaryTrainingOptions: Hashable, Sendable {
  /// The most bytes that the dictionary may have. Default: 110 KiB.
  public var maximumSize: Int = 112_640
  /// The level that it will be used with. Default: ``CompressionLevel/balanced``.
  public var level: CompressionLevel = .balanced
  /// The number by which frames name the dictionary. Default: `nil`, derived from the content.
  public var identifier: UInt32? = nil

  /// The defaults.
  public init() {}

  /// The defaults, changed by a closure.
  public init(_ configure: (inout Self) -> Void) {
    configure(&self)
  }
}
