// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// How many threads an option stands for.
enum ThreadCount {
  /// More than this many help nobody, and cost memory.
  static let maximum = 256

  /// The number of workers: one per core for 0, at least one, at most ``maximum``.
  static func workers(_ threads: Int) -> Int {
    min(maximum, max(1, threads == 0 ? Int(ck_core_count()) : threads))
  }
}
