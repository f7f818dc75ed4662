// SPDX-License-Identifier: Apache-2.0

/// Finds the parts of a damaged stream that can be decoded on their own.
///
/// The ``Salvager`` asks for what stands at a position, decodes it, tells what came of it, and goes on where the walker
/// says. Everything that a walker reads may be damaged or made up: it believes a size only when something else confirms
/// it, and needs constant memory.
public protocol SalvageWalker: AnyObject {
  /// What decodes pieces. It is reset before each one.
  var engine: any StreamEngine { get }

  /// What stands at a position.
  ///
  /// - Parameters:
  ///   - offset: where the last step ended; 0 first.
  ///   - input: the stream.
  /// - Returns: what to do. A step that ends where it begins must change the walker's mind about what comes next.
  func next(at offset: UInt64, in input: SalvageInput) -> SalvageStep

  /// Takes note of what a piece delivers. Default: does nothing.
  ///
  /// - Parameter content: decoded bytes, in order.
  func note(_ content: RawSpan)

  /// Decides what a piece was, after it has been decoded or has failed to.
  ///
  /// - Parameters:
  ///   - piece: the piece.
  ///   - result: what came of it.
  ///   - input: the stream, to search for where the piece ends when its own sizes are damaged.
  /// - Returns: where to go on, and how much the piece holds. The end must lie behind the start of the piece.
  func conclude(_ piece: SalvagePiece, _ result: PieceResult, in input: SalvageInput) -> PieceConclusion
}

extension SalvageWalker {
  /// Does nothing.
  public func note(_ content: RawSpan) {}
}

/// What a walker found at a position.
public enum SalvageStep: Hashable, Sendable {
  /// Nothing: the stream is done.
  case end
  /// Bytes without content, up to a position: headers, padding, an index.
  case pass(to: UInt64)
  /// Something to decode.
  case piece(SalvagePiece)
  /// Bytes that cannot be decoded, up to a position, or that are missing: what they held, when that is certain, and what
  /// is wrong with them.
  case gap(to: UInt64, contentSize: UInt64?, fault: CodecError)
  /// The bytes up to a position prove that the content which was delivered last, from a position of the stream on, is not
  /// what was written, though each of its pieces decodes.
  case doubt(from: UInt64, to: UInt64, contentSize: UInt64, fault: CodecError)
}

/// A part of a stream that becomes a stream of its own when it is wrapped.
public struct SalvagePiece: Hashable, Sendable {
  /// Where it begins.
  public var offset: UInt64
  /// Where it ends; `nil` when only decoding can tell.
  public var end: UInt64?
  /// How many bytes it holds, when that is certain enough to fill a hole of this size.
  public var contentSize: UInt64?
  /// What the engine gets before the piece.
  public var prologue: [UInt8]
  /// How many of the piece's first bytes the prologue stands in for.
  public var replaced: Int
  /// What the engine gets after the piece.
  public var epilogue: [UInt8]
  /// The most bytes that it can hold, for a piece which is delivered as a whole or not at all; at most 8 MiB. `nil` for a
  /// piece that is delivered as it comes.
  public var wholeSize: Int?
  /// How many bytes it is expected to hold: what comes beyond is held back until the piece proves to be sound, so that a
  /// damaged one does not push away what follows. Being wrong costs nothing. `nil` when nothing is expected.
  public var expectedSize: UInt64?
  /// How many bytes it must hold, for a piece that is delivered as a whole: one that holds more or less is damaged, and
  /// delivered up to this size all the same. `nil` when any number will do.
  public var exactSize: Int?
  /// Damage that does not keep the piece from being decoded, to be reported all the same.
  public var repaired: CodecError?

  /// Makes a piece that is delivered as it comes, from its own bytes alone.
  ///
  /// - Parameters:
  ///   - offset: where it begins.
  ///   - end: where it ends; `nil` when only decoding can tell.
  ///   - contentSize: how many bytes it holds, when that is certain enough.
  public init(offset: UInt64, end: UInt64?, contentSize: UInt64? = nil) {
    self.offset = offset
    self.end = end
    self.contentSize = contentSize
    prologue = []
    replaced = 0
    epilogue = []
  }
}

/// What came of decoding a piece.
public struct PieceResult: Hashable, Sendable {
  /// How many bytes were delivered.
  public var produced: UInt64
  /// Why it ended early, with an offset in the stream; `nil` when all is well.
  public var fault: CodecError?

  /// Makes a result.
  public init(produced: UInt64, fault: CodecError? = nil) {
    self.produced = produced
    self.fault = fault
  }
}

/// What a walker makes of a piece that has been decoded, or has failed to.
public struct PieceConclusion: Hashable, Sendable {
  /// Where to go on.
  public var end: UInt64
  /// How many bytes the piece holds, when that is certain enough to fill a hole of this size.
  public var contentSize: UInt64?

  /// Makes a conclusion.
  public init(end: UInt64, contentSize: UInt64?) {
    self.end = end
    self.contentSize = contentSize
  }
}
