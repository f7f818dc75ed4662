// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import BackupKit
import CodecKit
import CommandLineKit
import SystemIO

/// The making of one backup.
struct BackupCreation {
  private let options: BackupCreate.Options
  private let session: Session
  private let repository: OpenRepository

  init(_ options: BackupCreate.Options, _ session: Session, _ repository: OpenRepository) throws(Failure) {
    self.options = options
    self.session = session
    self.repository = repository
  }

  func run() throws(Failure) {
    if options.source.isDryRun {
      return try options.source.dryRun(
        options.words, command: "backup create", session, threads: options.global.threads)
    }
    let roots = try self.roots()
    var request = BackupRequest(instance: try instance(roots))
    request.name = options.name
    request.description = options.description
    request.parent = try parent(request.instance)
    request.kind = options.kind
    request.engine = options.engine ?? ""
    request.databases = options.databases
    request.retention = try retention()
    request.isProtected = options.isProtected
    request.retries = options.retries
    request.retryInterval = UInt64(clamping: DurationText.nanoseconds(options.retryInterval))
    request.verifies = options.verify
    request.resumes = options.resumes
    request.actor = Machine.environment("USER") ?? ""
    try settle(&request)
    let producer = try self.producer(roots)
    let before = try repository.attempt { (repository) throws(BackupError) in
      try repository.newestComplete(of: request.instance)
    }
    let start = MonotonicClock.now
    session.progress.begin(request.name ?? Escaping.visible(request.instance), total: nil)
    let record = try repository.attempt { (repository) throws(BackupError) in
      try repository.backUp(request, from: producer, observer())
    }
    repository.tellWarnings(session)
    tell(record, nanoseconds: MonotonicClock.now - start)
    hint(record, before)
  }

  // MARK: - What is asked for

  private func roots() throws(Failure) -> [Path] {
    do throws(ArchiveError) { return try options.source.roots(options.words) } catch {
      throw Failure(error, archive: repository.name)
    }
  }

  /// What is backed up, if nobody says so: the first path, absolute, the stream's name or file; the command's first
  /// word.
  private func instance(_ roots: [Path]) throws(Failure) -> String {
    if let instance = options.instance { return instance }
    if let name = options.source.streamNameText { return name }
    if let command = options.shellCommand { return Self.firstWord(command) }
    let stream = (options.source.tarStream ?? options.source.xbstream).map { Path($0) }
    guard var path = stream ?? roots.first else {
      throw Failure(.usage, "nothing to back up: the list of names is empty")
    }
    if stream == nil, !path.isAbsolute, let folder = options.source.folder { path = Path(folder).joining(path.bytes) }
    // Links in the name of the folder are followed; one that is itself backed up is not.
    let last = path.lastComponent
    let isName = !last.isEmpty && last != Array(".".utf8) && last != Array("..".utf8)
    if isName, let above = try? FileSystem.resolve(path.parent) { path = above.joining(last) }
    if !isName, let whole = try? FileSystem.resolve(path) { path = whole }
    return String(decoding: path.bytes, as: UTF8.self)
  }

