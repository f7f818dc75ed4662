// SPDX-License-Identifier: Apache-2.0

/// The last 256 bytes of an archive: that it is complete, and where its tables are.
public import CodecKit

/// The end of a complete archive.
public struct Footer: Hashable, Sendable {
  /// A run of frames.
  struct Run: Hashable, Sendable {
    var offset: UInt64 = 0
    var length: UInt64 = 0
  }

  /// The bytes of a footer.
  public static let size = 256
  static let magic: [UInt8] = [0x89, 0x43, 0x4B, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
  /// The magic as the number a sync tag would be.
  static let magicNumber = magic.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }

  var tag: UInt64 = 0
  /// Identifies the archive.
  public var uuid = ArchiveUUID()
  /// Where it stands.
  public var offset: UInt64 = 0
  /// How many frames there are.
  public var frames: UInt64 = 0
  /// The bytes of all data blocks, as they are stored.
  public var storedBytes: UInt64 = 0
  /// The bytes of all data blocks, decoded.
  public var rawBytes: UInt64 = 0
  /// The bytes of all files, holes not counted.
  public var dataBytes: UInt64 = 0
  /// How many entries there are.
  public var entries: UInt64 = 0
  /// How many chunks are stored.
  public var chunks: UInt64 = 0
  var directory = Run()
  var ids = Run()
  var blocks = Run()
  var index = Run()
  /// Stands for names, metadata, order and content of everything, ancestors included.
  public var contentRoot = SHA256Digest.zero
  /// Stands for the headers of all frames.
  public var layoutRoot = SHA256Digest.zero
  var superblockCopy: UInt64 = 0
  /// How many parents there are.
  public var depth: UInt32 = 0
  /// What a merged archive holds of its ancestors.
  var residence = Run()
}

extension Footer {
  private static let checksumStart = 248

  func encoded() -> [UInt8] {
    var writer = FieldWriter(capacity: Self.size)
    writer.raw(Self.magic)
    writer.fixed(tag)
    writer.raw(uuid.bytes)
    for number in [offset, frames, storedBytes, rawBytes, dataBytes, entries, chunks] { writer.fixed(number) }
    for run in [directory, ids, blocks, index] {
      writer.fixed(run.offset)
      writer.fixed(run.length)
    }
    writer.digest(contentRoot)
    writer.digest(layoutRoot)
    writer.fixed(superblockCopy)
    writer.fixed(depth)
    writer.fixed(residence.offset)
    writer.fixed(residence.length)
    writer.pad(to: Self.checksumStart)
    writer.fixed(XXH3.of(writer.bytes))
    return writer.bytes
  }

  /// Reads a footer, when these bytes are one that stands where they stand.
  ///
  /// - Parameters:
  ///   - bytes: 256 bytes.
  ///   - place: their offset.
  init?(decoding bytes: [UInt8], at place: UInt64) {
    guard bytes.count == Self.size, bytes.prefix(8).elementsEqual(Self.magic) else { return nil }
    var checksum = FieldReader(bytes, from: Self.checksumStart)
    guard let stored: UInt64 = try? checksum.fixed(), stored == XXH3.of(Array(bytes[..<Self.checksumStart])) else {
      return nil
    }
    do throws(ArchiveError) { self = try Footer(fields: bytes) } catch { return nil }
    guard offset == place else { return nil }
  }

  private init(fields bytes: [UInt8]) throws(ArchiveError) {
    var reader = FieldReader(bytes, from: 8)
    tag = try reader.fixed()
    uuid = ArchiveUUID(try reader.raw(16))
    offset = try reader.fixed()
    frames = try reader.fixed()
    storedBytes = try reader.fixed()
    rawBytes = try reader.fixed()
    dataBytes = try reader.fixed()
    entries = try reader.fixed()
    chunks = try reader.fixed()
    directory = Run(offset: try reader.fixed(), length: try reader.fixed())
    ids = Run(offset: try reader.fixed(), length: try reader.fixed())
    blocks = Run(offset: try reader.fixed(), length: try reader.fixed())
    index = Run(offset: try reader.fixed(), length: try reader.fixed())
    contentRoot = try reader.digest()
    layoutRoot = try reader.digest()
    superblockCopy = try reader.fixed()
    depth = try reader.fixed()
    residence = Run(offset: try reader.fixed(), length: try reader.fixed())
  }
}
