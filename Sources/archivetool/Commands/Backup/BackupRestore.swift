// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import BackupKit
import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool backup restore`: the files of a backup into a folder, or one of them to standard output.
enum BackupRestore {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var tree = TreeOptions()
    var backup: [String] = []
    var paths: [[UInt8]] = []
    var instance: String?
    var target: [UInt8]?
    var fileName: [UInt8]?
    var verify = false
    var stats = false
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup restore", summary: "restore a backup, or a part of it",
    discussion: """
      Writes the files of BACKUP below the folder of --target, which is made if it is not there, or one file to standard \
      output. BACKUP is a name, an \
      identifier or its first eight digits, or latest for the newest complete one; --instance says of what. With PATHs \
      only those, and all that lies in them, are restored.

      Nothing is written outside of the folder, no link in it is followed, and what is there already stays unless \
      --overwrite says otherwise. --overwrite changed brings a folder back to the state of the backup as far as that has \
      files for it, and leaves alone what has not changed. Everything is checked on the way; --verify checks the whole \
      backup before the first file is written.
      """,
    examples: [
      Example("archivetool backup restore -R REPO latest --target /srv/restored", "the newest backup"),
      Example("archivetool backup restore -R REPO nightly -C / --overwrite changed etc", "a part, in place"),
      Example("archivetool backup restore -R REPO shop-0412 --stdout shop.sql | psql shop", "a dump"),
    ],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .directory("target", short: "C", \.target, "restore into folder DIR").placeholder("DIR").group(.output),
      .path("stdout", \.fileName, "write one file to standard output").placeholder("FILE").group(.output),
      .text("instance", \.instance, "a backup of instance NAME").placeholder("NAME").group(.input),
      .toggle("verify", \.verify, "check the whole backup first").group(.input),
      .toggle("stats", \.stats, "print time, CPU and memory at the end").group(.reporting),
    ] + TreeOptions.flags.lifted(\Options.tree),
    positionals: [
      .texts("BACKUP", \.backup, count: 1...1, "name, identifier or latest"),
      .paths("PATH", \.paths, "what to restore; everything when nothing is named"),
    ],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    try check(options, context)
    let session = try context.begin(options.global)
    session.attempt { () throws(Failure) in
      let repository = try OpenRepository(name, session)
      let opened = try repository.attempt { (repository) throws(BackupError) in
        try repository.open(try repository.find(options.backup.first ?? "", instance: options.instance).id)
      }
      repository.tellWarnings(session)
      try restore(opened, options, repository, session)
    }
    return session.finish(command: "backup restore", stats: options.stats)
  }

  private static func check(_ options: Options, _ context: Context) throws {
    guard options.target != nil || options.fileName != nil else {
      throw UsageError(
        .missingArgument, "--target DIR is missing", hint: "--stdout FILE writes one file to standard output")
    }
    guard options.fileName != nil else { return }
    if options.target != nil || !options.paths.isEmpty {
      throw UsageError(.invalidCombination, "--stdout writes one file, without --target and PATHs")
    }
    if options.global.json {
      throw UsageError(.invalidCombination, "--json and data cannot both go to standard output")
    }
  }

  private static func restore(
    _ opened: OpenedBackup, _ options: Options, _ repository: OpenRepository, _ session: Session
  ) throws(Failure) {
    let record = opened.record
    let label = InputName(path: Array(record.name.utf8))
    if options.verify { try verify(opened, options, repository, session) }
    if let fileName = options.fileName {
      return try repository.attempt { (_) throws(BackupError) in try write(fileName, of: opened, session) }
    }
    session.progress.begin(label.display, total: opened.reader.summary.footer.storedBytes)
    let start = MonotonicClock.now
    let progress = session.progress
    var settings = try options.tree.extractionOptions(options.paths, threads: options.global.threads)
    settings.isDryRun = options.tree.isDryRun
    let chosen = settings
    let target = try TargetFolder(Path(options.target ?? []), isDryRun: chosen.isDryRun)
    let report: ExtractionReport
    do throws(Failure) {
      report = try repository.attempt { (_) throws(BackupError) in
        if chosen.isDryRun { try list(opened, chosen, session) }
        return try opened.extract(into: target.path, chosen) { (state) throws(ArchiveError) in
          progress.update(
            PumpProgress(bytesRead: state.bytesRead, bytesIn: state.bytesRead, bytesOut: state.bytesWritten))
        }
      }
    } catch {
      target.removeIfEmpty()
      throw error
    }
    CkaExtraction.tell(
      report, of: label, session, command: "backup restore", nanoseconds: MonotonicClock.now - start)
  }

  private static func list(
    _ opened: OpenedBackup, _ settings: ExtractionOptions, _ session: Session
  ) throws(BackupError) {
    do throws(ArchiveError) {
      try Extractor.forEachSelected(opened.reader, settings) { entry in
        let report = CkaEntryReport(archive: InputName(path: Array(opened.record.name.utf8)), entry: entry)
        session.reporter.print(report.name)
        session.reporter.emit(report.json(command: "backup restore"))
      }
    } catch {
      throw BackupError(error)
    }
  }

  private static func verify(
    _ opened: OpenedBackup, _ options: Options, _ repository: OpenRepository, _ session: Session
  ) throws(Failure) {
    session.progress.begin("verify", total: opened.source.size)
    let progress = session.progress
    let report = try repository.attempt { (_) throws(BackupError) in
      try opened.verify(.full, threads: options.global.threads ?? 0) { (state) throws(ArchiveError) in
        progress.update(PumpProgress(bytesRead: state.bytes, bytesIn: state.bytes, bytesOut: 0))
      }
    }
    guard let problem = report.problems.first else { return }
    var failure = Failure(problem, archive: InputName(path: Array(opened.record.name.utf8)))
    failure.hint = "nothing was restored; without --verify and with --keep-going all that is sound comes out"
    throw failure
  }

  private static func write(
    _ path: [UInt8], of opened: OpenedBackup, _ session: Session
  ) throws(BackupError) {
    var written: UInt64 = 0
    let output = FileHandle.standardOutput
    try opened.read(path) { (bytes: RawSpan) throws(ArchiveError) in
      do throws(IOError) { try output.write(bytes) } catch { throw ArchiveError(error) }
      written += UInt64(bytes.byteCount)
      session.progress.update(PumpProgress(bytesRead: written, bytesIn: written, bytesOut: written))
    }
    session.reporter.count(bytesIn: opened.record.sizes.stored, bytesOut: written)
  }
}
