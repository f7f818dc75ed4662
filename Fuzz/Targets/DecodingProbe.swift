// SPDX-License-Identifier: Apache-2.0

/// Decodes any bytes in several ways, within limits, and compares what comes of it.
import CodecKit
import TestSupport

/// Tries a decoder.
enum DecodingProbe {
  /// The most that may come out.
  static let largestOutput = 1 << 20
  /// The most that a frame may keep in memory.
  static let largestWindow: UInt64 = 8 << 20

  /// The options for an input; what differs between inputs follows from their bytes.
  static func options(_ input: [UInt8]) -> DecompressionOptions {
    DecompressionOptions {
      $0.limits.maximumOutputSize = UInt64(largestOutput)
      $0.limits.maximumWindowSize = largestWindow
      $0.trailingData = [.reject, .report, .ignore][Int(XXH3.of(input) % 3)]
    }
  }

  /// Decodes in one piece and in many: the same bytes and the same error, within the limits, and without a useless step.
  @discardableResult
  static func check(
    _ codec: any Codec, _ input: [UInt8], _ configure: (inout DecompressionOptions) -> Void = { _ in }
  ) throws -> StreamOutcome? {
    let seed = XXH3.of(input)
    var options = options(input)
    configure(&options)
    let whole = StreamDriver(rooms: .fixed(64 << 10), maximumOutput: largestOutput)
    guard let first = try run(codec, options, input, whole) else { return nil }
    let pieces = StreamDriver(
      pieces: .random(seed: seed, upTo: 3000), rooms: .random(seed: ~seed, upTo: 20_000),
      finishesWithData: seed & 1 == 0, maximumOutput: largestOutput)
    guard let second = try run(codec, options, input, pieces) else { return nil }
    try require(
      same(first, second, codec, options),
      "in one piece: \(first.summary); in pieces: \(second.summary)")
    return first
  }

  /// Decodes with several threads as with one.
  static func compareThreads(_ codec: any Codec, _ input: [UInt8]) throws {
    let seed = XXH3.of(input)
    var options = options(input)
    let driver = StreamDriver(
      pieces: .random(seed: seed, upTo: 30_000), rooms: .fixed(64 << 10), maximumOutput: largestOutput)
    guard let serial = try run(codec, options, input, driver) else { return }
    options.threads = 2 + Int(seed % 3)
    guard let parallel = try run(codec, options, input, driver) else { return }
    try require(
      same(serial, parallel, codec, options),
      "with one thread: \(serial.summary); with \(options.threads): \(parallel.summary)")
  }

  /// Of errors the words may differ: one may know more of what the data is instead. Where a deflate library finds a fault or the
  /// end of what there is, it keeps back what it cannot tell from memory that nobody has written, or from the half of a code, and
  /// it does not know how much of what it read ahead it has understood: all this depends on where it began.
  /// How far has been read when a limit is passed is no promise.
  ///
  /// libzstd decodes a frame by another loop when it meets its dictionary for the first time, which leaves more damage to the
  /// checksum than the one that comes after it.
  private static func same(
    _ one: StreamOutcome, _ other: StreamOutcome, _ codec: any Codec, _ options: DecompressionOptions
  ) -> Bool {
    if options.dictionary != nil, codec.descriptor.id == "zstd", one.error != nil, other.error != nil { return true }
    guard one.error?.code == other.error?.code else { return false }
    guard one.error != nil, deflateCodecs.contains(codec.descriptor.id.rawValue) else {
      let isSamePlace = one.error?.inputOffset == other.error?.inputOffset || one.error?.code == .limitExceeded
      return one.output == other.output && isSamePlace && one.notices == other.notices
    }
    return one.output.starts(with: other.output) || other.output.starts(with: one.output)
  }

  /// The codecs over deflate.
  static let deflateCodecs: Set<String> = ["gzip", "pgzip", "zlib", "deflate"]

  /// Decodes once; `nil` when the options are refused.
  static func run(
    _ codec: any Codec, _ options: DecompressionOptions, _ input: [UInt8], _ driver: StreamDriver
  ) throws -> StreamOutcome? {
    func open(_ codec: some Codec) throws -> StreamOutcome? {
      var stream: Decompressor
      do { stream = try Decompressor(codec, options) } catch { return nil }
      var outcome = driver.run(&stream, input)
      outcome.notices = stream.notices
      try require(outcome.violations.isEmpty, "\(driver.summary): \(outcome.violations)")
      try require(outcome.finished || outcome.error != nil, "\(driver.summary): neither an end nor an error")
      try require(
        outcome.error?.code != .internalInconsistency, "\(driver.summary): \(outcome.error.map { "\($0)" } ?? "")")
      try require(outcome.steps <= 64 * input.count + 2 * outcome.output.count + 64, "\(outcome.steps) steps")
      return outcome
    }
    return try open(codec)
  }
}
