// SPDX-License-Identifier: Apache-2.0

/// How the memory that a user allows becomes the window that a decoder may use.
enum MemoryLimit {
  /// What the process uses besides a window: buffers, tables, itself.
  static let besidesWindow: UInt64 = 32 << 20

  /// The default of `--max-memory`: windows to 128 MiB, the reference tool's own limit.
  static let standard: UInt64 = 160 << 20

  /// The largest window that fits.
  static func window(within memory: UInt64) -> UInt64 {
    max(1 << 20, memory - min(memory, besidesWindow))
  }

  /// The memory to allow for a window.
  static func needed(forWindow window: UInt64) -> UInt64 {
    window.addingReportingOverflow(besidesWindow).overflow ? .max : window + besidesWindow
  }
}
