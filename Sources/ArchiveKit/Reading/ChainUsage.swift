// SPDX-License-Identifier: Apache-2.0

/// What an archive takes from the archives below it.
internal import CodecKit

/// One archive of a chain, and what the archive at its end needs of it.
public struct ChainMemberUsage: Hashable, Sendable {
  /// Its depth: 0 for the full archive.
  public let depth: UInt32
  /// The file it was found in; where it was not, the name that it had. Empty for the archive at the end.
  public let name: String
  /// Identifies it.
  public let uuid: ArchiveUUID
  /// What it says of itself; `nil` when it is not there, or was merged into another one.
  public let summary: ArchiveSummary?
  /// The depth of the archive that holds its data: its own, or that of one into which it was merged; `nil` when none was
  /// found.
  public let holder: UInt32?
  /// Why it cannot be used; `nil` when it can be.
  public let error: ArchiveError?
  /// Whether nothing but its index is there.
  public let isIndex: Bool
  /// The bytes of files that lie in it; what several files share counts for each.
  public fileprivate(set) var usedBytes: UInt64 = 0
  /// The stored bytes that a restore of everything reads from it, if each block is read once; 0 when it was merged.
  public fileprivate(set) var readBytes: UInt64 = 0
}

/// What a tree takes from each archive of its chain.
public struct ChainUsage: Hashable, Sendable {
  /// The archives, the full one first, the archive itself last.
  public fileprivate(set) var members: [ChainMemberUsage]
  /// Whether the whole tree could be looked at.
  public fileprivate(set) var isComplete = true
}

extension ArchiveReader {
  /// Walks the tree and finds out what it needs of each archive of the chain.
  ///
  /// - Throws: what says that the archive is damaged.
  public func chainUsage() throws(ArchiveError) -> ChainUsage {
    var usage = ChainUsage(members: [])
    for ordinal in 0...summary.superblock.depth { usage.members.append(describe(ordinal)) }
    var needed: [UInt32: [Range<UInt64>]] = [:]
    var cursor = entries()
    while true {
      do throws(ArchiveError) {
        guard let entry = try cursor.next() else { break }
        guard entry.kind == .file, entry.size > 0 else { continue }
        try forEachRun(of: entry) { (run: ContentRun) throws(ArchiveError) in
          guard case .chunks(let ordinal, let first, let count, let length) = run else { return }
          usage.members[Int(ordinal)].usedBytes &+= length
          guard let place = try? place(ordinal, first, count) else {
            usage.isComplete = false
            return
          }
          needed[place.holder, default: []].append(ending: place.first..<(place.first + count))
        }
      } catch {
        guard error.isMissingArchive else { throw error }
        usage.isComplete = false
        _ = cursor.skipLeaf()
      }
    }
    for (holder, ranges) in needed {
      guard let member = try? member(holder), !member.isDetachedIndex else { continue }
      usage.members[Int(holder)].readBytes = try member.storedBytes(of: ChunkRanges(ranges).ranges)
    }
    return usage
  }

  private func describe(_ ordinal: UInt32) -> ChainMemberUsage {
    let isOwn = ordinal == own.depth
    let hint = isOwn ? "" : String(decoding: ancestors[Int(ordinal)].name, as: UTF8.self)
    let uuid = isOwn ? summary.superblock.uuid : ancestors[Int(ordinal)].uuid
    do throws(ArchiveError) {
      let member = try member(ordinal)
      let isThere = member.depth == ordinal
      return ChainMemberUsage(
        depth: ordinal, name: isThere ? member.name ?? "" : hint, uuid: uuid, summary: isThere ? member.summary : nil,
        holder: member.depth, error: nil, isIndex: isThere && member.isDetachedIndex)
    } catch {
      return ChainMemberUsage(
        depth: ordinal, name: hint, uuid: uuid, summary: nil, holder: nil, error: error, isIndex: false)
    }
  }
}

extension ChainMember {
  /// The stored bytes of the blocks that hold some chunks, headers included.
  fileprivate func storedBytes(of ranges: [Range<UInt64>]) throws(ArchiveError) -> UInt64 {
    var bytes: UInt64 = 0
    // The first chunk behind the blocks that have been counted.
    var counted: UInt64 = 0
    for range in ranges {
      var next = max(range.lowerBound, counted)
      while next < range.upperBound {
        let (number, record) = try block(ofChunk: next)
        let end = number + 1 < blocks.count ? try blocks.record(number + 1).firstChunk : chunkCount
        guard end > next else { throw .corrupt("the table of blocks is not in order") }
        bytes += UInt64(FrameHeader.size) + UInt64(record.storedLength)
        (next, counted) = (end, end)
      }
    }
    return bytes
  }
}

extension [Range<UInt64>] {
  /// Appends a range. Files mostly use what was stored one after another.
  fileprivate mutating func append(ending range: Range<UInt64>) {
    if let last, last.upperBound == range.lowerBound {
      self[count - 1] = last.lowerBound..<range.upperBound
    } else {
      append(range)
    }
  }
}
