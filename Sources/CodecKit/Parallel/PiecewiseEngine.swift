// SPDX-License-Identifier: Apache-2.0

/// A decoder of a format whose streams hold pieces that can be decoded without what precedes them: frames, members,
/// independent blocks.
///
/// This is all that a format adds to be decoded by several threads: a ``PieceScanner`` that finds pieces ahead, a
/// ``PieceUnpacker`` that workers run, and here the engine that decodes the same stream alone. It stays the one that
/// knows the stream: it is told of each piece in order, reads what lies between, and takes over where a piece fails. So
/// an error is the same, at the same place, after the same output, as with one thread.
protocol PiecewiseEngine: StreamEngine {
  /// Whether the engine stands where a piece may begin: nothing is gathered or held, and a scanner can look at what
  /// comes next.
  var isAtBorder: Bool { get }

  /// Whether a step ends, with `needsOutput`, whenever the engine has come to a border.
  var pausesAtBorders: Bool { get set }

  /// A scanner for what comes next. Only at a border.
  ///
  /// - Parameter largestPiece: what a piece may decode to; a larger one is nobody's but the engine's.
  func makeScanner(largestPiece: Int) -> any PieceScanner

  /// An unpacker for the use of one thread at a time.
  func makePieceUnpacker() throws(CodecError) -> any PieceUnpacker

  /// Takes note of a piece that an unpacker has decoded, as if a step had. Only at a border.
  ///
  /// - Parameters:
  ///   - piece: the piece.
  ///   - content: what it was decoded to.
  ///   - digest: the checksum up to the end of the piece, when the scanner has asked for it.
  /// - Throws: what a step would have thrown, when the piece does not suit what went before. Its content is not to be
  ///   delivered then.
  func accept(_ piece: RawSpan, content: RawSpan, digest: (any PieceDigest)?) throws(CodecError)

  /// The checksum that spans pieces, as it is now. Only at a border. Default: none.
  func makeDigest() -> (any PieceDigest)?
}

extension PiecewiseEngine {
  /// No checksum spans pieces.
  func makeDigest() -> (any PieceDigest)? { nil }
}

/// What a scanner found at the front of what it was given.
enum PieceScan: Hashable {
  /// A piece, all of it there, that needs no more than `room` bytes when decoded.
  case piece(size: Int, room: Int, digest: DigestStep = .none)
  /// Bytes between pieces, of which nothing is delivered: headers, checksums, padding.
  case passage(size: Int)
  /// Too little to tell: at least so many bytes from the front must be there, as far as is known.
  case more(Int)
  /// Nothing that can be decoded apart: the engine must go on, until it comes to a border again.
  case serial
}

/// Finds the pieces of a stream without decoding them. What it says is a guess that costs time when it is wrong, never
/// a wrong result.
protocol PieceScanner: AnyObject {
  /// Tells what comes next, and moves behind it when that is a piece or a passage.
  ///
  /// - Parameter input: the bytes behind the last piece or passage.
  func next(_ input: RawSpan) -> PieceScan
}

/// Decodes pieces: the opposite of a ``ChunkPacker``. Holds one native context, and is used by one thread at a time.
protocol PieceUnpacker: AnyObject {
  /// Decodes one piece and checks whatever in it can be checked.
  ///
  /// - Parameters:
  ///   - piece: the piece.
  ///   - output: has the room that the scanner asked for.
  /// - Returns: whether the piece is sound. The engine looks into one that is not.
  func unpack(_ piece: RawSpan, into output: inout OutputRawSpan) -> Bool
}

/// The engine for a stream on several threads, or the given one when there is to be one thread only.
///
/// Any engine gains from the second thread: reading and writing go on beside the decoding. A ``PiecewiseEngine`` has its
/// pieces decoded by all.
///
/// - Parameters:
///   - engine: decodes the stream alone.
///   - options: how many threads, and how much memory may be used.
func makeParallelDecoder(_ engine: any StreamEngine, _ options: DecompressionOptions) -> any StreamEngine {
  let workers = ThreadCount.workers(options.threads)
  return workers == 1 ? engine : ParallelDecompressionEngine(engine, workers: workers, options.limits)
}
