// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// The flags that say what of a tree is archived, and how.
struct SourceOptions: Sendable {
  var folder: [UInt8]?
  var nameFiles: [[UInt8]] = []
  var namesEndInZero = false
  var noRecursion = false
  var excluded: [String] = []
  var excludeFiles: [[UInt8]] = []
  var excludeCaches = false
  var oneFileSystem = false
  var numericOwner = false
  var noAttributes = false
  var pages: [String] = []
  var cutSizes: String?
  var isParanoid = false

  static let flags: [Flag<SourceOptions>] = [
    .directory("directory", short: "C", \.folder, "start relative PATHs in folder DIR").placeholder("DIR")
      .group(.input),
    .paths("files-from", \.nameFiles, "archive what is named in FILE; - is standard input").placeholder("FILE")
      .group(.input),
    .toggle("null", short: "0", \.namesEndInZero, "names in FILE end in a zero byte").group(.input),
    .toggle("no-recursion", \.noRecursion, "archive folders without what is in them").group(.input),
    .texts("exclude", \.excluded, "leave out what matches PATTERN").placeholder("PATTERN").group(.input).discussion(
      """
      A PATTERN without a slash is compared with each name, any other with the whole path; one that ends in a slash \
      means folders alone. May be given several times.
      """),
    .paths("exclude-from", short: "X", \.excludeFiles, "leave out what matches a line of FILE").placeholder("FILE")
      .group(.input),
    .toggle("exclude-caches", \.excludeCaches, "leave out folders marked by a CACHEDIR.TAG").group(.input),
    .toggle("one-file-system", \.oneFileSystem, "do not descend into other file systems").group(.input),
    .toggle("paranoid", \.isParanoid, "read files that seem not to have changed").group(.input),
    .toggle("numeric-owner", \.numericOwner, "store owners by number alone").group(.output),
    .toggle("no-xattrs", \.noAttributes, "store no extended attributes").group(.output),
    .texts("pages", \.pages, "cut files that match GLOB into pages of SIZE").placeholder("GLOB=SIZE").group(.output),
    .text("cdc", \.cutSizes, "sizes of other chunks").placeholder("MIN,AVG,MAX").group(.output).default("16K,64K,256K"),
  ]

  /// Whether names come from files.
  var readsNames: Bool { !nameFiles.isEmpty }

  /// What is asked of the reader of trees.
  func archiverOptions() throws(Failure) -> TreeArchiverOptions {
    var settings = TreeArchiverOptions()
    settings.excluded = try patterns()
    settings.descends = !noRecursion
    settings.excludesCaches = excludeCaches
    settings.staysOnFileSystem = oneFileSystem
    settings.usesNumericOwners = numericOwner
    settings.storesAttributes = !noAttributes
    settings.isParanoid = isParanoid
    settings.pageRules = try pages.map { (text: String) throws(Failure) in try Self.pageRule(text) }
    return settings
  }

  /// The sizes that `--cdc` names.
  func chosenCutSizes() throws(Failure) -> CutSizes? {
    guard let cutSizes else { return nil }
    let sizes = cutSizes.split(separator: ",", omittingEmptySubsequences: false).map {
      (try? ByteCount(parsing: String($0)))?.bytes
    }
    guard sizes.count == 3, let minimum = sizes[0], let average = sizes[1], let maximum = sizes[2],
      let cut = CutSizes(
        minimum: Int(clamping: minimum), average: Int(clamping: average), maximum: Int(clamping: maximum))
    else {
      throw Failure(
        .usage, "--cdc takes three sizes such as 16K,64K,256K, the middle one a power of two: not \(cutSizes)")
    }
    return cut
  }

  private func patterns() throws(Failure) -> [Glob] {
    var patterns = excluded.map { Array($0.utf8) }
    for file in excludeFiles {
      do throws(IOError) {
        let lines = try FileSystem.contents(of: Path(file), limit: 16 << 20).split(separator: UInt8(ascii: "\n"))
        patterns += lines.map { Array($0) }
      } catch {
        throw Failure(error, input: InputName(path: file))
      }
    }
    return try patterns.map { (pattern: [UInt8]) throws(Failure) in
      guard let glob = Glob(pattern) else {
        throw Failure(.usage, "'\(Escaping.visible(pattern))' is no pattern")
      }
      return glob
    }
  }

  private static func pageRule(_ text: String) throws(Failure) -> CutRuleChooser.PageRule {
    guard let sign = text.lastIndex(of: "="), let glob = Glob(String(text[..<sign])),
      let size = try? ByteCount(parsing: String(text[text.index(after: sign)...])),
      let rule = CutRuleChooser.PageRule(glob, pageSize: Int(clamping: size.bytes))
    else {
      throw Failure(.usage, "--pages takes GLOB=SIZE, the size a power of two from 512 to 4M: not \(text)")
    }
    return rule
  }
}
