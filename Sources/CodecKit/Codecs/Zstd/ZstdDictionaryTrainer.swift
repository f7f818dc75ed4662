// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Makes a dictionary from samples of the data that it is for.
///
/// ```swift
/// var trainer = ZstdDictionaryTrainer()
/// for record in records { trainer.add(record.span.bytes) }
/// let dictionary = try trainer.train()
/// ```
///
/// Train on whole small inputs as they will be compressed, many of them: hundreds, together about a hundred times as
/// large as the dictionary.
public struct ZstdDictionaryTrainer: Sendable {
  /// The most bytes that the dictionary may have. Default: 110 KiB, as the `zstd` tool. At least 256.
  public var maximumSize: Int = 112_640
  /// The level to prepare the dictionary for; it works at every level. Default: ``CompressionLevel/balanced``.
  public var level: CompressionLevel = .balanced
  /// The number that frames will name the dictionary by. Default: `nil`, one derived from its content. Numbers below
  /// 32768 and from 2^31 on are reserved by the format.
  public var identifier: UInt32? = nil

  private var samples: [UInt8] = []
  private var sizes: [Int] = []

  /// The fewest samples that can be trained on.
  public static let minimumSamples = 8
  /// The fewest bytes of samples that can be trained on.
  public static let minimumSampleBytes = 1024

  /// A trainer without samples.
  public init() {}

  /// How many samples there are.
  public var sampleCount: Int { sizes.count }

  /// How many bytes the samples have together. They are kept in memory.
  public var sampleBytes: Int { samples.count }

  /// Adds a sample. An empty one is passed over.
  ///
  /// - Parameter sample: one whole input, as it would be compressed.
  public mutating func add(_ sample: RawSpan) {
    guard !sample.isEmpty else { return }
    unsafe sample.withUnsafeBytes { unsafe samples.append(contentsOf: $0) }
    sizes.append(sample.byteCount)
  }

  /// Adds a sample.
  public mutating func add(_ sample: [UInt8]) {
    unsafe add(sample.span.bytes)
  }

  /// Trains.
  ///
  /// The same samples in the same order give the same dictionary.
  ///
  /// - Returns: a dictionary of at most ``maximumSize`` bytes.
  /// - Throws: ``CodecError`` with `invalidOption` when there are too few samples, or too little in them, or a setting
  ///   is out of range; the reason says what to do. `levelOutOfRange` and `outOfMemory` are possible too.
  /// - Complexity: O(n) in the size of the samples, about 10 MB/s; needs about 10 bytes a sample byte at most.
  public func train() throws(CodecError) -> CodecDictionary {
    let level = try Zstd.levels.resolve(self.level, codec: Zstd.id)
    guard maximumSize >= 256, maximumSize <= Int(Int32.max) else {
      throw refusal("a dictionary has from 256 bytes to 2 GiB, not \(maximumSize) bytes")
    }
    if let identifier, identifier < 32768 || identifier >= 1 << 31 {
      throw refusal("the dictionary number \(identifier) is reserved: choose one from 32768 to 2147483647")
    }
    guard sizes.count >= Self.minimumSamples else {
      throw refusal(
        "\(sizes.count) samples are too few to train on: give at least \(Self.minimumSamples), better hundreds")
    }
    guard samples.count >= Self.minimumSampleBytes else {
      throw refusal(
        "\(samples.count) bytes of samples are too few to train on: give at least \(Self.minimumSampleBytes), "
          + "better \(maximumSize * 100)")
    }
    guard UInt64(samples.count) < 1 << 32, UInt64(sizes.count) < 1 << 32 else {
      throw refusal("the samples have \(samples.count) bytes together: give less than 4 GiB")
    }
    var written = 0
    var status: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: maximumSize) { buffer, count in
      status = unsafe samples.withUnsafeBytes { samples in
        unsafe sizes.withUnsafeBufferPointer { sizes in
          unsafe ck_zstd_train(
            buffer.baseAddress, buffer.count, samples.baseAddress, sizes.baseAddress, UInt32(sizes.count),
            Int32(level), identifier ?? 0, &written)
        }
      }
      count = status == 0 ? written : 0
    }
    guard status == 0 else {
      let status = ZstdStatus(number: status)
      if status.error(at: nil).code == .outOfMemory { throw status.writingError() }
      throw CodecError(
        .invalidOption, codec: Zstd.id,
        reason: "the samples do not make a dictionary: give more of them (\(sizes.count) samples with "
          + "\(samples.count) bytes so far), together about \(maximumSize * 100) bytes, or a smaller dictionary",
        native: status.native)
    }
    return CodecDictionary(bytes)
  }

  private func refusal(_ reason: String) -> CodecError {
    CodecError(.invalidOption, codec: Zstd.id, reason: reason)
  }
}
