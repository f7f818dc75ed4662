// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CommandLineKit
import SystemIO

/// The flags of `extract` that are for archives of trees alone.
struct TreeOptions: Sendable {
  /// What happens when a name is taken.
  enum Overwrite: String, CaseIterable, Sendable {
    case never, changed, newer, always
  }

  var stripComponents = 0
  var overwrite = Overwrite.never
  var keepGoing = false
  var keepDamaged = false
  var sameOwner: Bool?
  var numericOwner = false
  var allowSpecial = false
  var maximumBytes: UInt64?
  var included: [String] = []
  var excluded: [String] = []
  var isDryRun = false

  static let flags: [Flag<TreeOptions>] = [
    .choice("overwrite", \.overwrite, "replace existing files", negation: .never).placeholder("WHEN").group(.output)
      .default("never").discussion(
        """
        changed replaces what has not the size and time of the entry, and gives the rest its owner, mode and attributes; \
        newer replaces what is older than the entry, always everything. -f is --overwrite always.
        """),
    .int("strip-components", in: 0...4096, \.strip, "take N folders off the front of names").placeholder("N")
      .group(.output),
    .texts("include", \.included, "extract only what matches PATTERN").placeholder("PATTERN").group(.input),
    .texts("exclude", \.excluded, "leave out what matches PATTERN").placeholder("PATTERN").group(.input),
    .toggle("keep-going", \.keepGoing, "leave out damaged files, and go on").group(.input),
    .toggle("keep-damaged", \.keepDamaged, "keep damaged files as NAME.damaged, with zeros").group(.output),
    .set("same-owner", \.sameOwner, to: true, "restore owners (default for root)").group(.output),
    .set("no-same-owner", \.sameOwner, to: false, "do not restore owners and set-ID bits").group(.output),
    .toggle("numeric-owner", \.numericOwner, "restore owners by number, not by name").group(.output),
    .toggle("allow-special", \.allowSpecial, "make devices, set attributes for the superuser").group(.output),
    .size("max-bytes", \.maximumBytes, "refuse archives that hold more than SIZE").group(.limits),
    .toggle("dry-run", \.isDryRun, "only tell what would be extracted").group(.reporting),
  ]

  /// As flags give it.
  var strip: Int? {
    get { stripComponents }
    set { stripComponents = newValue ?? 0 }
  }

  /// Throws when a flag was given that means nothing for archives that are read front to back.
  func refuseForStreams(_ context: Context) throws(Failure) {
    for flag in Self.flags.map(\.definition.long) where context.origin(of: flag) == .commandLine {
      throw Failure(.usage, "--\(flag) is for .cka archives")
    }
  }
}

extension Extract.Options {
  /// What the library is asked for.
  func extractionOptions() throws(Failure) -> ExtractionOptions {
    var settings = try tree.extractionOptions(names, threads: global.threads)
    if force { settings.overwrite = .always }
    settings.sync = sync
    settings.maximumBytes = tree.maximumBytes ?? reading.maximumOutput
    if reading.untrusted {
      settings.restoresOwners = false
      settings.allowsSpecial = false
      settings.maximumBytes = settings.maximumBytes ?? 64 << 30
    }
    return settings
  }
}

extension TreeOptions {
  /// What the library is asked for.
  ///
  /// - Parameters:
  ///   - names: what to extract; empty for everything.
  ///   - threads: how many threads may work; one per core when not given.
  func extractionOptions(_ names: [[UInt8]], threads: Int?) throws(Failure) -> ExtractionOptions {
    var settings = ExtractionOptions()
    settings.paths = names
    settings.included = try Self.patterns(included)
    settings.excluded = try Self.patterns(excluded)
    settings.stripComponents = stripComponents
    settings.overwrite =
      switch overwrite {
      case .never: .never
      case .changed: .changed
      case .newer: .newer
      case .always: .always
      }
    settings.keepsGoing = keepGoing
    settings.keepsDamaged = keepDamaged
    if let sameOwner { settings.restoresOwners = sameOwner }
    settings.usesNumericOwners = numericOwner
    settings.allowsSpecial = allowSpecial
    settings.maximumBytes = maximumBytes
    settings.threads = threads ?? 0
    settings.isDryRun = isDryRun
    return settings
  }

  private static func patterns(_ texts: [String]) throws(Failure) -> [Glob] {
    try texts.map { (text: String) throws(Failure) in
      guard let glob = Glob(text) else {
        throw Failure(.usage, "'\(Escaping.visible(Array(text.utf8)))' is no pattern")
      }
      return glob
    }
  }
}
