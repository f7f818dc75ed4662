// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// Takes everything in an archive and keeps nothing; names every file that is not right.
final class ArchiveCheck: ArchiveVisitor {
  private let reporter: Reporter
  /// How large the sound files are in all.
  private(set) var sizes = ArchiveEntry.Sizes()
  /// Whether nothing was wrong.
  private(set) var isSound = true

  init(_ reporter: Reporter) { self.reporter = reporter }

  func begin(_ entry: ArchiveEntry) -> Bool { true }

  func write(_ content: RawSpan) {}

  func end(_ sizes: ArchiveEntry.Sizes, failure: Failure?) {
    if let failure { return refuse(failure) }
    self.sizes.content += sizes.content
    self.sizes.packed += sizes.packed
  }

  func refuse(_ failure: Failure) {
    isSound = false
    reporter.failure(failure)
  }
}

/// Tells what is in an archive, without decoding it.
final class ArchiveListing: ArchiveVisitor {
  private let reporter: Reporter
  private let archive: InputName
  private let isLong: Bool
  private var entry: ArchiveEntry?

  init(_ reporter: Reporter, archive: InputName, isLong: Bool) {
    self.reporter = reporter
    self.archive = archive
    self.isLong = isLong
  }

  func begin(_ entry: ArchiveEntry) -> Bool {
    self.entry = entry
    if entry.kind == .directory { tell(EntryReport(archive: archive, entry: entry, sizes: nil)) }
    return false
  }

  func write(_ content: RawSpan) {}

  func end(_ sizes: ArchiveEntry.Sizes, failure: Failure?) {
    if let entry {
      reporter.count(bytesIn: sizes.packed, bytesOut: sizes.content)
      tell(EntryReport(archive: archive, entry: entry, sizes: sizes))
    }
    if let failure { reporter.failure(failure) }
  }

  func refuse(_ failure: Failure) { reporter.failure(failure) }

  private func tell(_ report: EntryReport) {
    reporter.print(isLong ? report.line : report.name)
    reporter.emit(report.json(command: "list"))
  }
}
