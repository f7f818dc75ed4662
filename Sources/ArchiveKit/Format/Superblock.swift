// SPDX-License-Identifier: Apache-2.0

/// The first 4096 bytes of an archive: what it is, and how its frames are recognised.
public import CodecKit
public import SystemIO

/// What an archive says of itself before anything else.
public struct Superblock: Hashable, Sendable {
  /// A field of free form.
  public struct Field: Hashable, Sendable {
    /// The name of the archive.
    public static let name: UInt16 = 1
    /// What it is for.
    public static let description: UInt16 = 2
    /// The program that wrote it.
    public static let program: UInt16 = 3
    /// Where its content is from.
    public static let source: UInt16 = 4
    /// The number and the name of a codec that the format itself does not know.
    public static let codec: UInt16 = 5
    /// Set in types that must be understood.
    public static let critical: UInt16 = 0x8000

    /// What it is.
    public var type: UInt16
    /// Its bytes; texts are UTF-8.
    public var value: [UInt8]

    /// Makes a field.
    public init(_ type: UInt16, _ value: [UInt8]) {
      self.type = type
      self.value = value
    }
  }

  /// The bytes of a superblock.
  public static let size = 4096
  /// The eight bytes an archive begins with.
  public static let magic: [UInt8] = [0x89, 0x43, 0x4B, 0x41, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The minor version; the major one is 1.
  public var minorVersion: UInt16 = 0
  var mustUnderstand: UInt64 = 0
  var mustUnderstandToWrite: UInt64 = 0
  var mayIgnore: UInt64 = 0
  /// Identifies the archive.
  public var uuid = ArchiveUUID()
  /// How every frame of the archive begins.
  var tag: UInt64 = 0
  /// Identifies the parent; `nil` for a full archive.
  public var parent: ArchiveUUID?
  /// What the parent holds; `nil` for a full archive.
  public var parentRoot: SHA256Digest?
  /// How many parents there are: 0 for a full archive.
  public var depth: UInt32 = 0
  /// When it was made, in nanoseconds since 1970.
  public var created: Int64 = 0
  /// How files without pages are cut.
  public var cutSizes = CutSizes.standard
  /// The page size where none is known.
  public var pageSize: UInt32 = 16 << 10
  /// The size that blocks are filled up to.
  public var blockTarget: UInt32 = 1 << 20
  /// What else it says.
  public var fields: [Field] = []

  /// When it was made.
  public var creationTime: Timestamp {
    let (seconds, rest) = created.quotientAndRemainder(dividingBy: 1_000_000_000)
    return rest < 0
      ? Timestamp(seconds: seconds - 1, nanoseconds: UInt32(rest + 1_000_000_000))
      : Timestamp(seconds: seconds, nanoseconds: UInt32(rest))
  }

  /// The text of the first field of a type.
  public func text(_ type: UInt16) -> String? {
    fields.first { $0.type == type }.map { String(decoding: $0.value, as: UTF8.self) }
  }
}

extension Superblock {
  private static let fieldsStart = 144
  private static let checksumStart = 4088
  /// Without data: what later archives need of this one.
  private static let detachedIndex: UInt64 = 1
  /// What this version knows.
  private static let knownFeatures = detachedIndex

  /// Whether it begins an index whose data is elsewhere.
  public internal(set) var isDetachedIndex: Bool {
    get { mustUnderstand & Self.detachedIndex != 0 }
    set { mustUnderstand = newValue ? mustUnderstand | Self.detachedIndex : mustUnderstand & ~Self.detachedIndex }
  }

