// SPDX-License-Identifier: Apache-2.0

/// What PMM calls the ways to pack a backup.

/// A value of PMM's enumeration but the one that stands for none of them.
enum PMMCompression: String, Hashable, CaseIterable, Sendable {
  case `default` = "DEFAULT"
  case none = "NONE"
  case quickLZ = "QUICKLZ"
  case zstd = "ZSTD"
  case lz4 = "LZ4"
  case s2 = "S2"
  case gzip = "GZIP"
  case snappy = "SNAPPY"
  case pgzip = "PGZIP"

  /// The word in JSON.
  var word: String { "BACKUP_COMPRESSION_\(rawValue)" }

  /// The codec; `nil` for what the instance says.
  var codec: String? { self == .default ? nil : rawValue.lowercased() }

  /// The value for a codec, whatever its parameters are.
  init(codec spec: String) {
    let name = spec.prefix { $0 != ":" }.lowercased()
    self = Self.allCases.first { $0.codec == name } ?? .default
  }
}
