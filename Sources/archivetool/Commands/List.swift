// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool list`: the names in an archive.
enum List {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var archive: [UInt8] = []
    var isLong = false
    var reading = ReadingOptions()
    init() {}
  }

  static let command = Command<Options, Context>(
    "list", summary: "list the files in an archive",
    discussion: """
      Prints the names of the files and directories in ARCHIVE, in its order; directories end in a slash. Archives are the \
      .qp files of qpress and of backup tools. Nothing is decoded, so that damage inside of a file goes unnoticed: \
      archivetool test looks for it.
      """,
    examples: [
      Example("archivetool list backup.qp", "names only"),
      Example("archivetool list -l backup.qp", "plain size, packed size, name"),
    ],
    flags: [
      .toggle("long", short: "l", \.isLong, "show sizes as well").group(.output)
    ] + ReadingOptions.flags.filter { $0.definition.long == "max-memory" }.lifted(\Options.reading),
    positionals: [.path("ARCHIVE", \.archive, "the archive; - is standard input")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = InputName(argument: options.archive)
    try ArchiveInput.refuseTerminal(name, context, command: "list")
    let session = try context.begin(options.global)
    do throws(Failure) {
      let reading = try options.reading.options(threads: options.global.threads)
      let listing = ArchiveListing(session.reporter, archive: name, isLong: options.isLong)
      try ArchiveInput.walk(name, reading, telling: listing, session)
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

  /// Opens an archive, finds its format, and goes through it.
  @discardableResult
  static func walk(
    _ name: InputName, _ reading: DecompressionOptions, telling visitor: any ArchiveVisitor, _ session: Session
  ) throws(Failure) -> any ArchiveFormat {
    var input = try OpenedInput(name.path.map { Path($0) })
    try input.readPrefix()
    let format = try ArchiveFormats.format(of: input)
    session.progress.begin(name.display, total: input.size)
    try format.walk(&input, reading, telling: visitor, progress: session.progress)
    return format
  }
}
