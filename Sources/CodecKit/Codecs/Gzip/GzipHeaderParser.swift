// SPDX-License-Identifier: Apache-2.0

/// Reads the header of a gzip member byte by byte, however it arrives, and in bounded memory.
struct GzipHeaderParser {
  /// The most bytes that a name or a comment may have, its end mark counted: RFC 1952 has no limit, we must.
  static let maximumTextLength = 64 << 10

  /// The parts of a header in their order.
  private enum Stage: Int { case fixed, extraLength, extra, name, comment, checksum, done }

  /// The bits of FLG; valid from the end of the fixed part.
  private(set) var flags = GzipHeader.Flags()
  /// MTIME.
  private(set) var modificationTime: UInt32 = 0
  private var extraFlags: UInt8 = 0
  private(set) var operatingSystem: UInt8 = 0
  /// The extra field.
  private(set) var extra: [UInt8] = []
  private var name: [UInt8] = []
  private var comment: [UInt8] = []

  private let keepsText: Bool
  private var stage = Stage.fixed
  /// How many bytes of the stage have come, and the number that they make in stages that are numbers.
  private var count = 0
  private var number: UInt64 = 0
  private var extraLength = 0
  private var crc = CRC32()

  /// - Parameter keepsText: whether name and comment are wanted, or only checked.
  init(keepsText: Bool) { self.keepsText = keepsText }

  /// Back to the start of a header, keeping memory.
  mutating func reset() {
    stage = .fixed
    count = 0
    number = 0
    extraLength = 0
    extra.removeAll(keepingCapacity: true)
    name.removeAll(keepingCapacity: true)
    comment.removeAll(keepingCapacity: true)
    crc.reset()
  }

  /// Whether not one byte has come yet.
  var isAtStart: Bool { stage == .fixed && count == 0 }

  /// Takes bytes of the header.
  ///
  /// - Parameters:
  ///   - input: bytes that may belong to the header.
  ///   - used: where in `input` the header's next byte stands; moved on.
  ///   - position: the offset of `input` in the stream, for errors.
  /// - Returns: whether the header is complete.
  mutating func consume(_ input: RawSpan, _ used: inout Int, at position: UInt64) throws(CodecError) -> Bool {
    let start = used
    // The common header: 10 bytes, no flags, all there.
    if isAtStart, input.byteCount - used >= 10, input.uint32(at: used) == 0x0008_8B1F {
      flags = []
      modificationTime = input.uint32(at: used + 4)
      extraFlags = input.byte(at: used + 8)
      operatingSystem = input.byte(at: used + 9)
      used += 10
      stage = .done
      return true
    }
    var checked = start
    while used < input.byteCount, stage != .done {
      if stage == .checksum, count == 0 {
        crc.update(input.extracting(checked..<used))
        checked = used
      }
      let byte = input.byte(at: used)
      let offset = position + UInt64(used)
      if stage == .extra {
        // An extra field comes in one piece.
        let taken = min(input.byteCount - used, extraLength - extra.count)
        unsafe input.extracting(used..<used + taken).withUnsafeBytes { unsafe extra.append(contentsOf: $0) }
        used += taken
        if extra.count == extraLength { advance() }
        continue
      }
      used += 1
      try take(byte, at: offset)
    }
    if stage != .done, stage != .checksum || count == 0 { crc.update(input.extracting(checked..<used)) }
    return stage == .done
  }

  private mutating func take(_ byte: UInt8, at offset: UInt64) throws(CodecError) {
    switch stage {
    case .fixed: try takeFixed(byte, at: offset)
    case .extraLength:
      gather(byte)
      if count == 2 {
        extraLength = Int(number)
        advance()
      }
    case .name, .comment:
      count += 1
      guard count <= Self.maximumTextLength else {
        throw CodecError(
          .limitExceeded, inputOffset: offset,
          reason: "the stored \(stage == .name ? "name" : "comment") exceeds \(Self.maximumTextLength) bytes")
      }
      if byte == 0 {
        advance()
      } else if keepsText {
        if stage == .name { name.append(byte) } else { comment.append(byte) }
      }
    case .checksum:
      gather(byte)
      if count == 2 {
        guard number == UInt64(crc.value & 0xFFFF) else {
          throw CodecError(
            .checksumMismatch, inputOffset: offset - 1, reason: "the checksum of the header does not match it")
        }
        advance()
      }
    case .extra, .done: break
    }
  }

  private mutating func takeFixed(_ byte: UInt8, at offset: UInt64) throws(CodecError) {
    switch count {
    case 0 where byte != 0x1F, 1 where byte != 0x8B:
      throw CodecError(.corrupt, inputOffset: offset - UInt64(count), reason: "no gzip header where one must be")
    case 2 where byte != 8:
      throw CodecError(
        .unsupportedFeature, inputOffset: offset, reason: "unsupported compression method \(byte); only 8 is defined")
    case 3:
      flags = GzipHeader.Flags(rawValue: byte)
      guard flags.isDisjoint(with: .reserved) else {
        throw CodecError(.unsupportedFeature, inputOffset: offset, reason: "reserved header flags are set")
      }
    case 8: extraFlags = byte
    case 9: operatingSystem = byte
    default: break
    }
    if (4...7).contains(count) { number |= UInt64(byte) << UInt64(8 * (count - 4)) }
    count += 1
    if count == 10 {
      modificationTime = UInt32(truncatingIfNeeded: number)
      advance()
    }
  }

  private mutating func gather(_ byte: UInt8) {
    number |= UInt64(byte) << UInt64(8 * count)
    count += 1
  }

  /// Goes on to the next stage that the flags ask for.
  private mutating func advance() {
    repeat {
      stage = Stage(rawValue: stage.rawValue + 1) ?? .done
    } while !isPresent(stage)
    count = 0
    number = 0
  }

  private func isPresent(_ stage: Stage) -> Bool {
    switch stage {
    case .fixed, .done: true
    case .extraLength: flags.contains(.extra)
    case .extra: flags.contains(.extra) && extraLength > 0
    case .name: flags.contains(.name)
    case .comment: flags.contains(.comment)
    case .checksum: flags.contains(.checksum)
    }
  }

  /// The complete header.
  func header() -> GzipHeader {
    var header = GzipHeader()
    header.isText = flags.contains(.text)
    header.hasChecksum = flags.contains(.checksum)
    header.modificationTime = modificationTime == 0 ? nil : modificationTime
    header.extraFlags = extraFlags
    header.operatingSystem = operatingSystem
    if flags.contains(.name) { header.fileName = Self.latin1(name) }
    if flags.contains(.comment) { header.comment = Self.latin1(comment) }
    if flags.contains(.extra) {
      header.extraSize = extra.count
      header.extraFields = Self.fields(extra)
    }
    return header
  }

  private static func latin1(_ bytes: [UInt8]) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: bytes.map { Unicode.Scalar($0) })
    return String(text)
  }

  /// The sub-fields up to the first that does not fit: a malformed list is no reason to refuse the data.
  private static func fields(_ extra: [UInt8]) -> [GzipHeader.ExtraField] {
    var fields: [GzipHeader.ExtraField] = []
    var at = 0
    while extra.count - at >= 4 {
      let size = Int(extra[at + 2]) | Int(extra[at + 3]) << 8
      guard extra.count - at - 4 >= size else { break }
      fields.append(.init(id: Array(extra[at..<at + 2]), bytes: Array(extra[at + 4..<at + 4 + size])))
      at += 4 + size
    }
    return fields
  }
}
