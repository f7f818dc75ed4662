// SPDX-License-Identifier: Apache-2.0

import BackupKit
import CodecKit
import CommandLineKit
import SystemIO

/// `archivetool backup create`: a backup of files, of a stream, or of what a command writes.
enum BackupCreate {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var repository = RepositoryOptions()
    var source = SourceOptions()
    var codec = CodecChoice()
    var words: [[UInt8]] = []
    var name: String?
    var shellCommand: String?
    var fileName: String?
    var instance: String?
    var parent = "none"
    var description: String?
    var retention: String?
    var expires: String?
    var isProtected = false
    var databases: [String] = []
    var engine: String?
    var retries = 0
    var retryInterval = Duration.seconds(60)
    var kind = BackupRecord.Kind.manual
    var expectedSize: UInt64?
    var expectedDigest: String?
    var resumes = false
    var verify = false
    var force = false
    var stats = false
    init() {}
  }

  static let command = Command<Options, Context>(
    "backup create", summary: "back up files, a stream, or what a command writes",
    discussion: """
      Makes a backup of each PATH and all below it, of standard input (--stdin), or of what a command writes to its \
      standard output (--command). With one PATH and nothing before it the name is made from the time; with more, the \
      first word is the NAME, unless --name gives it. Names have 4 to 64 letters, digits, - and _, a letter first.

      The backup counts when it is complete and on the device. What vanishes or cannot be read meanwhile is reported, \
      the backup is complete for the rest, and the status is 1. A command that fails, and a stream that is not what \
      --expect-size or --expect-sha256 announce, make no backup: the status is 9.

      The command is run by sh. Its environment says what for: BACKUP_NAME, BACKUP_ID, BACKUP_INSTANCE, BACKUP_DATABASES, \
      BACKUP_PARENT, BACKUP_PARENT_POSITION. What it writes to its standard error is shown, and kept with the backup. \
      What it writes to descriptor 3 is kept as the place where the source stood, a log position for one: the command of \
      the next increment finds it in BACKUP_PARENT_POSITION.

      With --resume what an interrupted backup has left is kept: the same command goes on with it, and reads only what is \
      not in it or has changed.

      --from-tar FILE and --from-xbstream FILE back up the members of a stream, each as a file of its name; FILE, or \
      standard input (-), may be compressed. Of members with the same path the last one counts. A stream that is damaged \
      or cut makes no backup: the status is 9.

      One backup of an instance is made at a time; a second one ends with status 11 and says who makes the first. Without \
      --instance the first PATH is the instance, the name of the stream, or the first word of the command.
      """,
    examples: [
      Example("archivetool backup create -R REPO /etc", "a folder"),
      Example("archivetool backup create -R REPO before-upgrade /etc /srv --protect", "with a name, to be kept"),
      Example("archivetool backup create -R REPO /srv --parent auto", "what has changed since the last one"),
      Example("pg_dump shop | archivetool backup create -R REPO --stdin shop.sql", "a stream"),
      Example("archivetool backup create -R REPO --from-tar base.tar.gz", "the members of a tar archive"),
      Example(
        "archivetool backup create -R REPO --command 'pg_dump shop' --retries 2",
        "a command, tried up to three times"),
    ],
    flags: RepositoryOptions.flags.lifted(\Options.repository) + [
      .text("name", \.name, "the name, when all words are PATHs").placeholder("NAME").group(.output),
      .text("description", \.description, "what it is for").placeholder("TEXT").group(.output),
      .text("instance", \.instance, "what is backed up").placeholder("NAME").group(.output)
        .default("the first PATH"),
      .text("parent", \.parent, "what it builds on: none, auto, NAME or ID").placeholder("WHICH").group(.output)
        .default("none"),
      .text("command", \.shellCommand, "back up what a command writes").placeholder("COMMAND").group(.input),
      .text("filename", \.fileName, "the name of the command's file").placeholder("NAME").group(.input)
        .default("the first word of the command"),
      .size("expect-size", \.expectedSize, "how many bytes the stream must have").placeholder("SIZE").group(.input),
      .text("expect-sha256", \.expectedDigest, "what the SHA-256 of the stream must be").placeholder("HEX")
        .group(.input),
      .int("retries", in: 0...1000, \.retries, "how often to try again").placeholder("N").group(.input).default("0"),
      .duration("retry-interval", \.retryInterval, "how long to wait before that").group(.input).default("60s"),
      .text("retention", \.retention, "how long it is kept: 12h 30d 4w 6mo 1y").placeholder("TIME").group(.output)
        .default("as the repository says"),
      .choice("expires", of: ["never"], \.expiresText, "keep it until it is deleted").placeholder("never")
        .group(.output),
      .toggle("protect", \.isProtected, "let nobody delete it").group(.output),
      .texts("database", \.databases, "a database that is in it").placeholder("NAME").group(.output),
      .text("engine", \.engine, "the program that the data is from").placeholder("NAME").group(.output),
      .choice("kind", \.kind, "whether a timer or somebody asked for it").placeholder("KIND").group(.output)
        .default("manual"),
      .toggle("resume", \.resumes, "keep an interrupted backup, and go on with it").group(.output),
      .toggle("verify", \.verify, "read the archive back before it counts").group(.output),
      .toggle("force", short: "f", \.force, "read standard input from a terminal too").group(.input),
      .toggle("stats", \.stats, "print time, CPU and memory at the end").group(.reporting),
    ] + SourceOptions.flags.lifted(\Options.source)
      + CodecChoice.flags.filter {
        ["codec", "level", "fast", "best", "block-size"].contains($0.definition.long)
      }.lifted(\Options.codec),
    positionals: [.paths("NAME|PATH", \.words, "a name and what to back up, or one PATH alone")],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    let name = try options.repository.name()
    var options = options
    try options.sortWords()
    try check(options, context)
    let session = try context.begin(options.global)
    do throws(Failure) {
      try BackupCreation(options, session, try OpenRepository(name, session)).run()
    } catch {
      session.reporter.failure(error)
    }
    return session.finish(command: "backup create", stats: options.stats)
  }

  private static func check(_ options: Options, _ context: Context) throws {
    let source = options.source
    let others =
      (options.words.isEmpty ? [] : ["PATH"]) + (options.shellCommand == nil ? [] : ["--command"])
    if others.isEmpty, !source.readsNames, !source.readsStream {
      throw UsageError(
        .missingArgument, "nothing to back up", hint: "name files or folders, or give --stdin NAME or --command")
    }
    try source.check(
      with: source.readsStream || options.shellCommand != nil ? others : [], force: options.force, context)
    if source.isDryRun, options.shellCommand != nil {
      throw UsageError(.invalidCombination, "--dry-run runs no command: --command excludes it")
    }
    if options.instance == nil, source.readsInput, source.streamName == nil {
      throw UsageError(
        .missingArgument, "nothing says what the stream is a backup of", hint: "--instance NAME does")
    }
    if options.fileName != nil, options.shellCommand == nil {
      throw UsageError(.invalidCombination, "--filename names what --command writes")
    }
    if options.expectedSize != nil || options.expectedDigest != nil, source.streamName == nil,
      options.shellCommand == nil
    {
      throw UsageError(.invalidCombination, "--expect-size and --expect-sha256 are for --stdin and --command")
    }
    if options.expires != nil, options.retention != nil {
      throw UsageError(.invalidCombination, "--expires never and --retention exclude each other")
    }
    if options.retries > 0, let stream = source.streams.first {
      throw UsageError(.invalidCombination, "--retries needs a source that can be read again: \(stream) cannot")
    }
    if options.resumes, source.readsStream || options.shellCommand != nil {
      throw UsageError(.invalidCombination, "--resume needs files that can be read again, not a stream")
    }
  }
}

extension BackupCreate.Options {
  /// `--expires` for its flag.
  var expiresText: String {
    get { expires ?? "" }
    set { expires = newValue }
  }

  /// Tells the name from the paths: the first of several words, or the only one when the data comes from elsewhere.
  mutating func sortWords() throws(UsageError) {
    guard name == nil, !words.isEmpty else { return }
    let comesFromElsewhere = source.readsStream || shellCommand != nil || source.readsNames
    guard words.count > 1 || comesFromElsewhere else { return }
    let first = words.removeFirst()
    guard let text = String(validating: first, as: UTF8.self), !text.contains("/") else {
      throw UsageError(
        .invalidValue, "'\(Escaping.visible(first))' is no name: the first of several words is the NAME",
        hint: "--name NAME gives it when all words are PATHs")
    }
    name = text
  }
}