  private static func firstWord(_ command: String) -> String {
    command.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }).first.map { String($0) } ?? command
  }

  private func parent(_ instance: String) throws(Failure) -> ParentChoice {
    switch options.parent {
    case "none": return .none
    case "auto": return .automatic
    default:
      let record = try repository.attempt { (repository) throws(BackupError) -> BackupRecord in
        do throws(BackupError) { return try repository.find(options.parent) } catch {
          guard error.code == .notFound else { throw error }
          throw BackupError(.parentUnusable, "the parent '\(options.parent)' does not exist")
        }
      }
      return .backup(record.id)
    }
  }

  private func retention() throws(Failure) -> BackupRequest.RetentionChoice {
    if options.expires != nil { return .forever }
    guard let text = options.retention else { return .repository }
    do throws(BackupError) { return .limited(try Retention(parsing: text)) } catch {
      throw Failure(error, repository: repository.name)
    }
  }

  /// How the archive is written.
  private func settle(_ request: inout BackupRequest) throws(Failure) {
    let (codec, compression) = try options.codec.resolve(session.context, threads: options.global.threads) {
      session.reporter.note($0)
    }
    request.archive.codec = codec.codec
    request.archive.compression = compression
    request.archive.threads = options.global.threads ?? 0
    request.archive.registry = session.registry
    if let size = options.codec.blockSize { request.archive.blockSize = Int(clamping: size) }
    try options.source.settle(&request.archive)
    request.archive.fields = [.init(Superblock.Field.program, Array("\(ArchiveTool.name) \(Version.text)".utf8))]
    request.codec = options.codec.spec ?? codec.codec.descriptor.id.rawValue
  }

  private func producer(_ roots: [Path]) throws(Failure) -> any BackupProducer {
    var expectation = StreamExpectation(size: options.expectedSize)
    if let text = options.expectedDigest {
      guard let digest = SHA256Digest(hex: text) else {
        throw Failure(.usage, "'\(Escaping.visible(text))' is no SHA-256: that has 64 hexadecimal digits")
      }
      expectation.digest = digest
    }
    if let name = options.source.streamName {
      return StreamProducer(FileHandle.standardInput, as: name, expectation)
    }
    if let members = try options.source.openMembers(session, threads: options.global.threads) {
      return MemberProducer(
        members, options.source.tarStream == nil ? .xbstream : .tar, name: members.name.display,
        try options.source.archiverOptions())
    }
    if let command = options.shellCommand {
      let name = options.fileName ?? Self.defaultFileName(command)
      return CommandProducer(command, as: Array(name.utf8), expectation)
    }
    return TreeProducer(
      roots, from: options.source.folder.map { Path($0) }, try options.source.archiverOptions())
  }

  /// What the file of a command is called when nobody says so: the last part of its first word.
  private static func defaultFileName(_ command: String) -> String {
    let last = String(decoding: Path(firstWord(command)).lastComponent, as: UTF8.self)
    return EntryPath.fault(in: Array(last.utf8)) == nil && !last.isEmpty ? last : "output"
  }

  private func observer() -> BackupObserver {
    let (reporter, progress) = (session.reporter, session.progress)
    return BackupObserver {
      $0.progress = { state in
        progress.update(
          PumpProgress(bytesRead: state.bytesRead, bytesIn: state.bytesRead, bytesOut: state.bytesWritten))
      }
      $0.warn = { warning in reporter.warning(Failure(warning)) }
      $0.note = { text in reporter.note(Escaping.visible(text)) }
    }
  }

  // MARK: - What came of it

  private func tell(_ record: BackupRecord, nanoseconds: UInt64) {
    let sizes = record.sizes
    session.reporter.count(bytesIn: sizes.logical, bytesOut: sizes.stored)
    session.reporter.print("\(record.name)  \(record.id)")
    let seconds = max(Double(nanoseconds) / 1e9, 1e-9)
    session.reporter.detail(
      "\(BackupReport(record: record).form), \(sizes.entries) entries, \(sizes.logical) bytes, \(sizes.unique) of it "
        + "new, \(sizes.stored) stored, \(NumberText.fixed(seconds, decimals: 2)) s",
      subject: record.name)
    session.reporter.emit(BackupReport(record: record).json(command: "backup create"))
  }

  /// What somebody may not know.
  private func hint(_ record: BackupRecord, _ before: BackupRecord?) {
    if let before, record.parent == nil, session.context.origin(of: "parent") == .default {
      session.reporter.note(
        "a full backup; --parent auto stores only what has changed since '\(Escaping.visible(before.name))'",
        subject: record.name)
    }
    if record.depth > repository.repository.rules.unadvisableDepth {
      let name = Escaping.visible(record.name)
      session.reporter.note(
        "the backup has \(record.depth) ancestors, all of which a restore needs: archivetool backup merge -R "
          + "\(repository.name.display) \(name) --replace makes one archive of them", subject: record.name)
    }
  }
}
