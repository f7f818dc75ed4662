// SPDX-License-Identifier: Apache-2.0

// Dictionaries for bare blocks, made from samples of what is to come.

extension S2: DictionaryTraining {
  /// Makes a dictionary for bare blocks (``S2Raw``); streams cannot use one.
  ///
  /// The segments that most samples share are gathered, those that are worth most at the end, where copies are shortest.
  ///
  /// - Parameters:
  ///   - samples: typical inputs, each as it will be compressed.
  ///   - options: the size is used, at most 64 KiB and a few bytes.
  /// - Returns: the dictionary.
  /// - Throws: ``CodecError`` with `invalidOption` when the samples are too few or too small.
  public func trainDictionary(
    from samples: [[UInt8]], _ options: DictionaryTrainingOptions
  ) throws(CodecError) -> CodecDictionary {
    try S2DictionaryTrainer(maximumSize: options.maximumSize).train(samples)
  }
}

extension S2Raw: DictionaryTraining {
  /// Makes a dictionary, as ``S2/trainDictionary(from:_:)`` does.
  ///
  /// - Parameters:
  ///   - samples: typical inputs, each as it will be compressed.
  ///   - options: the size is used, at most 64 KiB and a few bytes.
  /// - Returns: the dictionary.
  /// - Throws: ``CodecError`` with `invalidOption` when the samples are too few or too small.
  public func trainDictionary(
    from samples: [[UInt8]], _ options: DictionaryTrainingOptions
  ) throws(CodecError) -> CodecDictionary {
    try S2DictionaryTrainer(maximumSize: options.maximumSize).train(samples)
  }
}

/// Chooses what goes into a dictionary.
struct S2DictionaryTrainer {
  /// The most bytes that the dictionary may have, its number included.
  var maximumSize: Int

  /// What is counted: runs of so many bytes.
  private static let grain = 8
  /// What is chosen at a time.
  private static let segment = 64

  func train(_ samples: [[UInt8]]) throws(CodecError) -> CodecDictionary {
    guard maximumSize >= 64 else { throw refusal("a dictionary has at least 64 bytes, not \(maximumSize)") }
    let samples = samples.filter { !$0.isEmpty }
    let total = samples.reduce(0) { $0 + $1.count }
    guard samples.count >= 2, total >= 256 else {
      throw refusal(
        "\(samples.count) samples with \(total) bytes are too few: give at least 2 with 256 bytes, better hundreds")
    }
    let capacity = min(maximumSize - 3, S2DictionaryContent.sizes.upperBound)
    let content = gather(samples, capacity)
    // Most inputs begin alike: the first repeat reads from where the typical beginning stands.
    let index = repeatIndex(content, samples)
    return CodecDictionary(S2Format.varint(UInt64(index)) + content)
  }

  /// The segments of most worth, the best last.
  private func gather(_ samples: [[UInt8]], _ capacity: Int) -> [UInt8] {
    var worth = counts(samples)
    var chosen: [(bytes: ArraySlice<UInt8>, worth: Int)] = []
    var size = 0
    // Samples are taken in turn, the best segment of each, until nothing is worth its room.
    var isProductive = true
    while size < capacity, isProductive {
      isProductive = false
      for sample in samples where size < capacity {
        guard let best = bestSegment(sample, worth), best.worth > 0 else { continue }
        isProductive = true
        let bytes = sample[best.range].prefix(capacity - size)
        chosen.append((bytes, best.worth))
        size += bytes.count
        // What is in the dictionary need not be there twice.
        for position in best.range where position + Self.grain <= sample.count {
          worth[Self.hash(sample, position)] = 0
        }
      }
    }
    chosen.sort { $0.worth < $1.worth }
    var content = chosen.flatMap(\.bytes)
    if content.count < min(capacity, 256), let typical = samples.last {
      // Samples that share nothing: the last of them is as good as any.
      content = Array(typical.suffix(capacity - content.count)) + content
    }
    while content.count < S2DictionaryContent.sizes.lowerBound { content.insert(0, at: 0) }
    return content
  }

  /// In how many samples each run occurs, beyond the first.
  private func counts(_ samples: [[UInt8]]) -> [Int] {
    var counts = [Int](repeating: -1, count: 1 << Self.hashBits)
    var seen = [Int](repeating: -1, count: 1 << Self.hashBits)
    for (number, sample) in samples.enumerated() where sample.count >= Self.grain {
      for position in 0...(sample.count - Self.grain) {
        let hash = Self.hash(sample, position)
        guard seen[hash] != number else { continue }
        seen[hash] = number
        counts[hash] += 1
      }
    }
    return counts.map { max(0, $0) }
  }

  private func bestSegment(_ sample: [UInt8], _ worth: [Int]) -> (range: Range<Int>, worth: Int)? {
    guard sample.count >= Self.grain else { return nil }
    let values = (0...(sample.count - Self.grain)).map { worth[Self.hash(sample, $0)] }
    let width = min(values.count, Self.segment - Self.grain + 1)
    var sum = values[..<width].reduce(0, +)
    var best = (start: 0, worth: sum)
    for end in width..<max(width, values.count) {
      sum += values[end] - values[end - width]
      if sum > best.worth { best = (end - width + 1, sum) }
    }
    return (best.start..<min(sample.count, best.start + width + Self.grain - 1), best.worth)
  }

  /// Where in the content the beginning that most samples share stands, or 0.
  private func repeatIndex(_ content: [UInt8], _ samples: [[UInt8]]) -> Int {
    var beginnings: [[UInt8]: Int] = [:]
    for sample in samples where sample.count >= Self.grain {
      beginnings[Array(sample.prefix(Self.grain)), default: 0] += 1
    }
    let common = beginnings.max { ($0.value, $1.key.description) < ($1.value, $0.key.description) }
    guard let (typical, count) = common, count > 1, content.count > 2 * Self.grain else { return 0 }
    let last = content.count - Self.grain - 1
    return stride(from: last, through: 0, by: -1).first { content[$0..<$0 + Self.grain].elementsEqual(typical) } ?? 0
  }

  private static let hashBits = 18

  private static func hash(_ bytes: [UInt8], _ position: Int) -> Int {
    var word: UInt64 = 0
    for index in 0..<grain { word |= UInt64(bytes[position + index]) << (8 * UInt64(index)) }
    return Int((word &* 0xCF1B_BCDC_B7A5_6463) >> UInt64(64 - hashBits))
  }

  private func refusal(_ reason: String) -> CodecError {
    CodecError(.invalidOption, codec: S2.id, reason: reason)
  }
}
