// SPDX-License-Identifier: Apache-2.0

/// One place where a stream is damaged, and what that means for the output.
public struct SalvageLoss: Hashable, Sendable {
  /// Which bytes of the stream are concerned; empty when bytes are missing there.
  public var input: Range<UInt64>
  /// Where in the output it begins.
  public var outputOffset: UInt64
  /// How many bytes from there on were delivered though the checksum that should vouch for them is wrong or missing.
  public var unverified: UInt64
  /// How many bytes behind those are lost, with zeros in their place; `nil` when nobody knows: then nothing stands in
  /// their place, and what follows has moved forward.
  public var lost: UInt64?
  /// Whether zeros stand in the place of lost bytes. Not at the end of a stream that is cut: nothing follows there.
  public var isFilled: Bool
  /// What is wrong.
  public var fault: CodecError

  /// Makes a loss.
  public init(
    input: Range<UInt64>, outputOffset: UInt64, unverified: UInt64, lost: UInt64?, isFilled: Bool, fault: CodecError
  ) {
    self.input = input
    self.outputOffset = outputOffset
    self.unverified = unverified
    self.lost = lost
    self.isFilled = isFilled
    self.fault = fault
  }

  /// Whether another loss continues this one without anything delivered between.
  func isContinued(by other: SalvageLoss) -> Bool {
    guard let lost, isFilled, other.isFilled, other.unverified == 0, other.lost != nil else { return false }
    return other.input.lowerBound == input.upperBound && other.outputOffset == outputOffset + unverified + lost
  }

  /// Takes in a loss that continues this one.
  mutating func append(_ other: SalvageLoss) {
    input = input.lowerBound..<other.input.upperBound
    lost = (lost ?? 0) + (other.lost ?? 0)
  }
}

/// What came of salvaging a stream.
public struct SalvageSummary: Hashable, Sendable {
  /// How many bytes the stream has.
  public var bytesIn: UInt64 = 0
  /// How many bytes were written, zeros included.
  public var bytesOut: UInt64 = 0
  /// How many places were damaged.
  public var losses: UInt64 = 0
  /// How many bytes are known to be lost.
  public var lostBytes: UInt64 = 0
  /// How many bytes were delivered that nothing vouches for.
  public var unverifiedBytes: UInt64 = 0
  /// How many places lost nobody knows how much: behind the first of them, nothing is where it was.
  public var unknownLosses: UInt64 = 0

  /// The summary of nothing.
  public init() {}

  /// Counts a loss in.
  mutating func note(_ loss: SalvageLoss) {
    losses += 1
    unverifiedBytes &+= loss.unverified
    if let lost = loss.lost { lostBytes &+= lost } else { unknownLosses += 1 }
  }
}
