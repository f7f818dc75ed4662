// SPDX-License-Identifier: Apache-2.0

import ArchiveKit
import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool create`: files and folders into an archive.
enum Create {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var files = FileOptions()
    var codec = CodecChoice()
    var source = SourceOptions()
    var isReproducible = false
    var name: String?
    var parent: [UInt8]?
    var parentFolders: [[UInt8]] = []
    var index: [UInt8]?
    var resumes = false
    var verify = false
    init() {}
  }

  static let command = Command<Options, Context>(
    "create", summary: "put files and folders into an archive",
    discussion: """
      Writes an archive (.cka) of each PATH and all below it: names, contents, permissions, owners, times, links, holes, \
      extended attributes, pipes and devices. Equal content is stored once. Any file, or a part of one, can be read again \
      without the rest, and everything is protected by checksums.

      Leading slashes are not stored. The archive that is being written is not part of it, nor is a file that it replaces. \
      What vanishes, changes or cannot be read meanwhile is reported, the archive is \
      complete for the rest, and the status is 1.

      --files-from FILE takes further PATHs from the lines of FILE, or with -0 from names that end in a zero byte. As in \
      tar a folder comes with all below it, unless --no-recursion is given. Order and repetition do not matter.

      --parent FILE makes an increment: it lists the whole tree, and stores what the parent and the archives below it do \
      not have. A file counts as unchanged when size, times and inode are what they were; --paranoid reads it all the \
      same. --parent takes the archive or its detached index, which --index writes.

      With --resume an archive that is interrupted, by a full disk for one, stays in FILE.partial. The same command goes \
      on with it, and reads only what is not in it or has changed.

      --stdin NAME stores a stream byte for byte, as one file. A tar stream and an xbstream are cut where their members \
      begin, each member as a file of its name would be, so that two of them share what is the same in both. \
      --from-tar FILE and --from-xbstream FILE make the members entries; FILE, or standard input (-), may be compressed \
      with any codec that is known by its content. Of members with the same path the last one counts. Members that \
      cannot be stored are named, and the status is 1; a stream that is damaged or cut leaves no archive.
      """,
    examples: [
      Example("archivetool create -o etc.cka /etc", "a folder"),
      Example("archivetool create -o - -C /srv www | ssh host 'cat >www.cka'", "into a pipe"),
      Example("find . -name '*.c' | archivetool create -o c.cka --files-from -", "what is in a list"),
      Example("archivetool create -o tue.cka --parent mon.cka /etc", "what has changed since"),
      Example("pg_dump shop | archivetool create -o shop.cka --stdin shop.sql", "a stream, as one file"),
      Example(
        "pg_basebackup -Ft -X fetch -D - | archivetool create -o base.cka --from-tar -", "a tar stream, as files"),
    ],
    flags: FileOptions.flags.filter { ["output", "force", "sync", "stats"].contains($0.definition.long) }
      .lifted(\Options.files) + [
        .path("parent", \.parent, "store only what archive or index FILE does not have").placeholder("FILE")
          .group(.input),
        .paths("parents", \.parentFolders, "look for the archives below the parent in DIR too").placeholder("DIR")
          .group(.input),
        .toggle("resume", \.resumes, "keep an interrupted archive, and go on with it").group(.output),
        .path("index", \.index, "write what a later increment needs to FILE too").placeholder("FILE").group(.output),
        .text("name", \.name, "a name to keep in the archive").placeholder("TEXT").group(.output),
        .toggle("reproducible", \.isReproducible, "write the same bytes for the same tree").group(.output),
        .toggle("verify", \.verify, "read the archive back and check it before it takes its name").group(.output),
      ] + SourceOptions.flags.lifted(\Options.source)
      + CodecChoice.flags.filter {
        ["codec", "level", "fast", "best", "block-size"].contains($0.definition.long)
      }.lifted(\Options.codec),
    positionals: [.paths("PATH", \.files.files, "what to archive")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    try check(options, context)
    let session = try context.begin(options.global)
    do throws(Failure) {
      try ArchiveCreation(options, session).run()
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "create", stats: options.files.stats)
  }

  private static func check(_ options: Options, _ context: Context) throws {
    let files = options.files
    if files.files.isEmpty && !options.source.readsNames && !options.source.readsStream {
      throw UsageError(.missingArgument, "nothing to archive", hint: "name files or folders, or give --stdin NAME")
    }
    // Names in files are as good as those on the command line.
    try options.source.check(
      with: files.files.isEmpty || !options.source.readsStream ? [] : ["PATH"], force: files.force, context)
    if options.source.isDryRun { return }
    guard files.output != nil else {
      throw UsageError(.missingArgument, "-o FILE is missing", hint: "-o - writes to standard output")
    }
    // All PATHs go into one output.
    var output = files
    output.files = []
    try output.check(json: options.global.json)
    if files.writesToOutput(for: nil), context.outputIsTerminal, !files.force {
      throw UsageError(
        .invalidCombination, "an archive is not written to a terminal", hint: "-o FILE writes a file; -f insists")
    }
    if options.resumes && (files.writesToOutput(for: nil) || options.source.readsStream || options.isReproducible) {
      throw UsageError(
        .invalidCombination, "--resume needs an output file and a tree that can be read again",
        hint: "it excludes -o -, streams and --reproducible")
    }
    if options.verify && files.writesToOutput(for: nil) {
      throw UsageError(.invalidCombination, "--verify needs an output file: a pipe cannot be read back")
    }
  }
}
