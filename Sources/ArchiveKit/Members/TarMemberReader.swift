// SPDX-License-Identifier: Apache-2.0

/// Reads what stands before the data of members in a tar stream: ustar, GNU, pax, and the old form.
internal import CodecKit
internal import SystemIO

/// Finds one member after the other. Whoever uses it takes the data of a member before it asks for the next.
struct TarMemberReader {
  /// The most bytes of headers that belong to one member, or to all of them.
  private static let headerLimit = 8 << 20
  private static let maximumHeaders = 1024
  /// The most pieces of data of a file with holes.
  static let maximumRegions = 1 << 20

  private let input: StreamInput
  private var global = PaxHeader()
  /// Bytes that fill up the data of the member before.
  private var padding: UInt64 = 0
  private(set) var hasEnded = false

  init(_ input: StreamInput) { self.input = input }

  /// Whether a stream begins as a tar stream of a form that bears a name.
  static func begins(_ input: StreamInput) throws(ArchiveError) -> Bool {
    TarBlock(try input.peek(TarBlock.size))?.isNamed == true
  }

  /// The next member; `nil` at the end of the stream.
  ///
  /// - Throws: `notAnArchive` when not even the first header is one, `truncated`, `corrupt`, `limitExceeded`.
  mutating func next() throws(ArchiveError) -> TarMember? {
    if hasEnded { return nil }
    if padding > 0 {
      guard try input.take(Int(padding)).count == Int(padding) else { throw truncated("within a member") }
      padding = 0
    }
    var own = PaxHeader()
    var longPath: [UInt8]?
    var longTarget: [UInt8]?
    var headers = 0
    var weight = 0
    while true {
      let start = input.offset
      guard let block = try nextBlock(afterHeaders: headers > 0) else { return nil }
      let kind = block.kind
      guard "xgXLKN".utf8.contains(kind) else {
        var member = try member(block, global.adding(own), longPath, longTarget, at: start)
        // A link may have data, as POSIX allows, or only the size of what it leads to.
        if member.kind == .hardLink, member.length > 0, try isHeaderNext() { member.length = 0 }
        if kind == UInt8(ascii: "S") { member.sparse = .regions(try oldRegions(block, &member)) }
        try finish(&member, at: start)
        padding = (UInt64(TarBlock.size) - member.length % UInt64(TarBlock.size)) % UInt64(TarBlock.size)
        member.offset = input.offset
        return member
      }
      headers += 1
      guard let length = block.length, length >= 0 else { throw .corrupt("a tar header has no size", at: start) }
      weight = length > Self.headerLimit ? .max : weight + Int(length)
      guard weight <= Self.headerLimit, headers <= Self.maximumHeaders else {
        throw ArchiveError(.limitExceeded, "a tar member has more headers than are read", offset: start)
      }
      let content = try contents(Int(length))
      switch kind {
      case UInt8(ascii: "L"): longPath = content.prefix { $0 != 0 }.map(\.self)
      case UInt8(ascii: "K"): longTarget = content.prefix { $0 != 0 }.map(\.self)
      case UInt8(ascii: "g"):
        guard global.take(content) else { throw .corrupt("a pax header is not well formed", at: start) }
        guard global.weight <= Self.headerLimit else {
          throw ArchiveError(.limitExceeded, "the global pax headers say more than is read", offset: start)
        }
      case UInt8(ascii: "N"): break
      default: guard own.take(content) else { throw .corrupt("a pax header is not well formed", at: start) }
      }
    }
  }

  // MARK: - Blocks

  /// The next header; `nil` at the end of the stream.
  private mutating func nextBlock(afterHeaders: Bool) throws(ArchiveError) -> TarBlock? {
    let start = input.offset
    var bytes = try input.take(TarBlock.size)
    if Self.isEnd(bytes), !afterHeaders {
      // Two empty blocks are the end; one that is followed by more members is a seam.
      let second = try input.peek(TarBlock.size)
      if TarBlock(second) == nil {
        guard second.allSatisfy({ $0 == 0 }) else { throw .corrupt("a tar header is damaged", at: input.offset) }
        hasEnded = true
        return nil
      }
      bytes = try input.take(TarBlock.size)
    }
    guard bytes.count == TarBlock.size else {
      throw truncated(bytes.isEmpty ? "without its end mark" : "within a header")
    }
    guard let block = TarBlock(bytes) else {
      if start == 0 { throw ArchiveError(.notAnArchive, "this is no tar stream") }
      throw .corrupt("a tar header is damaged", at: start)
    }
    return block
  }

  private static func isEnd(_ bytes: [UInt8]) -> Bool { bytes.count == TarBlock.size && bytes.allSatisfy { $0 == 0 } }

