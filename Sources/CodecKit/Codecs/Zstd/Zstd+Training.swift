// SPDX-License-Identifier: Apache-2.0

// Training as any codec does it; ``ZstdDictionaryTrainer`` is the form that takes samples one by one.

extension Zstd: DictionaryTraining {
  /// Makes a dictionary.
  ///
  /// - Parameters:
  ///   - samples: typical inputs, each as it will be compressed.
  ///   - options: size, level and number.
  /// - Returns: the dictionary.
  /// - Throws: ``CodecError`` with `invalidOption` when the samples are too few or too small, and `levelOutOfRange`.
  public func trainDictionary(
    from samples: [[UInt8]], _ options: DictionaryTrainingOptions
  ) throws(CodecError) -> CodecDictionary {
    var trainer = ZstdDictionaryTrainer()
    trainer.maximumSize = options.maximumSize
    trainer.level = options.level
    trainer.identifier = options.identifier
    for sample in samples { trainer.add(sample) }
    return try trainer.train()
  }
}
