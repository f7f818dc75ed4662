// SPDX-License-Identifier: Apache-2.0

/// What seeds are made of.
import CodecKit
import Foundation
import TestSupport

/// Small data and the fixtures.
enum Samples {
  /// Data of several sorts.
  static let contents: [[UInt8]] =
    [
      [], [0], Array("abc".utf8), TestInputs.bytes(.text, 700), TestInputs.bytes(.rows, 1500),
      TestInputs.bytes(.random, 300), TestInputs.bytes(.zeros, 5000), TestInputs.bytes(.pages, 3000),
    ]

  /// The data compressed by a codec with some options.
  static func packed(
    _ codec: some Codec, _ variants: [(inout CompressionOptions) -> Void] = [{ _ in }]
  ) throws -> [[UInt8]] {
    try contents.flatMap { content in
      try variants.map { try codec.compress(content, CompressionOptions($0)) }
    }
  }

  /// The same with a few levels, and without a checksum.
  static func packedVariously(_ codec: some Codec) throws -> [[UInt8]] {
    try packed(
      codec, [{ _ in }, { $0.level = .fastest }, { $0.level = .smallest }, { $0.checksum = false }])
  }

  /// The files of a folder of `fixtures` that are at most so large.
  static func fixtures(_ folder: String, _ suffix: String = "", largest: Int = 4096) -> [[UInt8]] {
    let root = Vectors.packageRoot.appending(path: "fixtures/\(folder)")
    let names = ((try? FileManager.default.subpathsOfDirectory(atPath: root.path)) ?? []).sorted()
    return names.filter { $0.hasSuffix(suffix) && !$0.hasSuffix(".json") }.compactMap { name in
      guard let data = try? Data(contentsOf: root.appending(path: name)), data.count <= largest else { return nil }
      return Array(data)
    }
  }
}
