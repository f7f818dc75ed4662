// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

/// How a file is called after compressing or decompressing it.
enum TargetName {
  /// The name of the compressed form.
  static func compressed(_ path: Path, suffix: String) -> Path {
    path.appending(suffix: suffix)
  }

  /// The name of the plain form: without the codec's suffix, and `.tgz` and its like become `.tar`.
  ///
  /// - Returns: `nil` when the name has no suffix of the codec.
  static func plain(_ path: Path, suffixes: [String]) -> Path? {
    for suffix in suffixes {
      if let plain = path.removing(suffix: suffix), isName(plain) { return plain }
      let tar = ".t" + suffix.dropFirst()
      if let plain = path.removing(suffix: tar), isName(plain) { return plain.appending(suffix: ".tar") }
    }
    return nil
  }

  /// The name of the plain form, whichever codec the suffix is of.
  static func plain(_ path: Path, _ codecs: [any Codec]) -> Path? {
    for codec in codecs {
      if let plain = plain(path, suffixes: codec.descriptor.suffixes) { return plain }
    }
    return nil
  }

  /// A suffix alone is no name: `.gz` has nothing to be called without it.
  private static func isName(_ path: Path) -> Bool {
    !path.lastComponent.isEmpty && path.bytes.last != UInt8(ascii: "/")
  }

  /// The same last component in another folder.
  static func inFolder(_ folder: Path?, _ path: Path) -> Path {
    folder.map { $0.joining(path.lastComponent) } ?? path
  }
}
