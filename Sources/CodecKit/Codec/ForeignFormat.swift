// SPDX-License-Identifier: Apache-2.0

/// Formats that people feed to a decompressor and that no codec here reads: known by name, so that the error can say
/// what the file is instead of what it is not.
enum ForeignFormat {
  private static let signatures: [(name: String, signature: CodecDescriptor.Signature)] = [
    ("xz", .init([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00])),
    ("bzip2", .init([0x42, 0x5A, 0x68])),
    ("lzip", .init([0x4C, 0x5A, 0x49, 0x50])),
    ("compress (.Z)", .init([0x1F, 0x9D])),
    ("zip", .init([0x50, 0x4B, 0x03, 0x04])),
    ("7-Zip", .init([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C])),
    ("rar", .init([0x52, 0x61, 0x72, 0x21, 0x1A, 0x07])),
    ("legacy zstd (before 0.8)", .init([0x20, 0xB5, 0x2F, 0xFD], mask: [0xF8, 0xFF, 0xFF, 0xFF])),
    ("legacy zstd (0.1)", .init([0xFD, 0x2F, 0xB5, 0x1E])),
    ("xerial snappy", .init([0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0x00])),
    ("tar", .init([0x75, 0x73, 0x74, 0x61, 0x72], offset: 257)),
  ]

  /// The name of the format that a stream with this beginning has, if it is a known foreign one.
  static func recognize(_ prefix: RawSpan) -> String? {
    signatures.first { $0.signature.matches(prefix) }?.name
  }
}
