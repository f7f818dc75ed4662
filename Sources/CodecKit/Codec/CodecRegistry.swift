// SPDX-License-Identifier: Apache-2.0

/// The codecs that a program knows, by name, by file suffix and by content.
///
/// ```swift
/// var registry = CodecRegistry.builtin
/// try registry.register(MyCodec())
/// let codec = try registry.codec("zstd:level=19,checksum=no")
/// ```
public struct CodecRegistry: Sendable {
  /// The registered codecs, in the order of registration.
  public private(set) var codecs: [any Codec] = []

  /// Every accepted spelling.
  private var indexByName: [String: Int] = [:]

  /// A registry without codecs.
  public init() {}

  /// Adds a codec.
  ///
  /// - Parameter codec: the codec; its id and aliases must be well formed and new to this registry.
  /// - Throws: ``CodecError`` with `invalidOption` when a name is malformed or taken, a suffix is not a dot and lower
  ///   case letters, a signature is empty, or a named level is outside the codec's range.
  public mutating func register(_ codec: some Codec) throws(CodecError) {
    let descriptor = codec.descriptor
    if let mistake = descriptor.mistake {
      throw CodecError(.invalidOption, codec: descriptor.id, reason: mistake)
    }
    let names = [descriptor.id] + descriptor.aliases.map(CodecID.init(rawValue:))
    for name in names {
      guard name.isWellFormed else {
        throw CodecError(.invalidOption, codec: descriptor.id, reason: "the name '\(name)' is not a codec name")
      }
      guard indexByName[name.rawValue] == nil else {
        throw CodecError(.invalidOption, codec: descriptor.id, reason: "the name '\(name)' is registered already")
      }
    }
    for name in names { indexByName[name.rawValue] = codecs.count }
    codecs.append(codec)
  }

  /// The codec of a name or alias.
  ///
  /// - Parameter name: an id, an alias, or one of the spellings of the backup services such as
  ///   `BACKUP_COMPRESSION_ZSTD`; without regard to case.
  /// - Returns: the codec, or `nil` when nobody has that name.
  public func named(_ name: String) -> (any Codec)? {
    var key = name.lowercased()
    let servicePrefix = "backup_compression_"
    if key.hasPrefix(servicePrefix) {
      key.removeFirst(servicePrefix.count)
      if key == "default" { key = "zstd" }
    }
    return indexByName[key].map { codecs[$0] }
  }

  /// The codec that a file name speaks for.
  ///
  /// - Parameter fileName: a name or path; of a path, only what follows the last `/` counts.
  /// - Returns: the codec with the longest matching suffix, and that suffix; `nil` when none matches.
  public func forSuffix(of fileName: String) -> (codec: any Codec, suffix: String)? {
    let name = fileName.utf8.lastIndex(of: UInt8(ascii: "/")).map { fileName[fileName.utf8.index(after: $0)...] }
    let lowered = (name ?? fileName[...]).lowercased()
    var best: (codec: any Codec, suffix: String)?
    for codec in codecs {
      for suffix in codec.descriptor.suffixes where lowered.hasSuffix(suffix) && lowered.utf8.count > suffix.utf8.count
      {
        if suffix.utf8.count > best?.suffix.utf8.count ?? 0 { best = (codec, suffix) }
      }
    }
    return best
  }

  /// The codec that a spec string describes, with its options.
  ///
  /// - Parameter spec: a name, optionally followed by `:` and parameters, such as `zstd:level=19,long=27`.
  /// - Returns: the codec with what the spec sets; see ``CodecSelection``.
  /// - Throws: ``CodecError`` with `unknownFormat` for an unknown name and `invalidOption` or `levelOutOfRange` for a
  ///   parameter that is unknown or makes no sense; the reason names what is legal.
  public func codec(_ spec: String) throws(CodecError) -> CodecSelection {
    try CodecSelection(CodecSpec(spec), in: self)
  }
}
