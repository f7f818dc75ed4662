// SPDX-License-Identifier: Apache-2.0

/// What there is to know about a codec without running it.
public struct CodecDescriptor: Hashable, Sendable {
  /// A stretch of bytes near the start of a stream by which a format is known.
  public struct Signature: Hashable, Sendable {
    /// Where the bytes stand.
    public let offset: Int
    /// The bytes.
    public let bytes: [UInt8]
    /// Which bits of each byte count; as long as `bytes`.
    public let mask: [UInt8]

    /// Makes a signature in which every bit counts, unless a mask is given.
    ///
    /// A mask of another length than the bytes is cut or filled with ones.
    public init(_ bytes: [UInt8], mask: [UInt8] = [], offset: Int = 0) {
      self.bytes = bytes
      self.offset = max(0, offset)
      self.mask = Array((mask + Array(repeating: 0xFF, count: bytes.count)).prefix(bytes.count))
    }

    /// Whether a stream that starts with these bytes carries the signature.
    public func matches(_ prefix: RawSpan) -> Bool {
      guard prefix.byteCount >= offset + bytes.count else { return false }
      return bytes.indices.allSatisfy { prefix.byte(at: offset + $0) & mask[$0] == bytes[$0] & mask[$0] }
    }
  }

  /// The stable name.
  public var id: CodecID
  /// One line for people: what the format is.
  public var summary: String
  /// Other spellings that the registry accepts.
  public var aliases: [String]
  /// File name suffixes with their dot; the first is the one to write.
  public var suffixes: [String]
  /// The signatures by which a stream is known for certain; any one will do.
  public var signatures: [Signature]
  /// The levels.
  public var levels: CompressionLevelScale
  /// What else it can do.
  public var capabilities: CodecCapabilities
  /// The parameters that a spec string may set beyond the common ones: name and meaning.
  public var parameters: [Parameter]

  /// A parameter of a spec string.
  public struct Parameter: Hashable, Sendable {
    /// Its name, as in `zstd:long=27`.
    public var name: String
    /// What it takes and what it does, in one line.
    public var summary: String

    /// Makes a parameter description.
    public init(_ name: String, _ summary: String) {
      self.name = name
      self.summary = summary
    }
  }

  /// Makes a descriptor.
  public init(
    id: CodecID, summary: String, aliases: [String] = [], suffixes: [String] = [], signatures: [Signature] = [],
    levels: CompressionLevelScale = .single, capabilities: CodecCapabilities = [], parameters: [Parameter] = []
  ) {
    self.id = id
    self.summary = summary
    self.aliases = aliases
    self.suffixes = suffixes
    self.signatures = signatures
    self.levels = levels
    self.capabilities = capabilities
    self.parameters = parameters
  }
}

extension CodecDescriptor {
  /// What would make the registry give wrong answers: a suffix that matches no name, a signature that matches everything,
  /// a level name without a level.
  var mistake: String? {
    for suffix in suffixes where !suffix.hasPrefix(".") || suffix.utf8.count < 2 || suffix != suffix.lowercased() {
      return "the suffix '\(suffix)' is not a dot and lower case letters"
    }
    if signatures.contains(where: \.bytes.isEmpty) { return "a signature has no bytes" }
    let named = [levels.fastest, levels.fast, levels.balanced, levels.better, levels.smallest]
    if let level = named.first(where: { !levels.range.contains($0) }) {
      return "the level \(level) is named but outside the codec's range"
    }
    return nil
  }
}
