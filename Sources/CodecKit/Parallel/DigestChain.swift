// SPDX-License-Identifier: Apache-2.0

/// A checksum over content that spans many pieces, and so must be computed in their order.
protocol PieceDigest: AnyObject {
  /// Back to nothing.
  func restart()

  /// Goes on with the content of a piece.
  func update(_ content: RawSpan)

  /// One that has seen the same.
  func copy() -> any PieceDigest
}

/// What a piece means to the checksum that spans pieces.
enum DigestStep: Hashable {
  /// It is not under one.
  case none
  /// It is the first under it.
  case first
  /// It goes on.
  case next
}

/// Has checksums that span pieces computed by the workers: by whoever has decoded a piece, while its content is in the
/// processor's cache, or by the one that it waits for.
///
/// Computed by the thread that takes the results, they would be what everything waits for.
final class DigestChain: @unchecked Sendable {
  private struct State {
    /// The number of the slot whose turn it is.
    var next = 0
    var waiting: [Int: DecodingSlot] = [:]
    var isBusy = false
  }

  // Used by the worker that has made the state busy.
  private var digest: any PieceDigest
  private let state = Guarded(State())

  /// - Parameter digest: has seen what comes before the first slot.
  init(_ digest: any PieceDigest) { self.digest = digest }

  /// Takes a slot that has been decoded, and goes on with it, and with those that waited for it, when it is their turn.
  func decoded(_ slot: DecodingSlot) {
    var turn = state.withLock { state -> DecodingSlot? in
      state.waiting[slot.number] = slot
      return state.isBusy ? nil : Self.takeTurn(&state)
    }
    while let current = turn {
      current.computeDigests(by: digest)
      current.giveBack()
      turn = state.withLock { state in Self.takeTurn(&state) }
    }
  }

  private static func takeTurn(_ state: inout State) -> DecodingSlot? {
    let slot = state.waiting.removeValue(forKey: state.next)
    state.isBusy = slot != nil
    if slot != nil { state.next += 1 }
    return slot
  }
}
