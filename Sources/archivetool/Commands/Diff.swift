// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool diff`: what two archives, or an archive and a folder, do not have in common.
enum Diff {
  /// What can be left out of a comparison.
  enum Aspect: String, CaseIterable, Sendable {
    case content, mode, owner, mtime, attributes

    var aspects: ArchiveDifference.Aspects {
      switch self {
      case .content: .content
      case .mode: .mode
      case .owner: .owner
      case .mtime: .modificationTime
      case .attributes: .attributes
      }
    }
  }

  /// What a comparison looks at when some things are left out.
  static func aspects(without ignored: [String]) throws(UsageError) -> ArchiveDifference.Aspects {
    var aspects = ArchiveDifference.Aspects.all
    for name in ignored {
      guard let aspect = Aspect(rawValue: name) else {
        throw UsageError(
          .invalidValue, "'\(name)' cannot be left out",
          hint: "--ignore takes one of " + Aspect.allCases.map(\.rawValue).joined(separator: ", "))
      }
      aspects.subtract(aspect.aspects)
    }
    return aspects
  }

  struct Options: CommandOptions {
    var global = GlobalOptions()
    var old: [UInt8] = []
    var new: [UInt8] = []
    var names: [[UInt8]] = []
    var ignored: [String] = []
    var excluded: [String] = []
    var parents: [[UInt8]] = []
    init() {}
  }

  static let command = Command<Options, Context>(
    "diff", summary: "compare archives, or an archive and a folder",
    discussion: """
      Prints what is not the same in ARCHIVE and OTHER, an archive or a folder: + what only OTHER has, - what only ARCHIVE \
      has, ~ what differs, and in what. A folder is compared with what ARCHIVE would become when it is extracted there. \
      With PATHs only these, and all below them.

      What both archives share is not read. Of a folder only files are read that by size, times and inode may have \
      changed since they were archived.

      Names of one file (hard links) are compared like files of their own: that they belong together is no difference.

      The status is 0 when all is the same, 1 when something differs, and more when that could not be found out.
      """,
    examples: [
      Example("archivetool diff mon.cka tue.cka", "what has changed from one to the other"),
      Example("archivetool diff etc.cka /", "what has changed since /etc was archived"),
      Example("archivetool diff --ignore mtime --ignore owner a.cka copy", "content, modes and names"),
    ],
    flags: [
      .texts("ignore", \.ignored, "do not compare content, mode, owner, mtime or attributes").placeholder("WHAT")
        .group(.input),
      .texts("exclude", \.excluded, "leave out what matches PATTERN").placeholder("PATTERN").group(.input),
      ParentFolders.flag(\.parents),
    ],
    positionals: [
      .path("ARCHIVE", \.old, "the archive"),
      .path("OTHER", \.new, "another archive, or a folder"),
      .paths("PATH", \.names, "what to compare; everything when nothing is named"),
    ],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let aspects = try aspects(without: options.ignored)
    let session = try context.begin(options.global)
    do throws(Failure) {
      let old = try open(options.old, options, session)
      let patterns = try options.excluded.map { (text: String) throws(Failure) in try pattern(text) }
      let comparison = try compare(old, options, aspects, patterns, session)
      var selection = EntrySelection(options.names)
      do throws(ArchiveError) {
        try comparison.forEachDifference { path in
          selection.includes(path: path) && !isExcluded(path, patterns)
        } _: { (difference: ArchiveDifference) throws(ArchiveError) in
          session.reporter.noteDifference()
          session.reporter.print(line(difference))
          session.reporter.emit(json(difference))
        }
      } catch {
        throw Failure(error, archive: old.name)
      }
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "diff")
  }

  private static func open(_ path: [UInt8], _ options: Options, _ session: Session) throws(Failure) -> CkaArchive {
    let input = try ArchiveInput.open(InputName(path: path))
    guard CkaArchive.recognizes(input.prefix) else {
      throw Failure(.unsupported, "is no archive (.cka)", input: input.name)
    }
    return try CkaArchive(input, parents: options.parents, session)
  }

  /// The comparison with the other side.
  private static func compare(
    _ old: CkaArchive, _ options: Options, _ aspects: ArchiveDifference.Aspects, _ patterns: [Glob],
    _ session: Session
  ) throws(Failure) -> ArchiveComparison {
    let other = Path(options.new)
    let isFolder: Bool
    do throws(IOError) { isFolder = try FileSystem.status(of: other).kind == .directory } catch {
      throw Failure(error, input: InputName(path: options.new))
    }
    guard isFolder else {
      return ArchiveComparison(old.reader, try open(options.new, options, session).reader, aspects)
    }
    let (reporter, progress) = (session.reporter, session.progress)
    progress.begin(other.lossyString, total: nil)
    let settings = TreeArchiverOptions {
      $0.excluded = patterns
      $0.warn = { reporter.warning(Failure($0)) }
      $0.progress = { progress.update(PumpProgress(bytesRead: $0.bytes, bytesIn: $0.bytes, bytesOut: 0)) }
    }
    do throws(ArchiveError) {
      return try FolderComparison(old.reader, settings, aspects, threads: options.global.threads ?? 0).read(other)
    } catch {
      throw Failure(error, archive: old.name)
    }
  }

  private static func pattern(_ text: String) throws(Failure) -> Glob {
    guard let glob = Glob(text) else { throw Failure(.usage, "'\(text)' is no pattern", input: InputName(path: nil)) }
    return glob
  }

  /// Whether a path or one above it is left out.
  private static func isExcluded(_ path: [UInt8], _ patterns: [Glob]) -> Bool {
    if patterns.isEmpty { return false }
    var end = path.count
    while end > 0 {
      let part = Array(path[..<end])
      if patterns.contains(where: { $0.matches(part) }) { return true }
      end = part.lastIndex(of: UInt8(ascii: "/")) ?? 0
    }
    return false
  }

  // MARK: - Telling

  static func line(_ difference: ArchiveDifference) -> String {
    let entry = difference.new ?? difference.old
    let name = entry.map { CkaEntryReport(archive: nil, entry: $0).name } ?? ""
    switch (difference.old, difference.new) {
    case (nil, _): return "+ \(name)"
    case (_, nil): return "- \(name)"
    default: return "~ \(name)  (\(difference.aspects.names.joined(separator: ", ")))"
    }
  }

  static func json(_ difference: ArchiveDifference, command: String = "diff") -> JSONValue {
    var object: JSONValue = ["type": "difference", "v": 1, "command": .string(command)]
    object.add(JSONValue.path(difference.path))
    let change = difference.old == nil ? "added" : difference.new == nil ? "removed" : "changed"
    object.add("change", .string(change))
    object.add("aspects", .array(difference.aspects.names.map { .string($0) }))
    if let old = difference.old, old.kind == .file { object.add("old_size", .uint(old.size)) }
    if let new = difference.new, new.kind == .file { object.add("new_size", .uint(new.size)) }
    return object
  }
}
