// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool list`: the names in an archive.
enum List {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var archive: [UInt8] = []
    var names: [[UInt8]] = []
    var isLong = false
    var parents: [[UInt8]] = []
    var listsChain = false
    var reading = ReadingOptions()
    init() {}
  }

  static let command = Command<Options, Context>(
    "list", summary: "list the files in an archive",
    discussion: """
      Prints the names of the files and directories in ARCHIVE, in its order; directories end in a slash. With PATHs only \
      those, and all that lies in them. Archives are .cka files, and the .qp files of qpress and of backup tools. No \
      content is decoded, so that damage inside of a file goes unnoticed: archivetool test looks for it.

      --chain lists the archives that a .cka file is made upon instead: how many entries and chunks each has, the bytes \
      that these take, and how many of them a restore of ARCHIVE would read.
      """,
    examples: [
      Example("archivetool list backup.qp", "names only"),
      Example("archivetool list -l backup.cka", "permissions, owner, size, time, name"),
      Example("archivetool list --chain tue.cka", "the archives that an increment needs"),
      Example("archivetool list -l backup.qp shop", "plain size, packed size, name"),
    ],
    flags: [
      .toggle("long", short: "l", \.isLong, "show what else is known").group(.output),
      .toggle("chain", \.listsChain, "list the archives of a chain instead").group(.output),
      ParentFolders.flag(\.parents),
    ] + ReadingOptions.flags.filter { $0.definition.long == "max-memory" }.lifted(\Options.reading),
    positionals: [
      .path("ARCHIVE", \.archive, "the archive; - is standard input"),
      .paths("PATH", \.names, "what to list; everything when nothing is named"),
    ],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = InputName(argument: options.archive)
    try ArchiveInput.refuseTerminal(name, context, command: "list")
    let session = try context.begin(options.global)
    do throws(Failure) {
      let reading = try options.reading.options(threads: options.global.threads)
      let input = try ArchiveInput.open(name)
      if CkaArchive.recognizes(input.prefix) {
        let archive = try CkaArchive(input, parents: options.parents, session)
        if options.listsChain {
          try CkaChainReport(archive: archive).tell(session)
        } else {
          try archive.list(options.names, isLong: options.isLong, session)
        }
      } else {
        if options.listsChain || !options.parents.isEmpty {
          throw Failure(.usage, "--chain and --parents are for .cka archives", input: name)
        }
        let listing = ArchiveListing(
          session.reporter, archive: name, EntrySelection(options.names), isLong: options.isLong)
        try ArchiveInput.walk(input, reading, telling: listing, session)
        for missing in listing.missing {
          var failure = Failure(.partial, "not in the archive", input: name)
          failure.concern(entry: missing)
          session.reporter.failure(failure)
        }
      }
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "list")
  }
}

/// An archive as the argument of a command.
enum ArchiveInput {
  /// Throws instead of waiting for a person to type an archive.
  static func refuseTerminal(_ name: InputName, _ context: Context, command: String) throws {
    if name.path == nil, context.inputIsTerminal {
      throw UsageError(
        .missingArgument, "standard input is a terminal", hint: "name a file; see \(context.program) \(command) -h")
    }
  }

  /// Opens an archive and reads its beginning.
  static func open(_ name: InputName) throws(Failure) -> OpenedInput {
    var input = try OpenedInput(name.path.map { Path($0) })
    try input.readPrefix()
    return input
  }

  /// Finds the format of an archive that is read front to back, and goes through it.
  @discardableResult
  static func walk(
    _ input: consuming OpenedInput, _ reading: DecompressionOptions, telling visitor: any ArchiveVisitor,
    _ session: Session
  ) throws(Failure) -> any ArchiveFormat {
    var input = input
    let format = try ArchiveFormats.format(of: input)
    session.progress.begin(input.name.display, total: input.size)
    try format.walk(&input, reading, telling: visitor, progress: session.progress)
    return format
  }
}
