// SPDX-License-Identifier: Apache-2.0

/// What stands around one deflate stream: a header, and a trailer with a checksum of the content.
struct DeflateWrapper {
  private enum Kind: Sendable {
    case gzip, zlib, raw
  }

  private let kind: Kind
  /// The bytes before the deflate stream.
  let header: [UInt8]
  private var crc = CRC32()
  private var adler = Adler32()
  private var size: UInt64 = 0

  private init(_ kind: Kind, header: [UInt8]) {
    self.kind = kind
    self.header = header
  }

  /// A gzip member (RFC 1952) with this header.
  static func gzip(header: [UInt8]) -> DeflateWrapper { DeflateWrapper(.gzip, header: header) }

  /// Nothing.
  static let raw = DeflateWrapper(.raw, header: [])

  /// A zlib stream (RFC 1950).
  ///
  /// - Parameters:
  ///   - level: goes into the header's two bits for it.
  ///   - dictionary: its checksum goes into the header.
  static func zlib(level: Int, dictionary: CodecDictionary?) -> DeflateWrapper {
    let speedClass: UInt16 =
      switch level {
      case ...1: 0
      case 2...5: 1
      case 6: 2
      default: 3
      }
    var head = 0x7800 | speedClass << 6 | (dictionary == nil ? 0 : 0x20)
    head += 31 - head % 31
    var header = [UInt8(head >> 8), UInt8(head & 0xFF)]
    if let dictionary { header += bigEndian(Adler32.of(dictionary.bytes)) }
    return DeflateWrapper(.zlib, header: header)
  }

  /// Counts content in.
  mutating func update(_ content: RawSpan) {
    size &+= UInt64(content.byteCount)
    switch kind {
    case .gzip: crc.update(content)
    case .zlib: adler.update(content)
    case .raw: break
    }
  }

  /// The bytes after the deflate stream.
  var trailer: [UInt8] {
    switch kind {
    case .gzip:
      Self.bigEndian(crc.value.byteSwapped) + Self.bigEndian(UInt32(truncatingIfNeeded: size).byteSwapped)
    case .zlib: Self.bigEndian(adler.value)
    case .raw: []
    }
  }

  /// Forgets the content.
  mutating func reset() {
    crc.reset()
    adler.reset()
    size = 0
  }

  /// The most bytes that header and trailer have.
  var overhead: Int { header.count + 8 }

  private static func bigEndian(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
  }
}