  private func isHeaderNext() throws(ArchiveError) -> Bool {
    let bytes = try input.peek(TarBlock.size)
    return TarBlock(bytes) != nil || bytes.allSatisfy { $0 == 0 }
  }

  /// What a header of its own says, without the bytes that fill it up.
  private func contents(_ length: Int) throws(ArchiveError) -> [UInt8] {
    let blocks = (length + TarBlock.size - 1) / TarBlock.size * TarBlock.size
    let bytes = try input.take(blocks)
    guard bytes.count == blocks else { throw truncated("within a header") }
    return Array(bytes.prefix(length))
  }

  private func truncated(_ place: String) -> ArchiveError {
    ArchiveError(.truncated, "the tar stream ends \(place)", offset: input.offset)
  }

  // MARK: - Members

  private func member(
    _ block: TarBlock, _ pax: PaxHeader, _ longPath: [UInt8]?, _ longTarget: [UInt8]?, at start: UInt64
  ) throws(ArchiveError) -> TarMember {
    func number(_ key: String, _ field: Int64?) throws(ArchiveError) -> Int64 {
      if let text = pax[key], !text.isEmpty {
        guard let value = TarNumber.decimal(text), value <= UInt64(Int64.max) else {
          throw .corrupt("a pax header has an impossible number", at: start)
        }
        return Int64(value)
      }
      guard let field else { throw .corrupt("a tar header has an impossible number", at: start) }
      return field
    }
    func text(_ key: String) -> [UInt8]? {
      guard let value = pax[key], !value.isEmpty else { return nil }
      return value
    }
    let path = text("GNU.sparse.name") ?? text("path") ?? longPath ?? block.path
    var member = TarMember(kind: Self.kind(block.kind, path), path: path)
    member.target = text("linkpath") ?? longTarget ?? block.target
    member.mode = UInt16(truncatingIfNeeded: (block.mode ?? 0) & 0o7777)
    member.owner = ArchiveEntry.Owner(
      uid: UInt32(clamping: try number("uid", block.uid)), gid: UInt32(clamping: try number("gid", block.gid)),
      user: text("uname") ?? block.user, group: text("gname") ?? block.group)
    if let value = text("mtime") {
      guard let time = PaxHeader.time(value) else { throw .corrupt("a pax header has an impossible time", at: start) }
      member.modified = time
    } else {
      guard let seconds = block.seconds else { throw .corrupt("a tar header has an impossible time", at: start) }
      member.modified = Timestamp(seconds: seconds)
    }
    member.device = (UInt32(clamping: block.major ?? 0), UInt32(clamping: block.minor ?? 0))
    member.attributes = pax.attributes
    let length = try number("size", block.length)
    guard length >= 0, length <= Int64.max - 1024 else { throw .corrupt("a member has an impossible size", at: start) }
    member.length = Self.hasData(block.kind) ? UInt64(length) : 0
    member.size = member.length
    if member.kind == .entry(.file) { try addSparse(pax, to: &member, at: start) }
    return member
  }

  private static func kind(_ byte: UInt8, _ path: [UInt8]) -> TarMember.Kind {
    switch byte {
    // A name that ends in a slash is how the oldest form tells a directory.
    case 0, UInt8(ascii: "0"): path.last == EntryPath.slash ? .entry(.directory) : .entry(.file)
    case UInt8(ascii: "7"), UInt8(ascii: "S"): .entry(.file)
    case UInt8(ascii: "1"): .hardLink
    case UInt8(ascii: "2"): .entry(.symbolicLink)
    case UInt8(ascii: "3"): .entry(.characterDevice)
    case UInt8(ascii: "4"): .entry(.blockDevice)
    case UInt8(ascii: "5"), UInt8(ascii: "D"): .entry(.directory)
    case UInt8(ascii: "6"): .entry(.fifo)
    case UInt8(ascii: "V"): .label
    default: .other(byte)
    }
  }

  /// Whether data follow the header. Links to names, directories and devices have a size at times, and no data.
  private static func hasData(_ byte: UInt8) -> Bool { !"23456V".utf8.contains(byte) }

  // MARK: - Files with holes

  /// What pax records say of a file with holes.
  private func addSparse(_ pax: PaxHeader, to member: inout TarMember, at start: UInt64) throws(ArchiveError) {
    guard let size = (pax["GNU.sparse.realsize"] ?? pax["GNU.sparse.size"]).flatMap({ TarNumber.decimal($0) }) else {
      return
    }
    if pax["GNU.sparse.major"].flatMap({ TarNumber.decimal($0) }) == 1 {
      member.size = size
      member.sparse = .textInData
      return
    }
    var numbers = pax.regions
    if let map = pax["GNU.sparse.map"] {
      numbers = map.split(separator: UInt8(ascii: ",")).map { TarNumber.decimal($0) ?? .max }
    } else if pax["GNU.sparse.numblocks"] == nil {
      return
    }
    member.size = size
    member.sparse = .regions(try Self.regions(numbers, at: start))
  }

