// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// The making of one archive.
struct ArchiveCreation {
  private let options: Create.Options
  private let session: Session
  private let target: OutputTarget
  private let indexTarget: OutputTarget?

  init(_ options: Create.Options, _ session: Session) throws(Failure) {
    self.options = options
    self.session = session
    let (files, isDryRun) = (options.files, options.source.isDryRun)
    func file(_ path: [UInt8]) throws(Failure) -> OutputTarget {
      isDryRun ? .file(Path(path)) : try OutputTarget(Path(path), source: nil, force: files.force)
    }
    target = files.writesToOutput(for: nil) ? .standardOutput : try file(files.output ?? [])
    indexTarget = if let index = options.index { try file(index) } else { nil }
  }

  func run() throws(Failure) {
    let name = target.name
    if options.source.isDryRun {
      return try options.source.dryRun(
        options.files.files, command: "create", session, threads: options.global.threads, outputs: replacedFiles)
    }
    let members = try options.source.openMembers(session, threads: options.global.threads)
    session.progress.begin(name.display, total: nil)
    let parent = try openParent()
    let settings = try writerOptions(parent)
    let output: ArchiveSinkOutput
    let index: ArchiveSinkOutput?
    do throws(IOError) {
      if options.resumes, case .file(let path) = target {
        output = try ArchiveSinkOutput(resumable: path)
      } else {
        output = try ArchiveSinkOutput(target)
      }
      index = if let indexTarget { try ArchiveSinkOutput(indexTarget) } else { nil }
    } catch {
      throw Failure(error, input: name)
    }
    let start = MonotonicClock.now
    let report: TreeArchiverReport
    let summary: ArchiveSummary
    var treeSettings = try archiverOptions { output.written }
    treeSettings.outputs =
      replacedFiles + [output.temporary, index?.temporary].compactMap { $0.flatMap { try? FileSystem.status(of: $0) } }
    do throws(ArchiveError) {
      let writer = try writer(output, index, settings)
      let modified = options.isReproducible ? Timestamp(seconds: Self.sourceDate / 1_000_000_000) : WallClock.now
      report = try options.source.archive(
        TreeArchiver(to: writer, treeSettings), options.files.files, members, modified: modified)
      summary = try writer.finish()
    } catch {
      if options.resumes, let partial = output.temporary, output.written > 0 {
        session.reporter.note("\(partial.lossyString) is kept: the same command goes on from there")
      }
      throw members?.failure(error) ?? Failure(error, archive: name)
    }
    if members == nil, report.warningCount > 0,
      report.files + report.directories + report.symbolicLinks + report.specialFiles == 0
    {
      throw Failure(.partial, "not written: nothing of what was named could be read", input: name)
    }
    if options.verify { try verify(output, name) }
    do throws(IOError) {
      _ = try output.finish(replacing: options.files.force, sync: options.files.sync)
      _ = try index?.finish(replacing: options.files.force, sync: options.files.sync)
    } catch {
      throw Failure(error, input: name)
    }
    tell(report, summary, name, nanoseconds: MonotonicClock.now - start)
  }

  /// The writer, which goes on with what an interrupted attempt has left.
  private func writer(
    _ output: ArchiveSinkOutput, _ index: ArchiveSinkOutput?, _ settings: ArchiveWriterOptions
  ) throws(ArchiveError) -> ArchiveWriter {
    guard let partial = output.temporary, output.found > 0 else {
      return try ArchiveWriter(to: output, index: index, settings)
    }
    let unfinished = try UnfinishedArchive(
      FileArchiveSource(partial), ancestors: options.parent.map(ancestors), registry: session.registry)
    try output.keep(unfinished?.length ?? 0)
    guard let unfinished else { return try ArchiveWriter(to: output, index: index, settings) }
    session.reporter.note("going on behind \(ByteCount(unfinished.length)) of \(target.name.display)")
    return try ArchiveWriter(resuming: unfinished, to: output, index: index, settings)
  }

  /// Opens the archive that the new one is made upon.
  private func openParent() throws(Failure) -> ArchiveReader? {
    guard let parent = options.parent else { return nil }
    do throws(ArchiveError) {
      return try ArchiveReader(
        FileArchiveSource(Path(parent)), ancestors: ancestors(of: parent), registry: session.registry)
    } catch {
      throw Failure(error, archive: InputName(path: parent))
    }
  }

