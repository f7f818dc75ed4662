// SPDX-License-Identifier: Apache-2.0

// The codecs that come with the library: one line each.

extension CodecRegistry {
  /// All codecs of this library.
  public static let builtin: CodecRegistry = {
    var registry = CodecRegistry()
    for codec in builtinCodecs {
      // Names of our own codecs cannot collide; a test registers them one by one and checks.
      try? registry.register(codec)
    }
    return registry
  }()

  static let builtinCodecs: [any Codec] = [
    Zstd(),
    LZ4(),
    Snappy(),
    S2(),
    QuickLZ(),
    Gzip(),
    Pgzip(),
    Zlib(),
    RawDeflate(),
    SnappyRaw(),
    S2Raw(),
    LZ4Raw(),
    QuickLZRaw(),
    Store(),
  ]
}
