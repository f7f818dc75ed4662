// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import BackupKit
import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool backup verify`: whether backups are what they were.
enum BackupVerify {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var backups: [String] = []
    var instance: String?
    var level = VerificationLevel.full
    var checksChain = false
    var sample: String?
    var stats = false
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup verify", summary: "check whether backups are what they were",
    discussion: """
      Checks each BACKUP, or all complete ones. --quick checks checksums, --full decodes and hashes everything too, --deep \
      also puts every file together. --chain checks what a BACKUP builds on as well.

      --sample 5% checks what was checked longest ago, until that is 5 % of all that is stored: run daily, everything \
      is checked in turn. When less could be checked, because a backup is locked for one, the status is 6.
      """,
    examples: [
      Example("archivetool backup verify -R REPO", "everything"),
      Example("archivetool backup verify -R REPO latest --instance /etc --deep --chain", "one, with all it needs"),
      Example("archivetool backup verify -R REPO --sample 5%", "a twentieth each night"),
    ],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .text("instance", \.instance, "only backups of instance NAME").placeholder("NAME").group(.input),
      .set("quick", \.level, to: .quick, "check checksums only").group(.input),
      .set("full", \.level, to: .full, "decode and hash everything (default)").group(.input),
      .set("deep", \.level, to: .deep, "also put every file together").group(.input),
      .toggle("chain", \.checksChain, "check what a backup builds on too").group(.input),
      .text("sample", \.sample, "check a part: what was checked longest ago").placeholder("PERCENT").group(.input),
      .toggle("stats", \.stats, "print time, CPU and memory at the end").group(.reporting),
    ],
    positionals: [.texts("BACKUP", \.backups, "name, identifier or latest; all when nothing is named")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    let percent = try options.sample.map(percent)
    if percent != nil, !options.backups.isEmpty {
      throw UsageError(.invalidCombination, "--sample chooses by itself: BACKUPs are not named with it")
    }
    let session = try context.begin(options.global)
    session.attempt { () throws(Failure) in
      let repository = try OpenRepository(name, session)
      let (records, wanted) = try chosen(options, percent, repository)
      var checked: UInt64 = 0
      for record in records {
        if percent != nil, checked >= wanted { break }
        do throws(Failure) {
          try verify(record, options, repository, session)
          checked &+= record.sizes.stored
        } catch {
          guard percent != nil, error.exit == .locked else {
            session.reporter.failure(error)
            continue
          }
          // Another one takes its place, if there is one.
          session.reporter.note("passed over: \(error.message)", subject: record.name)
        }
      }
      repository.tellWarnings(session)
      if percent != nil, checked < wanted {
        session.reporter.failure(
          Failure(
            .threshold, "\(ByteCount(checked)) could be checked, less than the \(ByteCount(wanted)) asked for",
            input: name))
      }
    }
    return session.finish(command: "backup verify", stats: options.stats)
  }

  private static func percent(_ text: String) throws(UsageError) -> Double {
    let number = text.hasSuffix("%") ? String(text.dropLast()) : text
    guard let percent = Double(number), percent > 0, percent <= 100 else {
      throw UsageError(.invalidValue, "--sample: '\(Escaping.visible(text))' is no part such as 5%")
    }
    return percent
  }

  private static func chosen(
    _ options: Options, _ percent: Double?, _ open: OpenRepository
  ) throws(Failure) -> (records: [BackupRecord], wanted: UInt64) {
    try open.attempt { (repository) throws(BackupError) in
      if let percent {
        let sample = try repository.verificationSample(percent: percent)
        return (sample.records, sample.bytes)
      }
      var records: [BackupRecord] = []
      if options.backups.isEmpty {
        records = try repository.records().filter {
          $0.state == .complete && (options.instance == nil || $0.instance == options.instance)
        }
      } else {
        for text in options.backups { records.append(try repository.find(text, instance: options.instance)) }
      }
      guard options.checksChain else { return (records, 0) }
      var seen = Set(records.map(\.id))
      for record in records {
        for ancestor in try repository.chain(of: record).dropFirst() where seen.insert(ancestor.id).inserted {
          records.append(ancestor)
        }
      }
      return (records, 0)
    }
  }

  /// Checks one, and tells what came of it.
  private static func verify(
    _ record: BackupRecord, _ options: Options, _ open: OpenRepository, _ session: Session
  ) throws(Failure) {
    let label = InputName(path: Array(record.name.utf8))
    session.progress.begin(label.display, total: record.sizes.stored)
    let progress = session.progress
    let found = try open.attempt { (repository) throws(BackupError) in
      try repository.verify(record.id, options.level, threads: options.global.threads ?? 0) {
        (state) throws(ArchiveError) in
        progress.update(PumpProgress(bytesRead: state.bytes, bytesIn: state.bytes, bytesOut: 0))
      }
    }
    session.progress.pause()
    if let report = found.report {
      for problem in report.problems { session.reporter.failure(Failure(problem, archive: label)) }
      for path in report.damagedFiles {
        var failure = Failure(.damaged, "damaged: hit by what is said above", input: label)
        failure.concern(entry: path)
        session.reporter.failure(failure)
      }
    } else if let error = found.failure {
      session.reporter.failure(Failure(error, repository: label))
    }
    var object: JSONValue = [
      "type": "backup_verification", "v": 1, "command": "backup verify", "id": .string(record.id.description),
      "name": .string(record.name), "sound": .bool(found.isSound),
    ]
    object.add("bytes", .uint(found.report?.bytes ?? 0))
    object.add("problems", .uint(UInt64(found.report?.problems.count ?? 1)))
    session.reporter.emit(object)
    if found.isSound {
      session.reporter.count(bytesIn: record.sizes.stored, bytesOut: record.sizes.logical)
      session.reporter.detail("sound", subject: label.display)
    }
  }
}
