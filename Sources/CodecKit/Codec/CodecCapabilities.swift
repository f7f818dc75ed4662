// SPDX-License-Identifier: Apache-2.0

/// What a codec can do beyond compressing and decompressing a stream.
public struct CodecCapabilities: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32

  /// Makes a set from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The format carries a checksum of the content, always or on request.
  public static let contentChecksum = CodecCapabilities(rawValue: 1 << 0)
  /// The checksum can be left out by ``CompressionOptions/checksum``.
  public static let optionalChecksum = CodecCapabilities(rawValue: 1 << 1)
  /// The format has a field for the size of the content.
  public static let contentSize = CodecCapabilities(rawValue: 1 << 2)
  /// Dictionaries can be used.
  public static let dictionary = CodecCapabilities(rawValue: 1 << 3)
  /// Dictionaries can be trained from samples.
  public static let dictionaryTraining = CodecCapabilities(rawValue: 1 << 4)
  /// Streams may be joined end to end, and decode to their contents joined.
  public static let concatenation = CodecCapabilities(rawValue: 1 << 5)
  /// A stream is known by its first bytes.
  public static let signature = CodecCapabilities(rawValue: 1 << 6)
  /// The output consists of pieces that can be decoded without each other.
  public static let independentPieces = CodecCapabilities(rawValue: 1 << 7)
  /// A stream always carries the name of its file, by which other programs restore it: it should be given by
  /// ``Codec/storing(_:)``.
  public static let fileName = CodecCapabilities(rawValue: 1 << 8)

  /// The single capabilities with their names, in a fixed order: for tables and JSON.
  public static let named: [(name: String, capability: CodecCapabilities)] = [
    ("checksum", .contentChecksum), ("optional-checksum", .optionalChecksum), ("content-size", .contentSize),
    ("dictionary", .dictionary), ("training", .dictionaryTraining), ("concatenation", .concatenation),
    ("signature", .signature), ("independent-pieces", .independentPieces), ("file-name", .fileName),
  ]

  /// The names of the capabilities in this set.
  public var names: [String] {
    Self.named.filter { contains($0.capability) }.map(\.name)
  }
}
