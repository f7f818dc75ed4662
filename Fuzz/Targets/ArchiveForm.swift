// SPDX-License-Identifier: Apache-2.0

/// Archives without what would only slow fuzzing down: the zeros of the superblock, its copy, and every checksum.
import ArchiveKit
import CodecKit

/// A short form of archives. It begins with a byte of choices and the length of the superblock without the zeros behind
/// its fields; frames follow as they are, but that the copy of the superblock has no body.
///
/// Expanding makes everything right that a mutation has made wrong and that is not itself of interest: lengths, offsets,
/// checksums, digests and roots. What the choices spare is left as it is, so that wrong ones are tried too.
struct ArchiveForm {
  /// What is not made right, by bits of the first byte.
  private struct Spared: OptionSet {
    let rawValue: UInt8
    static let lengths = Spared(rawValue: 1)
    static let offsets = Spared(rawValue: 2)
    static let tables = Spared(rawValue: 4)
    static let digests = Spared(rawValue: 8)
    static let footer = Spared(rawValue: 16)
    static let sums = Spared(rawValue: 128)
  }

  private enum Kind {
    static let data = 1
    static let indexBlocks: Set<Int> = [2, 3, 9]
    static let directory = 4
    static let ids = 5
    static let blocks = 6
    static let index = 7
    static let superblockCopy = 12
  }

