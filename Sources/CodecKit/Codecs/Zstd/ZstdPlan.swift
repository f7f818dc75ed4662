// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// What is written for a set of options: the level's number, the cutting and the parameters, all decided at the start.
struct ZstdPlan: Sendable {
  let codec: Zstd
  let level: Int
  /// How many bytes of input go into a frame; `nil` for one frame of whatever size.
  let frameSize: Int?
  let checksum: Bool
  let contentSize: UInt64?
  let dictionary: CodecDictionary?
  /// The window to ask for, if not the level's own.
  let windowLog: Int?
  /// Whether what was written is decoded and compared.
  let verifies: Bool

  /// Decides.
  init(_ codec: Zstd, _ options: CompressionOptions) throws(CodecError) {
    self.codec = codec
    let number = try Zstd.levels.resolve(options.level, codec: Zstd.id)
    let level = number == 0 ? Zstd.levels.balanced : number
    let windowLog = codec.windowLog ?? (codec.longDistanceMatching ? 27 : nil)
    if let windowLog, !ZstdFormat.windowLogRange.contains(windowLog) {
      throw CodecError(.invalidOption, codec: Zstd.id, reason: "a window of 2^\(windowLog) bytes is not possible: 2^10 to 2^31 are")
    }
    if let size = options.chunkSize {
      guard ZstdFormat.frameSizeRange.contains(size) else {
        throw CodecError(
          .invalidOption, codec: Zstd.id, reason: "a chunk of \(size) bytes is not possible: 128 KiB to 1 GiB are")
      }
      frameSize = size
    } else {
      let size = codec.framing == .single ? nil : Self.frameSize(level: level)
      frameSize = if let size, windowLog.map({ 1 << $0 <= size }) ?? true { size } else { nil }
    }
    self.level = level
    self.windowLog = windowLog
    checksum = options.checksum
    contentSize = options.contentSize
    dictionary = options.dictionary
    verifies = codec.seam.verifies ?? Self.needsVerification(level: level, strategy: codec.strategy)
  }

  /// A frame is two windows long or more, or cutting would cost too much ratio: the windows are 2 MiB at level 3, 4 MiB
  /// from 9, 8 MiB from 17. Against one frame, on 125 MB of mixed files, this costs 0.1 % of size at levels 1 and 3,
  /// 0.6 % at 6, 0.4 to 0.8 % from 7 to 19 (frames of 4 MiB would cost 1.3 % at level 9). From level 20 on the windows
  /// are 32 MiB and more: such frames would need more memory than levels that are chosen for size alone are worth
  /// cutting for.
  private static func frameSize(level: Int) -> Int? {
    switch level {
    case ...6: 4 << 20
    case 7...9: 8 << 20
    case 10...15: 16 << 20
    case 16...19: 32 << 20
    default: nil
    }
  }

  /// libzstd 1.5.0 to 1.5.4 could write corrupt frames with its thorough strategies, very rarely; 1.5.5 has the repair.
  /// Levels take these strategies from 13 on.
  private static func needsVerification(level: Int, strategy: Zstd.Strategy?) -> Bool {
    guard ck_zstd_version() < 10505 else { return false }
    return level >= 13 || strategy.map { $0.rawValue >= Zstd.Strategy.btlazy2.rawValue } ?? false
  }

  /// The level at which a frame is written again when it failed verification: the highest without the suspect
  /// strategies.
  static let safeLevel = 12

  /// The most bytes that `count` bytes become in one call.
  func bound(_ count: Int) -> Int? {
    guard let frameSize else { return ck_zstd_bound(count) + 64 }
    let (full, rest) = count.quotientAndRemainder(dividingBy: frameSize)
    let (frames, overflow) = full.multipliedReportingOverflow(by: ck_zstd_bound(frameSize))
    guard !overflow, frames < Int.max / 2 else { return nil }
    return frames + ck_zstd_bound(rest) + ZstdSeekTable.packedSize(frames: full + 1)
  }
}

/// What only tests set: a fault between compressing and verifying, and verification at any level.
struct ZstdSeam: Hashable, Sendable {
  /// Verify, or do not, whatever level and library version say.
  var verifies: Bool?
  /// The index of the frame whose last byte is altered after it was written: the first time only, or every time.
  var damagedFrame: UInt64?
  var damagesAgain = false
}
