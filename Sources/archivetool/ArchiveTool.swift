// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// The command line tool: reads its arguments, environment and configuration, and runs a command.
@main
enum ArchiveTool {
  /// The name in every message.
  static let name = "archivetool"

  static func main() {
    // Before anything is opened: a file must never get the number of a standard descriptor that was closed.
    try? StandardDescriptors.ensureOpen()
    if let status = MemoryProbe.run(Machine.arguments) { exitProcess(status) }
    exitProcess(run(Machine.arguments).code)
  }

  private static func run(_ arguments: [[UInt8]]) -> ExitCode {
    let context = Context(program: name)
    // How quiet the run is, as soon as that is known.
    var quiet = 0
    do {
      try DescriptorLimit.ensure()
      switch try program.parse(arguments) {
      case .text(let text, let code):
        if code == .ok { context.console.writeOutput(text) } else { context.console.writeError(text) }
        guard let failure = context.console.outputFailure else { return code }
        context.console.writeError("\(name): stdout: \(failure)\n")
        return .io
      case .command(let pending):
        quiet = pending.typedGlobals.quiet
        let inputs = ParseInputs(
          environment: { Machine.environmentBytes($0) }, configs: try Configuration.files(pending.typedGlobals))
        let invocation = try pending.resolve(inputs)
        quiet = invocation.globals.quiet
        context.values = invocation.values
        tellOrigins(invocation, context)
        return try invocation.run(context)
      }
    } catch let error as UsageError {
      if quiet < 2 { context.console.writeError(error.rendered(program: name, withHint: quiet < 1)) }
      return .usage
    } catch let error as IOError {
      let place = error.path.map { Escaping.visible($0.bytes) + ": " } ?? ""
      context.console.writeError("\(name): \(place)\(error)\n")
      return .io
    } catch {
      context.console.writeError("\(name): internal error: \(error)\n")
      return .internal
    }
  }

  /// Warnings always, and under `-v` where every value comes from that is not the default.
  private static func tellOrigins(_ invocation: Invocation<Context>, _ context: Context) {
    if invocation.globals.quiet < 1 {
      for warning in invocation.warnings { context.console.writeError("\(name): \(warning)\n") }
    }
    guard invocation.globals.verbose > 0 else { return }
    for value in invocation.values where value.origin != .commandLine {
      context.console.writeError("\(name): \(value)\n")
    }
  }

  /// The whole command line.
  static let program = Program<Context>(
    name: name,
    version: Version.text,
    summary: "compress, decompress and check files with the codecs of database backups",
    discussion: """
      Reads and writes zstd, lz4, snappy, S2, gzip, zlib, deflate and QuickLZ. Formats are found by content. Sources are \
      kept unless --rm is given, existing files are never replaced without -f, and an output appears under its name \
      only when it is complete. Archives of whole trees (.cka) are made by create, and read by list, extract, cat -m, \
      test, info and recover.
      """,
    commands: [
      CommandEntry("compress", aliases: ["c"]) { Compress.command.erased },
      CommandEntry("decompress", aliases: ["d"]) { Decompress.command.erased },
      CommandEntry("cat") { Cat.command.erased },
      CommandEntry("test", aliases: ["t"]) { Test.command.erased },
      CommandEntry("create") { Create.command.erased },
      CommandEntry("info", aliases: ["i"]) { Info.command.erased },
      CommandEntry("list") { List.command.erased },
      CommandEntry("diff") { Diff.command.erased },
      CommandEntry("extract", aliases: ["x"]) { Extract.command.erased },
      CommandEntry("merge") { Merge.command.erased },
      CommandEntry("recover") { Recover.command.erased },
      CommandEntry("recompress") { Recompress.command.erased },
      CommandEntry("train") { Train.command.erased },
      CommandEntry("bench") { Bench.command.erased },
      CommandEntry("codecs") { Codecs.command.erased },
      CommandEntry("backup init") { BackupInit.command.erased },
      CommandEntry("backup create") { BackupCreate.command.erased },
      CommandEntry("backup list") { BackupList.command.erased },
      CommandEntry("backup show") { BackupShow.command.erased },
      CommandEntry("backup stats") { BackupStats.command.erased },
      CommandEntry("backup find") { BackupFind.command.erased },
      CommandEntry("backup diff") { BackupDiff.command.erased },
      CommandEntry("backup restore") { BackupRestore.command.erased },
      CommandEntry("backup update") { BackupUpdate.command.erased },
      CommandEntry("backup delete") { BackupDelete.command.erased },
      CommandEntry("backup merge") { BackupMerge.command.erased },
      CommandEntry("backup prune") { BackupPrune.command.erased },
      CommandEntry("backup verify") { BackupVerify.command.erased },
      CommandEntry("backup rebuild") { BackupRebuild.command.erased },
      CommandEntry("backup unlock") { BackupUnlock.command.erased },
      CommandEntry("serve") { Serve.command.erased },
    ],
    groups: [
      CommandGroup(
        "backup", summary: "keep backups in a repository: make, list, restore, verify, expire",
        discussion: """
          A repository is a folder of archives with a record of each: name, parent, state, and how long it is kept. \
          -R REPO names it, or ARCHIVETOOL_REPO.
          """)
    ],
    invocationNames: [
      InvocationName("ackz", command: "compress", alternatives: filters),
      InvocationName("unackz", command: "decompress", alternatives: filters.filter { $0.short != "d" }),
      InvocationName("ackcat", command: "cat"),
    ],
    environmentPrefix: "ARCHIVETOOL",
    environment: [
      .init("ARCHIVETOOL_PROGRESS_FPS", "Drawings of the progress line a second, 1 to 10."),
      .init("NO_COLOR", "When set to anything but nothing, no colours are used."),
      .init("COLUMNS", "The width of the terminal, where the terminal does not tell it."),
      .init("XDG_CONFIG_HOME", "Where the user's configuration file is looked for; $HOME/.config by default."),
    ],
    files: [
      .init(
        "$XDG_CONFIG_HOME/archivetool/config",
        "Lines of the form key = value, grouped by [command]; keys are long option names.")
    ],
    parts: { LinkedLibraries.all.map { .init($0.name, $0.version) } },
    exitCodes: ExitCode.table)

  /// The flags by which a filter in the style of gzip is told to do something else.
  private static let filters: [InvocationName.Alternative] = [
    .init(short: "d", long: "decompress", command: "decompress"),
    .init(short: "t", long: "test", command: "test"),
    .init(short: "l", long: "list", command: "info"),
  ]
}