  private static let headerSize = 64
  private static let footerMagic: [UInt8] = [0x89, 0x43, 0x4B, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
  private static let tagOffset = 52

  /// The short form of an archive.
  static func short(_ archive: [UInt8]) -> [UInt8] {
    let head = archive.prefix(Superblock.size - 8)
    let length = head.count - head.reversed().prefix { $0 == 0 }.count
    var form: [UInt8] = [0, UInt8(truncatingIfNeeded: length), UInt8(length >> 8)] + head.prefix(length)
    let tag = Array(archive[tagOffset..<tagOffset + 8])
    var offset = Superblock.size
    while archive.has(tag, at: offset), let size = archive.number(4, at: offset + 12) {
      let isCopy = archive.number(1, at: offset + 8) == Kind.superblockCopy
      form += archive[offset..<min(archive.count, offset + headerSize + (isCopy ? 0 : size))]
      offset += headerSize + size
    }
    return form + archive[min(offset, archive.count)...]
  }

  /// The archive of a short form.
  static func expand(_ form: [UInt8]) -> [UInt8] {
    var choices = OptionBytes(form)
    var expansion = ArchiveForm(
      spared: Spared(rawValue: UInt8(choices.byte())), head: choices.bytes(min(choices.short(), Superblock.size - 8)),
      rest: choices.data)
    return expansion.archive()
  }

  private let spared: Spared
  private var head: [UInt8]
  private let rest: [UInt8]
  private var frames: [Frame] = []
  private var footer: [UInt8] = []
  /// What stands behind the footer, or where one should be.
  private var tail: [UInt8] = []

  private struct Frame {
    var header: [UInt8]
    var body: [UInt8]
    var kind: Int { Int(header[8]) }
    var isPlain: Bool { header[9] == 0 }
  }

  private init(spared: Spared, head: [UInt8], rest: [UInt8]) {
    self.spared = spared
    self.head = head + [UInt8](repeating: 0, count: Superblock.size - 8 - head.count)
    self.rest = rest
  }

  private mutating func archive() -> [UInt8] {
    cut()
    head.append(contentsOf: [UInt8](repeating: 0, count: 8))
    head.put(XXH3.of(Array(head[..<(Superblock.size - 8)])), at: Superblock.size - 8)
    for index in frames.indices where frames[index].kind == Kind.superblockCopy { frames[index].body = head }
    if !spared.contains(.digests) { hashChunks() }
    var offsets: [Int] = []
    var position = Superblock.size
    for index in frames.indices {
      offsets.append(position)
      let size = frames[index].body.count
      if !spared.contains(.lengths) {
        frames[index].header.put(UInt32(size), at: 12)
        if frames[index].isPlain, frames[index].kind != Kind.data { frames[index].header.put(UInt32(size), at: 16) }
      }
      if !spared.contains(.offsets) {
        frames[index].header.put(UInt64(index), at: 24)
        frames[index].header.put(UInt64(position), at: 32)
      }
      position += Self.headerSize + size
    }
    if !spared.contains(.tables) { fillTables(offsets) }
    if !spared.contains(.digests) { hashLeaves() }
    return assembled(offsets, end: position)
  }

  /// Finds the frames: each begins with the tag.
  private mutating func cut() {
    let tag = Array(head[Self.tagOffset..<Self.tagOffset + 8])
    var offset = 0
    while rest.has(tag, at: offset), offset + Self.headerSize <= rest.count {
      let start = offset + Self.headerSize
      let stored = rest.number(4, at: offset + 12) ?? 0
      let isCopy = rest[offset + 8] == Kind.superblockCopy
      let next = isCopy ? start : start + stored
      let follows = next <= rest.count && (rest.has(tag, at: next) || rest.has(Self.footerMagic, at: next))
      let end =
        follows || spared.contains(.lengths)
        ? min(next, rest.count)
        : min(rest.next(tag, from: start) ?? rest.count, rest.next(Self.footerMagic, from: start) ?? rest.count)
      frames.append(Frame(header: Array(rest[offset..<start]), body: Array(rest[start..<end])))
      offset = end
    }
    if rest.has(Self.footerMagic, at: offset), rest.count >= offset + Footer.size {
      footer = Array(rest[offset..<offset + Footer.size])
      offset += Footer.size
    }
    tail = Array(rest[offset...])
  }

  /// The digests of chunks that are stored as they are, in their block and in the table.
  private mutating func hashChunks() {
    var ids = frames.firstIndex { $0.kind == Kind.ids && $0.isPlain }.map { (index: $0, body: frames[$0].body) }
    for index in frames.indices where frames[index].kind == Kind.data {
      let count = frames[index].header.number(4, at: 20) ?? 0
      let first = frames[index].header.number(8, at: 40) ?? .max
      var position = 0
      var chunks: [(place: Int, length: Int)] = []
      while chunks.count < min(count, 1000), let (length, end) = frames[index].body.varint(at: position) {
        guard length <= UInt64(frames[index].body.count) else { break }
        chunks.append((end, Int(length)))
        position = end + 32
      }
      for (number, chunk) in chunks.enumerated() {
        if frames[index].isPlain, position + chunk.length <= frames[index].body.count {
          let content = Array(frames[index].body[position..<position + chunk.length])
          frames[index].body.put(SHA256.hash(content).bytes, at: chunk.place)
          position += chunk.length
        }
        if first < 1 << 20, chunk.place + 32 <= frames[index].body.count {
          ids?.body.put(Array(frames[index].body[chunk.place..<chunk.place + 32]), at: 32 * (first + number))
        }
      }
    }
    if let ids { frames[ids.index].body = ids.body }
  }

  /// The places of blocks in the tables.
  private mutating func fillTables(_ offsets: [Int]) {
    var numbers = [Kind.blocks: 0, Kind.index: 0]
    for (index, frame) in frames.enumerated() {
      let isIndex = Kind.indexBlocks.contains(frame.kind)
      guard frame.kind == Kind.data || isIndex else { continue }
      let kind = isIndex ? Kind.index : Kind.blocks
      let number = numbers[kind] ?? 0
      numbers[kind] = number + 1
      guard let table = frames.firstIndex(where: { $0.kind == kind && $0.isPlain }) else { continue }
      let record = number * (isIndex ? 48 : 24)
      let raw = UInt32(frame.header.number(4, at: 16) ?? 0)
      frames[table].body.put(UInt64(offsets[index]), at: record)
      frames[table].body.put(UInt32(frame.body.count), at: record + (isIndex ? 8 : 16))
      frames[table].body.put(raw, at: record + (isIndex ? 12 : 20))
      if isIndex, frame.isPlain { frames[table].body.put(SHA256.hash(frame.body).bytes, at: record + 16) }
    }
  }

  /// The digests of tree blocks in the directory.
  private mutating func hashLeaves() {
    let blocks = frames.filter { Kind.indexBlocks.contains($0.kind) }
    for index in frames.indices where frames[index].kind == Kind.directory && frames[index].isPlain {
      var position = 0
      while let (length, text) = frames[index].body.varint(at: position), length < 1 << 20,
        let (_, second) = frames[index].body.varint(at: text + Int(length)),
        let (_, third) = frames[index].body.varint(at: second), let (block, end) = frames[index].body.varint(at: third)
      {
        if block < UInt64(blocks.count), blocks[Int(block)].isPlain {
          frames[index].body.put(SHA256.hash(blocks[Int(block)].body).bytes, at: end)
        }
        position = end + 32
      }
    }
  }

  /// Everything, with checksums and roots.
  private mutating func assembled(_ offsets: [Int], end: Int) -> [UInt8] {
    var bytes = head
    var headers: [UInt8] = []
    for index in frames.indices {
      if !spared.contains(.sums) {
        frames[index].header.put(XXH3.of(frames[index].body), at: 48)
        frames[index].header.put(XXH3.of(Array(frames[index].header[..<56])), at: 56)
      }
      headers += frames[index].header
      bytes += frames[index].header + frames[index].body
    }
    if !footer.isEmpty {
      if !spared.contains(.footer) { completeFooter(offsets, end: end) }
      if !spared.contains(.digests) {
        footer.put(contentRoot().bytes, at: 152)
        footer.put(SHA256.hash(headers).bytes, at: 184)
      }
      if !spared.contains(.sums) { footer.put(XXH3.of(Array(footer[..<248])), at: 248) }
    }
    return bytes + footer + tail
  }

  private mutating func completeFooter(_ offsets: [Int], end: Int) {
    footer.put(UInt64(end), at: 32)
    footer.put(UInt64(frames.count), at: 40)
    for (place, kind) in [(88, Kind.directory), (104, Kind.ids), (120, Kind.blocks), (136, Kind.index)] {
      let parts = frames.indices.filter { frames[$0].kind == kind }
      guard let first = parts.first else { continue }
      footer.put(UInt64(offsets[first]), at: place)
      footer.put(UInt64(parts.reduce(0) { $0 + Self.headerSize + frames[$1].body.count }), at: place + 8)
    }
    if let copy = frames.firstIndex(where: { $0.kind == Kind.superblockCopy }) {
      footer.put(UInt64(offsets[copy]), at: 216)
    }
  }

  private func contentRoot() -> SHA256Digest {
    var ids: [UInt8] = []
    var directory: [UInt8] = []
    for frame in frames {
      if frame.kind == Kind.ids { SHA256.hash(frame.body).append(to: &ids) }
      if frame.kind == Kind.directory { directory += frame.body }
    }
    var text = Array("CKA1 content".utf8) + head[76..<108] + [1]
    text += footer[80..<88]
    SHA256.hash(ids).append(to: &text)
    SHA256.hash(directory).append(to: &text)
    return SHA256.hash(text)
  }
}
