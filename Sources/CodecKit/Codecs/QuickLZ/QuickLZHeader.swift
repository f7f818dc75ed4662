// SPDX-License-Identifier: Apache-2.0

/// The header of a packet: 3 or 9 bytes.
struct QuickLZHeader: Hashable, Sendable {
  /// Whether the payload is compressed; else it is the content itself.
  var isCompressed: Bool
  /// 1, 2 or 3; also set in stored packets.
  var level: Int
  /// What the header says of the streaming buffer: 0 none, 1 for 100000 bytes, 2 for 1000000, 3 for any other size.
  var streamingBits: Int
  /// 3 or 9.
  var headerSize: Int
  /// The size of the packet, header included.
  var packetSize: Int
  /// The size of the content.
  var contentSize: Int

  /// The most bytes that a header takes.
  static let longSize = 9
  /// The bytes that a header takes when sizes fit into one byte.
  static let shortSize = 3
  /// Writers use the short header for content below this size.
  static let shortLimit = 216
  /// A compressed payload is at least so long: existing readers fetch that much without asking.
  static let smallestPayload = 9

  /// How many bytes the header takes that begins with a byte.
  static func size(firstByte: UInt8) -> Int { firstByte & 2 == 0 ? shortSize : longSize }

  /// Reads and checks everything that a header alone can tell.
  ///
  /// - Parameter bytes: the input from the packet's first byte on; the packet need not be complete.
  init(_ bytes: RawSpan) throws(QuickLZFault) {
    guard bytes.byteCount > 0 else { throw .truncatedHeader }
    let flags = bytes.byte(at: 0)
    headerSize = Self.size(firstByte: flags)
    guard bytes.byteCount >= headerSize else { throw .truncatedHeader }
    guard flags & 0xC0 == 0x40 else { throw .badHeader }
    isCompressed = flags & 1 != 0
    level = Int(flags >> 2 & 3)
    streamingBits = Int(flags >> 4 & 3)
    guard level != 0 else { throw .badLevel }
    if headerSize == Self.longSize {
      packetSize = Int(bytes.uint32(at: 1))
      contentSize = Int(bytes.uint32(at: 5))
    } else {
      packetSize = Int(bytes.byte(at: 1))
      contentSize = Int(bytes.byte(at: 2))
    }
    guard packetSize > headerSize, contentSize >= 1 else { throw .badSize }
    if isCompressed {
      guard contentSize <= Self.largestExpansion * (packetSize - headerSize) else { throw .impossibleRatio }
    } else {
      guard packetSize == headerSize + contentSize else { throw .storedSizeMismatch }
    }
  }

  /// A header to write: the short form whenever the content allows it.
  init(isCompressed: Bool, level: Int, streamingBits: Int, payloadSize: Int, contentSize: Int) {
    self.isCompressed = isCompressed
    self.level = level
    self.streamingBits = streamingBits
    self.contentSize = contentSize
    headerSize = Self.size(ofContent: contentSize)
    packetSize = headerSize + payloadSize
  }

  /// How many bytes the header of a packet that is written takes.
  static func size(ofContent count: Int) -> Int { count < shortLimit ? shortSize : longSize }

  /// No packet holds more for each byte of its payload: 31 matches of 255 bytes take 97.
  static let largestExpansion = 82

  /// The first byte.
  var flags: UInt8 {
    let bits = (isCompressed ? 1 : 0) | (headerSize == Self.longSize ? 2 : 0) | level << 2 | streamingBits << 4 | 0x40
    return UInt8(truncatingIfNeeded: bits)
  }

  /// What headers say of a streaming buffer of a size.
  static func streamingBits(ofBuffer size: Int) -> Int {
    switch size {
    case 0: 0
    case 100_000: 1
    case 1_000_000: 2
    default: 3
    }
  }
}
