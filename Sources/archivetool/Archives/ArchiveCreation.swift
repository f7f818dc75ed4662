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
    let files = options.files
    if options.isDryRun || files.writesToOutput(for: nil) {
      target = .standardOutput
    } else {
      target = try OutputTarget(Path(files.output ?? []), source: nil, force: files.force)
    }
    if let index = options.index, !options.isDryRun {
      indexTarget = try OutputTarget(Path(index), source: nil, force: files.force)
    } else {
      indexTarget = nil
    }
  }

  func run() throws(Failure) {
    let name = target.name
    let members = try openMembers()
    if options.isDryRun { return try dryRun(members) }
    session.progress.begin(name.display, total: nil)
    let parent = try openParent()
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
    do throws(ArchiveError) {
      let writer = try writer(output, index, parent)
      let archiver = TreeArchiver(to: writer, try archiverOptions { output.written })
      report = try archive(archiver, members)
      summary = try writer.finish()
    } catch {
      if options.resumes, let partial = output.temporary, output.written > 0 {
        session.reporter.note("\(partial.lossyString) is kept: the same command goes on from there")
      }
      throw failure(error, name, members)
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

  private func dryRun(_ members: MemberStream?) throws(Failure) {
    do throws(ArchiveError) {
      var settings = try archiverOptions { 0 }
      let reporter = session.reporter
      settings.entryTaken = { entry in
        reporter.print(Escaping.visible(entry.path) + (entry.kind == .directory ? "/" : ""))
        reporter.emit(CkaEntryReport(archive: nil, entry: entry).json(command: "create"))
      }
      _ = try archive(TreeArchiver(to: nil, settings), members)
    } catch {
      throw failure(error, InputName(path: nil), members)
    }
  }

  /// The writer, which goes on with what an interrupted attempt has left.
  private func writer(
    _ output: ArchiveSinkOutput, _ index: ArchiveSinkOutput?, _ parent: ArchiveReader?
  ) throws(ArchiveError) -> ArchiveWriter {
    let settings = try writerOptions(parent)
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

  private func archive(
    _ archiver: TreeArchiver, _ members: MemberStream?
  ) throws(ArchiveError) -> TreeArchiverReport {
    if let members {
      if options.tarStream != nil { return try archiver.archiveTar(members) }
      let modified = options.isReproducible ? Timestamp(seconds: Self.sourceDate / 1_000_000_000) : WallClock.now
      return try archiver.archiveXBStream(members, modified: modified)
    }
    guard let streamName = options.streamName else {
      let names = try options.files.files + NameList(endsInZero: options.namesEndInZero).names(in: options.nameFiles)
      return try archiver.archive(names.map { Path($0) }, from: options.folder.map { Path($0) })
    }
    return try archiver.archiveStream(
      streamName, modified: WallClock.now, FileArchiveStream(FileHandle.standardInput))
  }

  /// The report of what ended the work: the stream's, if that is what was wrong.
  private func failure(_ error: ArchiveError, _ name: InputName, _ members: MemberStream?) -> Failure {
    guard let members, members.isCause(of: error) else { return Failure(error, archive: name) }
    var failure = Failure(error, archive: members.name)
    // What is said of archives is no help here.
    failure.hint = nil
    return failure
  }

  /// Opens the stream whose members are wanted, if any are.
  private func openMembers() throws(Failure) -> MemberStream? {
    guard let path = options.tarStream ?? options.xbstream else { return nil }
    var settings = DecompressionOptions()
    settings.limits.maximumOutputSize = nil
    settings.limits.maximumRatio = nil
    settings.limits.maximumWindowSize = MemoryLimit.window(within: MemoryLimit.standard)
    settings.threads = options.global.threads ?? 0
    return try MemberStream(path, session.registry, settings)
  }

  // MARK: - Settings

  private func writerOptions(_ parent: ArchiveReader?) throws(ArchiveError) -> ArchiveWriterOptions {
    var settings = ArchiveWriterOptions()
    settings.parent = parent
    settings.parentName = options.parent.map { String(decoding: Path($0).lastComponent, as: UTF8.self) } ?? ""
    if let bytes = options.maximumMemory { settings.parentTableBytes = Int(clamping: bytes) }
    let (codec, compression): (CodecSelection, CompressionOptions)
    do throws(Failure) {
      (codec, compression) = try options.codec.resolve(session.context, threads: options.global.threads) {
        session.reporter.note($0)
      }
    } catch {
      throw ArchiveError(.invalidOption, error.message)
    }
    settings.codec = codec.codec
    settings.compression = compression
    settings.threads = options.global.threads ?? 0
    settings.registry = session.registry
    if let size = options.codec.blockSize { settings.blockSize = Int(clamping: size) }
    if let text = options.cutSizes { settings.cutSizes = try Self.cutSizes(text) }
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

  private static func cutSizes(_ text: String) throws(ArchiveError) -> CutSizes {
    let sizes = text.split(separator: ",", omittingEmptySubsequences: false).map {
      (try? ByteCount(parsing: String($0)))?.bytes
    }
    guard sizes.count == 3, let minimum = sizes[0], let average = sizes[1], let maximum = sizes[2],
      let cut = CutSizes(
        minimum: Int(clamping: minimum), average: Int(clamping: average), maximum: Int(clamping: maximum))
    else {
      throw ArchiveError(
        .invalidOption, "--cdc takes three sizes such as 16K,64K,256K, the middle one a power of two: not \(text)")
    }
    return cut
  }

  private func archiverOptions(_ written: @escaping () -> UInt64) throws(ArchiveError) -> TreeArchiverOptions {
    var settings = TreeArchiverOptions()
    settings.excluded = try patterns()
    settings.descends = !options.noRecursion
    settings.excludesCaches = options.excludeCaches
    settings.staysOnFileSystem = options.oneFileSystem
    settings.usesNumericOwners = options.numericOwner
    settings.storesAttributes = !options.noAttributes
    settings.isParanoid = options.isParanoid
    settings.pageRules = try options.pages.map { (text: String) throws(ArchiveError) in try Self.pageRule(text) }
    let (reporter, progress) = (session.reporter, session.progress)
    settings.progress = { state in
      progress.update(PumpProgress(bytesRead: state.bytes, bytesIn: state.bytes, bytesOut: written()))
    }
    settings.warn = { warning in reporter.warning(Failure(warning)) }
    return settings
  }

  private func patterns() throws(ArchiveError) -> [Glob] {
    var patterns = options.excluded.map { Array($0.utf8) }
    for file in options.excludeFiles {
      do throws(IOError) {
        let lines = try FileSystem.contents(of: Path(file), limit: 16 << 20).split(separator: UInt8(ascii: "\n"))
        patterns += lines.map { Array($0) }
      } catch {
        throw ArchiveError(error)
      }
    }
    return try patterns.map { (pattern: [UInt8]) throws(ArchiveError) in
      guard let glob = Glob(pattern) else {
        throw ArchiveError(.invalidOption, "'\(Escaping.visible(pattern))' is no pattern")
      }
      return glob
    }
  }

  private static func pageRule(_ text: String) throws(ArchiveError) -> CutRuleChooser.PageRule {
    guard let sign = text.lastIndex(of: "="), let glob = Glob(String(text[..<sign])),
      let size = try? ByteCount(parsing: String(text[text.index(after: sign)...])),
      let rule = CutRuleChooser.PageRule(glob, pageSize: Int(clamping: size.bytes))
    else {
      throw ArchiveError(
        .invalidOption, "--pages takes GLOB=SIZE, the size a power of two from 512 to 4M: not \(text)")
    }
    return rule
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
      throw Failure(error, archive: name)
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
