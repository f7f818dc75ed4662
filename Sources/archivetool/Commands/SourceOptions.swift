// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// The flags that say what is archived, and how: those that `create` and `backup create` have in common.
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
  var maximumMemory: UInt64?
  var streamName: [UInt8]?
  var tarStream: [UInt8]?
  var xbstream: [UInt8]?
  var isDryRun = false

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
    .text("stdin", \.streamNameText, "store standard input as file NAME").placeholder("NAME").group(.input),
    .path("from-tar", \.tarStream, "archive the members of a tar stream").placeholder("FILE").group(.input),
    .path("from-xbstream", \.xbstream, "archive the files of an xbstream").placeholder("FILE").group(.input),
    .toggle("paranoid", \.isParanoid, "read files that seem not to have changed").group(.input),
    .toggle("numeric-owner", \.numericOwner, "store owners by number alone").group(.output),
    .toggle("no-xattrs", \.noAttributes, "store no extended attributes").group(.output),
    .texts("pages", \.pages, "cut files that match GLOB into pages of SIZE").placeholder("GLOB=SIZE").group(.output),
    .text("cdc", \.cutSizes, "sizes of other chunks").placeholder("MIN,AVG,MAX").group(.output).default("16K,64K,256K"),
    .size("max-memory", \.maximumMemory, "bound the table of the parent's chunks").placeholder("SIZE").group(.output),
    .toggle("dry-run", \.isDryRun, "only tell what would be archived").group(.reporting),
  ]

  /// The name for standard input, as text.
  var streamNameText: String? {
    get { streamName.map { String(decoding: $0, as: UTF8.self) } }
    set { streamName = newValue.map { Array($0.utf8) } }
  }

  /// The flags that name a stream, as far as they were given.
  var streams: [String] {
    [
      streamName.map { _ in "--stdin" }, tarStream.map { _ in "--from-tar" }, xbstream.map { _ in "--from-xbstream" },
    ].compactMap { $0 }
  }

  /// Whether what is archived comes once, and then never again.
  var readsStream: Bool { !streams.isEmpty }

  /// Whether what is archived comes from standard input.
  var readsInput: Bool {
    let standard = Array("-".utf8)
    return streamName != nil || tarStream == standard || xbstream == standard
  }

  /// Throws when flags exclude each other, or a person would have to type.
  ///
  /// - Parameters:
  ///   - others: what else says what is archived and does not go with streams and lists, as far as it was given.
  ///   - force: whether a terminal is read all the same.
  ///   - context: knows where standard input is from.
  func check(with others: [String], force: Bool, _ context: Context) throws {
    let all = streams + (readsNames ? ["--files-from"] : []) + others
    if all.count > 1, !streams.isEmpty || !others.isEmpty {
      throw UsageError(.invalidCombination, "\(all[0]) and \(all[1]) exclude each other")
    }
    if namesEndInZero && !readsNames {
      throw UsageError(.invalidCombination, "-0 says how names stand in a file", hint: "--files-from FILE names it")
    }
    if nameFiles.contains(Array("-".utf8)), context.inputIsTerminal, !force {
      throw UsageError(.missingArgument, "standard input is a terminal", hint: "pipe names into it; -f insists")
    }
    if readsInput, context.inputIsTerminal, !force, !isDryRun {
      throw UsageError(.missingArgument, "standard input is a terminal", hint: "pipe something into it; -f insists")
    }
  }

  /// What is to be archived besides what a stream delivers.
  ///
  /// - Parameter words: what was named on the command line.
  func roots(_ words: [[UInt8]]) throws(ArchiveError) -> [Path] {
    try (words + NameList(endsInZero: namesEndInZero).names(in: nameFiles)).map { Path($0) }
  }

  /// Opens the stream whose members are wanted, if any are.
  ///
  /// - Parameters:
  ///   - session: knows the codecs.
  ///   - threads: how many threads may decompress it.
  func openMembers(_ session: Session, threads: Int?) throws(Failure) -> MemberStream? {
    guard let path = tarStream ?? xbstream else { return nil }
    var settings = DecompressionOptions()
    settings.limits.maximumOutputSize = nil
    settings.limits.maximumRatio = nil
    settings.limits.maximumWindowSize = MemoryLimit.window(within: MemoryLimit.standard)
    settings.threads = threads ?? 0
    return try MemberStream(path, session.registry, settings)
  }

  /// Delivers to an archiver what is to be archived.
  ///
  /// - Parameters:
  ///   - archiver: takes it.
  ///   - words: what was named on the command line.
  ///   - members: the stream of members, if there is one.
  ///   - time: what files get whose time is not known.
  func archive(
    _ archiver: TreeArchiver, _ words: [[UInt8]], _ members: MemberStream?, modified time: Timestamp
  ) throws(ArchiveError) -> TreeArchiverReport {
    if let members {
      return tarStream != nil
        ? try archiver.archiveTar(members) : try archiver.archiveXBStream(members, modified: time)
    }
    guard let streamName else { return try archiver.archive(roots(words), from: folder.map { Path($0) }) }
    return try archiver.archiveStream(
      streamName, modified: WallClock.now, FileArchiveStream(FileHandle.standardInput))
  }

  /// Prints what would be archived.
  ///
  /// - Parameters:
  ///   - words: what was named on the command line.
  ///   - command: the name of the command.
  ///   - threads: how many threads may decompress a stream.
  ///   - outputs: what is left out because it is what would be written.
  func dryRun(
    _ words: [[UInt8]], command: String, _ session: Session, threads: Int?, outputs: [FileStatus] = []
  ) throws(Failure) {
    let members = try openMembers(session, threads: threads)
    var settings = try archiverOptions()
    settings.outputs = outputs
    let (reporter, progress) = (session.reporter, session.progress)
    settings.progress = { progress.update(PumpProgress(bytesRead: $0.bytes, bytesIn: $0.bytes, bytesOut: 0)) }
    settings.warn = { warning in reporter.warning(Failure(warning)) }
    settings.entryTaken = { entry in
      let report = CkaEntryReport(archive: nil, entry: entry)
      reporter.print(report.name)
      reporter.emit(report.json(command: command))
    }
    do throws(ArchiveError) {
      _ = try archive(TreeArchiver(to: nil, settings), words, members, modified: WallClock.now)
    } catch {
      throw members?.failure(error) ?? Failure(error, archive: InputName(path: nil))
    }
  }

  /// Sets what they say of the writing of an archive.
  func settle(_ options: inout ArchiveWriterOptions) throws(Failure) {
    if let bytes = maximumMemory { options.parentTableBytes = Int(clamping: bytes) }
    if let sizes = try chosenCutSizes() { options.cutSizes = sizes }
  }

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