  private func ancestors(of parent: [UInt8]) -> FolderAncestors {
    FolderAncestors([Path(parent).parent] + options.parentFolders.map { Path($0) })
  }

  // MARK: - Settings

  /// What is there where the archive and its index will be.
  private var replacedFiles: [FileStatus] { [target, indexTarget].compactMap { $0?.presentFile } }

  private func writerOptions(_ parent: ArchiveReader?) throws(Failure) -> ArchiveWriterOptions {
    var settings = ArchiveWriterOptions()
    settings.parent = parent
    settings.parentName = options.parent.map { String(decoding: Path($0).lastComponent, as: UTF8.self) } ?? ""
    try options.source.settle(&settings)
    let (codec, compression) = try options.codec.resolve(session.context, threads: options.global.threads) {
      session.reporter.note($0)
    }
    settings.codec = codec.codec
    settings.compression = compression
    settings.threads = options.global.threads ?? 0
    settings.registry = session.registry
    if let size = options.codec.blockSize { settings.blockSize = Int(clamping: size) }
    settings.isReproducible = options.isReproducible
    settings.created = options.isReproducible ? Self.sourceDate : WallClock.now.nanosecondsSince1970
    if let name = options.name { settings.fields.append(.init(Superblock.Field.name, Array(name.utf8))) }
    if !options.isReproducible {
      let program = "\(ArchiveTool.name) \(Version.text)"
      settings.fields.append(.init(Superblock.Field.program, Array(program.utf8)))
    }
    return settings
  }

  /// The time that reproducible archives bear.
  private static var sourceDate: Int64 {
    let seconds = Machine.environment("SOURCE_DATE_EPOCH").flatMap { Int64($0) } ?? 0
    let (value, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? 0 : value
  }

  private func archiverOptions(_ written: @escaping () -> UInt64) throws(Failure) -> TreeArchiverOptions {
    var settings = try options.source.archiverOptions()
    let (reporter, progress) = (session.reporter, session.progress)
    settings.progress = { state in
      progress.update(PumpProgress(bytesRead: state.bytes, bytesIn: state.bytes, bytesOut: written()))
    }
    settings.warn = { warning in reporter.warning(Failure(warning)) }
    return settings
  }

  // MARK: - Afterwards

  private func verify(_ output: ArchiveSinkOutput, _ name: InputName) throws(Failure) {
    guard let temporary = output.temporary else { return }
    do throws(ArchiveError) {
      let source = try FileArchiveSource(temporary)
      let report = try ArchiveVerifier(
        try ArchiveReader(
          source, ancestors: options.parent.map(ancestors), registry: session.registry), source, .full,
        threads: options.global.threads ?? 0
      ).run()
      if let problem = report.problems.first { throw problem }
    } catch {
      throw Failure(readingBack: error, at: temporary, as: name)
    }
  }

  private func tell(_ report: TreeArchiverReport, _ summary: ArchiveSummary, _ name: InputName, nanoseconds: UInt64) {
    let footer = summary.footer
    session.reporter.count(bytesIn: report.bytes, bytesOut: summary.size)
    let seconds = max(Double(nanoseconds) / 1e9, 1e-9)
    let rate = ByteCount(UInt64(Double(report.bytes) / seconds))
    session.reporter.detail(
      "\(footer.entries) entries, \(report.bytes) -> \(summary.size), \(footer.rawBytes) bytes of it new, "
        + "\(NumberText.fixed(seconds, decimals: 2)) s, \(rate)/s",
      subject: name.display)
    var object: JSONValue = ["type": "archive", "v": 1, "command": "create"]
    object.add(name.path.map { JSONValue.path($0) } ?? [JSONValue.Member("path", .null)])
    object.add("uuid", .string(summary.superblock.uuid.description))
    object.add("content_root", .string(footer.contentRoot.description))
    if let parent = summary.superblock.parent {
      object.add("parent", .string(parent.description))
      object.add("depth", .uint(UInt64(summary.superblock.depth)))
      object.add("unchanged", .uint(report.unchanged))
    }
    object.add("entries", .uint(footer.entries))
    object.add("bytes", .uint(report.bytes))
    object.add("unique_bytes", .uint(footer.rawBytes))
    object.add("archive_bytes", .uint(summary.size))
    object.add("chunks", .uint(footer.chunks))
    object.add("warnings", .uint(report.warningCount))
    session.reporter.emit(object)
  }
}
