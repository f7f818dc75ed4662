// SPDX-License-Identifier: Apache-2.0

/// Where a file with holes has data, as a tar archive says it.

/// The data of a file with holes, as GNU's sparse format 1.0 has it.
///
/// Readers of that format do not agree on what follows data that does not end at a multiple of 512 bytes, so all but the
/// last do: they take in a few zeros of the hole behind them, or all of it.
struct SparseMap {
  /// What the content of an entry is made of.
  enum Piece {
    case chunks(ordinal: UInt32, first: UInt64, count: UInt64, length: UInt64)
    case zeros(UInt64)
  }

  /// The data, in order.
  private(set) var regions: [Range<UInt64>] = []
  /// All data, one region after the other.
  private(set) var pieces: [Piece] = []
  private let size: UInt64

  /// - Parameters:
  ///   - runs: the content of the file.
  ///   - size: its size.
  init(_ runs: [ContentRun], size: UInt64) {
    self.size = size
    var position: UInt64 = 0
    var hole: UInt64 = 0
    for run in runs {
      switch run {
      case .hole(let length): hole += length
      case .chunks(let ordinal, let first, let count, let length):
        addHole(hole, at: position)
        position += hole
        hole = 0
        if let last = regions.last, last.upperBound == position {
          regions[regions.count - 1] = last.lowerBound..<(position + length)
        } else {
          regions.append(position..<(position + length))
        }
        pieces.append(.chunks(ordinal: ordinal, first: first, count: count, length: length))
        position += length
      }
    }
  }

  /// Zeros between data that stand in the archive.
  private mutating func addHole(_ length: UInt64, at position: UInt64) {
    guard length > 0, let last = regions.last else { return }
    let block = UInt64(TarHeader.blockSize)
    let missing = (block - (last.upperBound - last.lowerBound) % block) % block
    let zeros = min(missing, length)
    guard zeros > 0 else { return }
    pieces.append(.zeros(zeros))
    regions[regions.count - 1] = last.lowerBound..<(last.upperBound + zeros)
  }

  /// Whether any hole is left.
  var hasHoles: Bool { dataLength < size }

  /// The bytes of all regions.
  var dataLength: UInt64 { regions.reduce(0) { $0 + UInt64($1.count) } }

  /// The map as it stands before the data, filled up to whole blocks.
  var bytes: [UInt8] {
    // A hole at the end is told by a region of no bytes behind it.
    let endsInHole = regions.last.map { $0.upperBound < size } ?? true
    var text = Array("\(regions.count + (endsInHole ? 1 : 0))\n".utf8)
    for region in regions { text += Array("\(region.lowerBound)\n\(region.upperBound - region.lowerBound)\n".utf8) }
    if endsInHole { text += Array("\(size)\n0\n".utf8) }
    let rest = text.count % TarHeader.blockSize
    if rest > 0 { text += repeatElement(0, count: TarHeader.blockSize - rest) }
    return text
  }
}
