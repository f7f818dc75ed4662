// SPDX-License-Identifier: Apache-2.0

/// Lets a part of what is written through: from an offset, for a length. Behind it, it may wait for more than so many bytes
/// to come, so that what stands behind them has been checked.
struct PartSink<Base: ByteSink & ~Copyable>: ByteSink, ~Copyable {
  /// Why a pump into a part stops.
  enum Failure: Error {
    /// All of the part has been written, and nothing more is waited for.
    case complete
    /// The sink below failed.
    case base(Base.Failure)
  }

  private var base: Base
  private var skip: UInt64
  private var rest: UInt64?
  private let awaiting: () -> UInt64?
  private var awaited: UInt64?
  /// Whether all of the part has been written.
  var isComplete: Bool { rest == 0 }
  /// How many bytes went through.
  private(set) var written: UInt64 = 0

  /// - Parameters:
  ///   - base: gets the part.
  ///   - skip: how many bytes come before the part.
  ///   - count: how many bytes the part has; `nil` for all.
  ///   - awaiting: how many bytes behind the part to wait for; `nil` for none. Asked once, when the part is complete.
  init(_ base: consuming Base, skip: UInt64, count: UInt64?, awaiting: @escaping () -> UInt64?) {
    self.base = base
    self.skip = skip
    rest = count
    self.awaiting = awaiting
  }

  mutating func write(_ bytes: RawSpan) throws(Failure) {
    let skipped = Int(min(skip, UInt64(bytes.byteCount)))
    skip -= UInt64(skipped)
    var part = bytes.dropping(skipped)
    if let rest { part = part.extracting(first: Int(min(rest, UInt64(part.byteCount)))) }
    if part.byteCount > 0 {
      do throws(Base.Failure) { try base.write(part) } catch { throw .base(error) }
      written += UInt64(part.byteCount)
    }
    guard let rest else { return }
    if rest > 0, rest == UInt64(part.byteCount) { awaited = awaiting() }
    self.rest = rest - UInt64(part.byteCount)
    guard self.rest == 0 else { return }
    let behind = UInt64(bytes.byteCount - skipped - part.byteCount)
    guard let awaited, awaited >= behind else { throw .complete }
    self.awaited = awaited - behind
  }

  /// Gives the sink back.
  consuming func finish() -> Base { base }
}