  /// Pieces of data from pairs of offset and length.
  static func regions(_ numbers: [UInt64], at start: UInt64) throws(ArchiveError) -> [Range<UInt64>] {
    guard numbers.count % 2 == 0 else { throw impossibleMap(start) }
    var regions: [Range<UInt64>] = []
    for place in stride(from: 0, to: numbers.count, by: 2) {
      let (end, overflow) = numbers[place].addingReportingOverflow(numbers[place + 1])
      guard !overflow, end <= UInt64(Int64.max) else { throw impossibleMap(start) }
      regions.append(numbers[place]..<end)
    }
    return regions
  }

  static func impossibleMap(_ start: UInt64) -> ArchiveError {
    .corrupt("a file with holes has an impossible map", at: start)
  }

  /// The pieces that stand in a header of GNU's old form and in blocks behind it.
  private func oldRegions(_ block: TarBlock, _ member: inout TarMember) throws(ArchiveError) -> [Range<UInt64>] {
    let start = input.offset
    guard let size = block.expandedSize, size >= 0 else { throw Self.impossibleMap(start) }
    member.size = UInt64(size)
    var (fields, continues) = block.regions
    var numbers: [UInt64] = []
    while true {
      var place = fields.startIndex
      while place < fields.endIndex, fields[place] != 0 {
        guard let number = TarNumber(fields[place..<(place + 12)]), number.value >= 0 else {
          throw Self.impossibleMap(start)
        }
        numbers.append(UInt64(number.value))
        place += 12
      }
      guard continues else { return try Self.regions(numbers, at: start) }
      guard numbers.count < 2 * Self.maximumRegions else { throw Self.impossibleMap(start) }
      let next = try input.take(TarBlock.size)
      guard next.count == TarBlock.size else { throw truncated("within a header") }
      (fields, continues) = (next[0..<504], next[504] != 0)
    }
  }

  /// Throws unless pieces and sizes fit together.
  private func finish(_ member: inout TarMember, at start: UInt64) throws(ArchiveError) {
    guard member.size <= UInt64(Int64.max) else { throw .corrupt("a member has an impossible size", at: start) }
    guard case .regions(let regions) = member.sparse else { return }
    try Self.check(regions, size: member.size, length: member.length, at: start)
  }

  /// Throws unless pieces follow one another, lie within the file and have all its data.
  static func check(_ regions: [Range<UInt64>], size: UInt64, length: UInt64, at start: UInt64) throws(ArchiveError) {
    var position: UInt64 = 0
    var sum: UInt64 = 0
    for region in regions {
      guard region.lowerBound >= position, region.upperBound <= size else { throw impossibleMap(start) }
      position = region.upperBound
      sum += region.upperBound - region.lowerBound
    }
    guard sum == length else { throw impossibleMap(start) }
  }

  /// Reads the map that stands before the data of a file: decimal numbers, a line each, filled up to whole blocks.
  ///
  /// - Returns: the pieces; the length of the member is now that of the data alone.
  func readMap(_ member: inout TarMember) throws(ArchiveError) -> [Range<UInt64>] {
    let start = member.offset
    var numbers: [UInt64] = []
    var digits: [UInt8] = []
    var wanted: Int?
    while wanted.map({ numbers.count < $0 }) ?? true {
      guard member.length >= UInt64(TarBlock.size) else { throw Self.impossibleMap(start) }
      let block = try input.take(TarBlock.size)
      guard block.count == TarBlock.size else { throw truncated("within a member") }
      member.length -= UInt64(TarBlock.size)
      for byte in block {
        if wanted.map({ numbers.count >= $0 }) ?? false { break }
        guard byte == 0x0A else {
          guard digits.count < 20 else { throw Self.impossibleMap(start) }
          digits.append(byte)
          continue
        }
        guard let number = TarNumber.decimal(digits) else { throw Self.impossibleMap(start) }
        digits = []
        if wanted != nil {
          numbers.append(number)
        } else {
          guard number <= UInt64(Self.maximumRegions) else { throw Self.impossibleMap(start) }
          wanted = 2 * Int(number)
        }
      }
    }
    let regions = try Self.regions(numbers, at: start)
    try Self.check(regions, size: member.size, length: member.length, at: start)
    return regions
  }
}
