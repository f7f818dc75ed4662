// SPDX-License-Identifier: Apache-2.0

/// What the header of a gzip member says (RFC 1952, section 2.3).
public struct GzipHeader: Hashable, Sendable {
  /// A sub-field of the extra field.
  public struct ExtraField: Hashable, Sendable {
    /// The two identifying bytes, such as `IG`.
    public let id: [UInt8]
    /// What it holds.
    public let bytes: [UInt8]

    /// The identifier as text, `?` for what does not print.
    public var name: String {
      String(decoding: id.map { (0x21...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self)
    }
  }

  /// The file name as it was stored, read as Latin-1; `nil` when there is none. Never use it as a path: see
  /// ``safeFileName``.
  public internal(set) var fileName: String?
  /// The comment, read as Latin-1.
  public internal(set) var comment: String?
  /// When the content was modified last, in seconds since 1970; `nil` when not told.
  public internal(set) var modificationTime: UInt32?
  /// The operating system that wrote it: 3 is Unix, 255 is unknown.
  public internal(set) var operatingSystem: UInt8 = 255
  /// The hint about the level: 2 is the slowest, 4 the fastest.
  public internal(set) var extraFlags: UInt8 = 0
  /// Whether the writer believes that the content is text.
  public internal(set) var isText = false
  /// Whether the header has a checksum of its own, which was checked.
  public internal(set) var hasChecksum = false
  /// The size of the extra field in bytes, its length not counted; `nil` when there is none.
  public internal(set) var extraSize: Int?
  /// The sub-fields of the extra field, as far as its list is well formed.
  public internal(set) var extraFields: [ExtraField] = []

  init() {}

  /// The stored name reduced to its last component, when that can be a file name.
  ///
  /// `nil` when there is no name, or when it is empty, `.`, `..`, or holds a NUL or control character.
  public var safeFileName: String? {
    guard let last = fileName?.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init),
      !last.isEmpty, last != ".", last != "..", last.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
    else { return nil }
    return last
  }

  /// Reads the header at the start of a gzip stream.
  ///
  /// - Parameter prefix: the start of the stream. Headers without name, comment and extra field have 10 bytes; with them,
  ///   up to 192 KiB.
  /// - Returns: the header and its size in bytes, or `nil` when it does not end within `prefix`.
  /// - Throws: ``CodecError`` with `corrupt`, `checksumMismatch`, `unsupportedFeature` or `limitExceeded`.
  public static func parse(_ prefix: RawSpan) throws(CodecError) -> (header: GzipHeader, size: Int)? {
    var parser = GzipHeaderParser(keepsText: true)
    var used = 0
    guard try parser.consume(prefix, &used, at: 0) else { return nil }
    return (parser.header(), used)
  }

  /// Whether a name or comment can be stored: Latin-1 without NUL, at most 65,535 characters.
  ///
  /// - Parameter text: the name or comment.
  public static func canStore(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { (1...0xFF).contains($0.value) }
      && text.unicodeScalars.count < GzipHeaderParser.maximumTextLength
  }

  /// The size of the member that the extra field tells, by the fields of pgzip (`IG`), BGZF (`BC`) and mgzip (`MZ`).
  ///
  /// - Parameter headerSize: the size of this header.
  func memberSizeHint(headerSize: Int) -> UInt64? {
    for field in extraFields {
      let bytes = field.bytes
      switch (field.id, bytes.count) {
      case ([0x49, 0x47], 4): return UInt64(Self.number(bytes))
      case ([0x42, 0x43], 2): return UInt64(Self.number(bytes)) + 1
      case ([0x4D, 0x5A], 4): return UInt64(Self.number(bytes)) + UInt64(headerSize) + 8
      default: break
      }
    }
    return nil
  }

  private static func number(_ bytes: [UInt8]) -> UInt32 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// The bytes of a header with these facts.
  ///
  /// - Parameters:
  ///   - level: decides the hint byte.
  ///   - fileName: a name that ``canStore(_:)`` accepts.
  ///   - comment: a comment that ``canStore(_:)`` accepts.
  ///   - modificationTime: seconds since 1970; 0 for none.
  ///   - extra: the extra field; empty for none.
  static func encode(
    level: Int, fileName: String?, comment: String?, modificationTime: UInt32, extra: [UInt8] = []
  ) -> [UInt8] {
    let flags =
      (fileName == nil ? 0 : Flags.name.rawValue) | (comment == nil ? 0 : Flags.comment.rawValue)
      | (extra.isEmpty ? 0 : Flags.extra.rawValue)
    let hint: UInt8 = level == 1 ? 4 : level >= 9 ? 2 : 0
    var bytes: [UInt8] = [0x1F, 0x8B, 8, flags]
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: modificationTime >> (8 * UInt32($0))) }
    bytes += [hint, 255]
    if !extra.isEmpty { bytes += [UInt8(extra.count & 0xFF), UInt8(extra.count >> 8 & 0xFF)] + extra }
    for text in [fileName, comment] {
      guard let text else { continue }
      bytes += text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } + [0]
    }
    return bytes
  }

  /// The bits of FLG.
  struct Flags: OptionSet {
    let rawValue: UInt8
    static let text = Flags(rawValue: 1)
    static let checksum = Flags(rawValue: 2)
    static let extra = Flags(rawValue: 4)
    static let name = Flags(rawValue: 8)
    static let comment = Flags(rawValue: 16)
    static let reserved = Flags(rawValue: 0xE0)
  }
}
