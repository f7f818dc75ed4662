// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool extract`: the files of an archive into a folder.
enum Extract {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var archive: [UInt8] = []
    var names: [[UInt8]] = []
    var folder: [UInt8]?
    var tarFile: [UInt8]?
    var force = false
    var sync = false
    var stats = false
    var parents: [[UInt8]] = []
    var reading = ReadingOptions()
    var tree = TreeOptions()
    init() {}
  }

  static let command = Command<Options, Context>(
    "extract", aliases: ["x"], summary: "extract the files of an archive",
    discussion: """
      Writes the files and directories of ARCHIVE below the current folder, or below the one that -C names, which is \
      made if it is not there; with PATHs only those, and all that lies in them. Archives are .cka files, and the .qp \
      files of qpress and of backup tools.

      Nothing is written outside of that folder: names that are absolute or have . or .. in them are refused, and links \
      that are there already are not followed. What is damaged or refused in a .qp file is named and left out, the rest \
      is extracted, and the status is 3. The first damage ends the extraction of a .cka file, unless --keep-going is \
      given; one whose tree breaks the rules is refused as a whole.

      An existing file is replaced when what comes for it is complete and checked, and each file of a .qp archive appears \
      only then. Other files of a .cka archive grow under their own names, readable by their owner alone, and are removed \
      when they turn out damaged; .archivetool-incomplete stands beside them in the folder until all are complete, and \
      stays there when the extraction is broken off.

      A .cka file that comes from a pipe is extracted as it comes, each 64 MiB of data at a time.

      The archives that an increment is made upon are looked for in the folders that --parents names, then in its own, by \
      what they hold. One that is missing, or is another, is named before anything is written.

      Of a .cka file owners, permissions, times, links, holes and attributes come back: owners and set-ID bits for root \
      alone, unless --no-same-owner is given, devices only with --allow-special.

      --to-tar FILE writes the entries of a .cka file as a POSIX tar archive instead, with all of that in it: what of it \
      comes back is up to the one who extracts that. With --keep-going damaged files are left out; a tar archive that has \
      to end within a file has no end, so that tar refuses it.
      """,
    examples: [
      Example("archivetool extract -C restored backup.qp", "all of an archive"),
      Example("archivetool extract backup.cka etc/hosts var/log", "a file and a folder"),
      Example("archivetool extract --to-tar - backup.cka srv/www | ssh host 'tar -xpf -'", "as tar, into a pipe"),
      Example("archivetool extract --parents /mnt/old tue.cka", "an increment whose parents are elsewhere"),
      Example("archivetool extract --keep-going --keep-damaged -C saved hit.cka", "all that can be read"),
    ],
    flags: [
      .directory("directory", short: "C", \.folder, "extract into folder DIR").placeholder("DIR").group(.output),
      .path("to-tar", \.tarFile, "write a tar archive; - is standard output").placeholder("FILE").group(.output),
      .toggle("force", short: "f", \.force, "replace existing files").group(.output),
      .toggle("sync", \.sync, "wait until each output is on the device").group(.output),
      ParentFolders.flag(\.parents),
      .toggle("stats", \.stats, "print time, CPU and memory at the end").group(.reporting),
    ]
      + ReadingOptions.flags.filter {
        ["max-output", "max-ratio", "max-memory", "untrusted"].contains($0.definition.long)
      }.lifted(\Options.reading) + TreeOptions.flags.lifted(\Options.tree),
    positionals: [
      .path("ARCHIVE", \.archive, "the archive; - is standard input"),
      .paths("PATH", \.names, "what to extract; everything when nothing is named"),
    ],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = InputName(argument: options.archive)
    try ArchiveInput.refuseTerminal(name, context, command: "extract")
    try checkTar(options, context)
    let session = try context.begin(options.global)
    var made: TargetFolder?
    do throws(Failure) {
      let reading = try options.reading.options(threads: options.global.threads)
      let folder = Path(options.folder ?? Array(".".utf8))
      let input = try ArchiveInput.open(name)
      if CkaArchive.recognizes(input.prefix) {
        let settings = try options.extractionOptions()
        if let tarFile = options.tarFile {
          let conversion = TarConversion(
            archive: try CkaArchive(input, parents: options.parents, session), options: settings, file: tarFile,
            force: options.force,
            sync: options.sync)
          try conversion.run(session)
          return session.finish(command: "extract", stats: options.stats)
        }
        let target = try TargetFolder(folder, isDryRun: options.tree.isDryRun)
        made = target
        try CkaExtraction(options: settings, folder: target.path, parents: options.parents).run(input, session)
        return session.finish(command: "extract", stats: options.stats)
      }
      if options.tarFile != nil { throw Failure(.usage, "--to-tar is for .cka archives") }
      try options.tree.refuseForStreams(context)
      if !options.parents.isEmpty { throw Failure(.usage, "--parents is for .cka archives") }
      made = try TargetFolder(folder)
      let root: DirectoryHandle
      do throws(IOError) { root = try DirectoryHandle(folder) } catch {
        throw Failure(error, input: InputName(path: folder.bytes))
      }
      let extraction = Extraction(
        session, archive: name, to: root, EntrySelection(options.names), force: options.force, sync: options.sync)
      try ArchiveInput.walk(input, reading, telling: extraction, session)
      for missing in extraction.missing {
        var failure = Failure(.partial, "not in the archive", input: name)
        failure.concern(entry: missing)
        session.reporter.failure(failure)
      }
    } catch {
      made?.removeIfEmpty()
      session.reporter.failure(error)
    }
    return session.finish(command: "extract", stats: options.stats)
  }

  /// The flags that say how files are made, which a tar archive does not ask.
  private static let notForTar = [
    "directory", "overwrite", "keep-damaged", "same-owner", "no-same-owner", "allow-special", "dry-run",
  ]

  private static func checkTar(_ options: Options, _ context: Context) throws {
    guard let file = options.tarFile else { return }
    for flag in notForTar where context.origin(of: flag) == .commandLine {
      throw UsageError(.invalidCombination, "--to-tar and --\(flag) exclude each other")
    }
    guard file == Array("-".utf8) else { return }
    if options.global.json {
      throw UsageError(
        .invalidCombination, "--json and data cannot both go to standard output", hint: "use --to-tar FILE")
    }
    if context.outputIsTerminal {
      throw UsageError(
        .invalidCombination, "a tar archive is not written to a terminal", hint: "--to-tar FILE writes a file")
    }
  }
}
