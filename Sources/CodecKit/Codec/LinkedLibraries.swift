// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// A C library that this library is linked with.
public struct LinkedLibrary: Hashable, Sendable {
  /// Its usual name, such as `zstd`.
  public let name: String
  /// Its version, such as `1.5.4`.
  public let version: String

  /// Makes a description.
  public init(name: String, version: String) {
    self.name = name
    self.version = version
  }
}

/// The C libraries that do part of the work, with their versions: what a bug report should name.
public enum LinkedLibraries {
  /// All of them, in a fixed order. Libraries that can tell their version are asked; of libdeflate, ISA-L, snappy,
  /// xxhash and libcrypto it is the version that this library was built with.
  public static var all: [LinkedLibrary] {
    [
      unsafe library("zstd", ck_version_zstd()),
      unsafe library("lz4", ck_version_lz4()),
      unsafe library("snappy", ck_version_snappy()),
      unsafe library("zlib", ck_version_zlib()),
      unsafe library("libdeflate", ck_version_libdeflate()),
      unsafe library("ISA-L", ck_version_isal()),
      unsafe library("xxhash", ck_version_xxhash()),
      unsafe library("libcrypto", ck_version_libcrypto()),
    ]
  }

  private static func library(_ name: String, _ version: UnsafePointer<CChar>?) -> LinkedLibrary {
    LinkedLibrary(name: name, version: unsafe version.map { unsafe String(cString: $0) } ?? "unknown")
  }
}
