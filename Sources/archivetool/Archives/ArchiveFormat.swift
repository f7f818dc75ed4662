// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// A kind of archive with files and directories in it: all that `list`, `extract` and `test` have to know of one.
protocol ArchiveFormat: Sendable {
  /// What it is called, as codecs are.
  var name: String { get }

  /// Whether a file with this beginning is such an archive.
  func recognizes(_ prefix: [UInt8]) -> Bool

  /// Goes through an archive from its beginning to its end.
  ///
  /// - Parameters:
  ///   - input: the archive; its prefix has been read.
  ///   - options: limits and dictionary.
  ///   - visitor: is told of everything that is met.
  ///   - progress: is told of each step.
  /// - Throws: what ends the archive between its entries. A file that is damaged, also by the end of the archive, is told
  ///   to the visitor.
  func walk(
    _ input: inout OpenedInput, _ options: DecompressionOptions, telling visitor: any ArchiveVisitor,
    progress: ProgressMonitor
  ) throws(Failure)
}

/// Is told what stands in an archive, in its order.
protocol ArchiveVisitor: AnyObject {
  /// A directory or a file begins.
  ///
  /// - Returns: whether the content of the file is wanted; it is not decoded otherwise.
  func begin(_ entry: ArchiveEntry) -> Bool

  /// The next bytes of the file that began last.
  func write(_ content: RawSpan)

  /// The file that began last ends.
  ///
  /// - Parameters:
  ///   - sizes: how large it is, in the archive and plain.
  ///   - failure: what is wrong with it; what was written of it is right as far as it goes.
  func end(_ sizes: ArchiveEntry.Sizes, failure: Failure?)

  /// An entry, with all that is in it, is passed over.
  ///
  /// - Parameter failure: why, and the name.
  func refuse(_ failure: Failure)
}

/// A file or directory in an archive.
struct ArchiveEntry {
  enum Kind: String {
    case file, directory
  }

  /// How large a file is.
  struct Sizes {
    /// Plain.
    var content: UInt64 = 0
    /// In the archive.
    var packed: UInt64 = 0
  }

  let kind: Kind
  /// The names of the directories that it lies in, and its own. No name is empty, `.` or `..`, or has a slash in it.
  let path: [[UInt8]]

  /// The path as one name.
  var name: [UInt8] { Array(path.joined(separator: [UInt8(ascii: "/")])) }
}

/// The archives that are known.
enum ArchiveFormats {
  static let all: [any ArchiveFormat] = [QuickLZArchive()]

  /// The format of a file with this beginning.
  static func format(of prefix: [UInt8]) -> (any ArchiveFormat)? { all.first { $0.recognizes(prefix) } }

  /// The format of an input; fails for one that is no archive.
  static func format(of input: borrowing OpenedInput) throws(Failure) -> any ArchiveFormat {
    if let format = format(of: input.prefix) { return format }
    guard !input.prefix.isEmpty else {
      throw Failure(CodecError(.truncated, inputOffset: 0, reason: "the input is empty"), input: input.name)
    }
    throw Failure(
      .unsupported, "unsupported: not an archive with files in it", input: input.name,
      hint: "archivetool decompress reads compressed files")
  }
}
