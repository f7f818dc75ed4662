// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// What is measured on: the user's files, or pieces from all over them.
struct BenchCorpus {
  /// The sample.
  let bytes: [UInt8]
  /// What it is, in words.
  let name: String
  /// How many files it comes from; 0 for what the tool makes itself.
  let files: Int
  /// The size of all of them; `nil` when that is not known, as of a pipe.
  let totalSize: UInt64?
  /// A checksum of the sample, by which two runs know that they measured the same.
  let digest: String

  init(_ bytes: [UInt8], name: String, files: Int, totalSize: UInt64?, canBeReadAgain: Bool = true) {
    self.bytes = bytes
    self.name = name
    self.files = files
    self.totalSize = totalSize
    self.canBeReadAgain = canBeReadAgain
    let hash = String(unsafe XXH3Wide.of(bytes.span.bytes), radix: 16)
    digest = "xxh128:" + String(repeating: "0", count: 32 - hash.count) + hash
  }

  /// The mix that the tool makes itself.
  static func builtIn(limit: UInt64) -> BenchCorpus {
    let bytes = SampleMix.bytes(Int(min(limit, UInt64(SampleMix.standardSize))))
    return BenchCorpus(bytes, name: SampleMix.name, files: 0, totalSize: UInt64(bytes.count))
  }

  /// Whether it holds only a part of the files.
  var isPart: Bool { totalSize.map { $0 > UInt64(bytes.count) } ?? false }

  /// Whether the files can be read once more: what came through a pipe cannot.
  let canBeReadAgain: Bool

  /// The first part of the sample.
  func beginning(_ size: Int) -> BenchCorpus {
    BenchCorpus(Array(bytes.prefix(size)), name: name, files: files, totalSize: nil, canBeReadAgain: false)
  }

  /// One line: `32 MiB in pieces from 3 files of 1.2 GiB`.
  var summary: String {
    let size = ByteCount(UInt64(bytes.count)).description
    if files == 0 { return "\(size) of \(name)" }
    let source = files == 1 ? name : "\(files) files"
    guard isPart, let totalSize else { return "\(size), \(source)" }
    return "\(size) in pieces from all over \(source) (\(ByteCount(totalSize)))"
  }

  /// How much is read in one place of a file that is too large for the sample. Larger than the window of nearly all
  /// levels, so that cutting costs little ratio, and aligned so that pages of databases stay whole.
  private static let pieceSize = 2 << 20
  private static let alignment = 64 << 10

  /// Where the pieces of a sample lie in files that are thought of as one.
  ///
  /// - Parameters:
  ///   - total: the size of all files together.
  ///   - limit: the size of the sample.
  /// - Returns: pieces without overlap, in order.
  static func pieces(total: UInt64, limit: UInt64) -> [Range<UInt64>] {
    guard total > limit, limit > 0 else { return total == 0 ? [] : [0..<total] }
    let count = max(1, limit / UInt64(pieceSize))
    let size = limit / count
    return (0..<count).map { index in
      let start = total / count * index
      let aligned = size >= UInt64(alignment) ? start - start % UInt64(alignment) : start
      return aligned..<(aligned + size)
    }
  }

  /// Reads a sample of files.
  ///
  /// - Parameters:
  ///   - files: the files and their sizes.
  ///   - limit: the largest sample.
  static func sample(_ files: [(path: Path, size: UInt64)], limit: UInt64) throws(Failure) -> BenchCorpus {
    let total = files.reduce(0) { $0 + $1.size }
    let pieces = pieces(total: total, limit: limit)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(min(total, limit)))
    var start: UInt64 = 0
    for file in files {
      let end = start + file.size
      let parts = pieces.compactMap { piece -> Range<UInt64>? in
        let part = max(piece.lowerBound, start)..<max(min(piece.upperBound, end), max(piece.lowerBound, start))
        return part.isEmpty ? nil : (part.lowerBound - start)..<(part.upperBound - start)
      }
      if !parts.isEmpty { try read(parts, of: file.path, into: &bytes) }
      start = end
    }
    let name = files.first.map { Escaping.visible($0.path.bytes) } ?? ""
    return BenchCorpus(bytes, name: name, files: files.count, totalSize: total)
  }

  private static func read(_ parts: [Range<UInt64>], of path: Path, into bytes: inout [UInt8]) throws(Failure) {
    do throws(IOError) {
      let file = try FileHandle.open(path)
      for part in parts {
        var piece = [UInt8](repeating: 0, count: part.count)
        let count = try unsafe piece.withUnsafeMutableBufferPointer {
          (room: inout UnsafeMutableBufferPointer<UInt8>) throws(IOError) -> Int in
          var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(room), initializedCount: 0)
          return try file.readFully(into: &output, at: Int64(part.lowerBound))
        }
        bytes += piece.prefix(count)
      }
    } catch {
      throw Failure(error, input: InputName(path: path.bytes))
    }
  }

  /// Reads the beginning of what cannot be sought in.
  static func beginning(of file: borrowing FileHandle, name: InputName, limit: UInt64) throws(Failure) -> BenchCorpus {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    do throws(IOError) {
      // One byte more than is wanted tells whether there is more.
      while UInt64(bytes.count) <= limit {
        let count = try unsafe piece.withUnsafeMutableBufferPointer {
          (room: inout UnsafeMutableBufferPointer<UInt8>) throws(IOError) -> Int in
          var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(room), initializedCount: 0)
          return try file.readFully(into: &output)
        }
        bytes += piece.prefix(count)
        if count < piece.count { break }
      }
    } catch {
      throw Failure(error, input: name)
    }
    let isWhole = UInt64(bytes.count) <= limit
    if !isWhole { bytes.removeLast(bytes.count - Int(limit)) }
    return BenchCorpus(
      bytes, name: (isWhole ? "" : "the beginning of ") + name.display, files: 1,
      totalSize: isWhole ? UInt64(bytes.count) : nil, canBeReadAgain: false)
  }
}
