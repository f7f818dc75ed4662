// SPDX-License-Identifier: Apache-2.0

// Blocks and packets as pieces: what QuickLZ adds for decoding on several threads.

/// Walks from block to block, through an archive with one file.
final class QuickLZBlockScanner: PieceScanner {
  private let largestPiece: Int
  private var place: QuickLZArchivePlace
  private var chunkSize: Int
  /// Whether the file has ended: what follows is the decoder's affair.
  private var hasEnded = false

  init(_ place: QuickLZArchivePlace, chunkSize: Int, largestPiece: Int) {
    self.place = place
    self.chunkSize = chunkSize
    self.largestPiece = largestPiece
  }

  func next(_ input: RawSpan) -> PieceScan {
    guard !hasEnded else { return .serial }
    guard let extent = try? QuickLZArchiveFormat.extent(of: input, at: place, chunkSize: chunkSize) else {
      return .serial
    }
    switch extent {
    case .unknown(let needed): return .more(needed)
    case .known(.block(_, _, let packet), let length):
      return packet.scan(length: length, of: input, largestPiece: largestPiece)
    case .known(let item, let length):
      switch item {
      case .header(let size):
        chunkSize = size
        place = .entry
      case .file: place = .block
      case .trailer: hasEnded = true
      // Directories of an archive with one file are rare, and the decoder counts them.
      case .directory, .up, .block: return .serial
      }
      return .passage(size: length)
    }
  }
}

/// Checks and decodes blocks.
final class QuickLZBlockUnpacker: PieceUnpacker {
  private let decoder = QuickLZBlockDecoder()

  func unpack(_ piece: RawSpan, into output: inout OutputRawSpan) -> Bool {
    let packet = piece.dropping(QuickLZArchiveFormat.blockHeaderSize)
    guard let header = try? QuickLZHeader(packet) else { return false }
    let checksum = piece.uint32(at: QuickLZArchiveFormat.checksumOffset)
    return decoder.decode(piece, checksum: checksum, header, into: &output) == nil
  }
}

/// Walks from packet to packet, as long as they do not depend on each other.
final class QuickLZPacketScanner: PieceScanner {
  private let largestPiece: Int

  /// - Parameter largestPiece: what a packet may hold; 0 when packets depend on each other.
  init(largestPiece: Int) { self.largestPiece = largestPiece }

  func next(_ input: RawSpan) -> PieceScan {
    guard largestPiece > 0 else { return .serial }
    guard input.byteCount > 0 else { return .more(1) }
    guard input.byte(at: 0) & 0xC0 == 0x40 else { return .serial }
    let needed = QuickLZHeader.size(firstByte: input.byte(at: 0))
    guard input.byteCount >= needed else { return .more(needed) }
    guard let header = try? QuickLZHeader(input), header.streamingBits == 0 else { return .serial }
    return header.scan(length: header.packetSize, of: input, largestPiece: largestPiece)
  }
}

/// Decodes packets.
final class QuickLZPacketUnpacker: PieceUnpacker {
  private let decoder = QuickLZPacketDecoder()

  func unpack(_ piece: RawSpan, into output: inout OutputRawSpan) -> Bool {
    guard let header = try? QuickLZHeader(piece) else { return false }
    return decoder.decode(piece, header, into: &output) == nil
  }
}

extension QuickLZHeader {
  /// What a scanner says of a packet, or of the block that it lies in.
  fileprivate func scan(length: Int, of input: RawSpan, largestPiece: Int) -> PieceScan {
    // What cannot be right is not waited for.
    guard contentSize <= largestPiece, packetSize <= 2 * contentSize + 64 else { return .serial }
    return input.byteCount < length ? .more(length) : .piece(size: length, room: contentSize)
  }
}