  /// How it stands in the file. Throws when the fields do not fit.
  func encoded() throws(ArchiveError) -> [UInt8] {
    var writer = FieldWriter(capacity: Self.size)
    writer.raw(Self.magic)
    writer.fixed(UInt16(1))
    writer.fixed(minorVersion)
    writer.fixed(mustUnderstand)
    writer.fixed(mustUnderstandToWrite)
    writer.fixed(mayIgnore)
    writer.raw(uuid.bytes)
    writer.fixed(tag)
    writer.raw(parent?.bytes ?? ArchiveUUID.zero.bytes)
    writer.digest(parentRoot ?? .zero)
    writer.fixed(depth)
    writer.fixed(created)
    writer.raw([1, 32, 1, 1])
    for size in [cutSizes.minimum, cutSizes.average, cutSizes.maximum] { writer.fixed(UInt32(size)) }
    writer.fixed(pageSize)
    writer.fixed(blockTarget)
    for field in fields {
      guard field.value.count <= Int(UInt16.max), writer.count + 4 + field.value.count <= Self.checksumStart else {
        throw ArchiveError(.invalidOption, "name, description and source are longer than fits into an archive's head")
      }
      writer.fixed(field.type)
      writer.fixed(UInt16(field.value.count))
      writer.raw(field.value)
    }
    writer.pad(to: Self.checksumStart)
    writer.fixed(XXH3.of(writer.bytes))
    return writer.bytes
  }

  /// Reads a superblock.
  ///
  /// - Throws: `notAnArchive` when the magic is another one, `truncated` when there are too few bytes,
  ///   `checksumMismatch`, `unsupportedFeature` or `corrupt`.
  init(decoding bytes: [UInt8]) throws(ArchiveError) {
    guard bytes.prefix(8).elementsEqual(Self.magic.prefix(bytes.count)), !bytes.isEmpty else {
      throw ArchiveError(.notAnArchive, "this is no archive", offset: 0)
    }
    guard bytes.count >= Self.size else {
      throw ArchiveError(.truncated, "the archive ends in its head", offset: UInt64(bytes.count))
    }
    var checksum = FieldReader(bytes, from: Self.checksumStart)
    guard try checksum.fixed(UInt64.self) == XXH3.of(Array(bytes[..<Self.checksumStart])) else {
      throw ArchiveError(.checksumMismatch, "the head of the archive is damaged", offset: 0)
    }
    var reader = FieldReader(Array(bytes[..<Self.checksumStart]), from: 8)
    let major: UInt16 = try reader.fixed()
    minorVersion = try reader.fixed()
    guard major == 1 else {
      throw ArchiveError(.unsupportedFeature, "the archive has format version \(major).\(minorVersion)", offset: 8)
    }
    mustUnderstand = try reader.fixed()
    mustUnderstandToWrite = try reader.fixed()
    mayIgnore = try reader.fixed()
    guard mustUnderstand & ~Self.knownFeatures == 0 else {
      throw ArchiveError(.unsupportedFeature, "the archive needs a feature that this version does not know", offset: 12)
    }
    uuid = ArchiveUUID(try reader.raw(16))
    tag = try reader.fixed()
    let parentID = ArchiveUUID(try reader.raw(16))
    parent = parentID == .zero ? nil : parentID
    let root = try reader.digest()
    parentRoot = root == .zero ? nil : root
    depth = try reader.fixed()
    created = try reader.fixed()
    let kinds = try reader.raw(4)
    guard kinds.prefix(3) == [1, 32, 1] else {
      throw ArchiveError(.unsupportedFeature, "the archive uses another digest or checksum", offset: 120)
    }
    let sizes: (UInt32, UInt32, UInt32) = (try reader.fixed(), try reader.fixed(), try reader.fixed())
    // They bind writers alone; a reader takes whatever stands there.
    cutSizes = CutSizes(minimum: Int(sizes.0), average: Int(sizes.1), maximum: Int(sizes.2)) ?? .standard
    pageSize = try reader.fixed()
    blockTarget = try reader.fixed()
    fields = []
    while reader.remaining >= 4 {
      let type: UInt16 = try reader.fixed()
      let length: UInt16 = try reader.fixed()
      if type == 0 { break }
      let value = try reader.raw(Int(length))
      guard type & Field.critical == 0 else {
        throw ArchiveError(
          .unsupportedFeature, "the archive has a field of type \(type) that must be understood",
          offset: UInt64(reader.position))
      }
      fields.append(Field(type, value))
    }
  }
}
