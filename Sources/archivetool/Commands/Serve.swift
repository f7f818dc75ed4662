// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// `archivetool serve`: becomes the program that is the backup service, so that this one loads no HTTP library.
enum Serve {
  struct Options: CommandOptions {
    var global = GlobalOptions()
    var config: [UInt8]?
    var listen: String?
    var check = false
    init() {}
  }

  /// The program that is the service.
  private static let program = "archivetool-serve"

  static let command = Command<Options, Context>(
    "serve", summary: "answer the create-backup calls of PMM, Trove, RDS, GaussDB, PlanetScale",
    discussion: """
      An HTTP service over a repository: existing clients and scripts of these five products back up to it when their base \
      URL is changed. The configuration says which databases, folders and commands there are, how each is backed up and \
      how it is restored; a page at / shows all backups. Documentation/Service.md describes it.

      It listens on 127.0.0.1 unless told otherwise; any other address needs a file of tokens, a certificate and a key. It \
      writes one line with its address to standard output when it is ready, and what happens to standard error. INT, TERM \
      and HUP end it: what is being made has the time that the configuration says, what waits is made after the next \
      start. A second one of them ends it at once.

      With --check it ends with status 0 when all is well, 2 when something in the configuration makes no sense, 5 when \
      a file, a folder or the address cannot be had, and 10 when there is no repository.
      """,
    examples: [
      Example("archivetool serve --config /etc/archivetool/serve.json", ""),
      Example("archivetool serve --config serve.json --listen 127.0.0.1:0", "on a port that is free"),
      Example("archivetool serve --config serve.json --check", "say what is wrong with the configuration"),
    ],
    flags: [
      .path("config", \.config, "the configuration of the service, in JSON").group(.input).commandLineOnly(),
      .text("listen", \.listen, "where to listen, in place of what the configuration says").placeholder("ADDR:PORT")
        .group(.input).commandLineOnly(),
      .toggle("check", \.check, "check the configuration and all that it names, and end").group(.input)
        .commandLineOnly(),
    ],
    run: run)

  private static func run(_ options: Options, _ context: Context) throws -> ExitCode {
    guard let config = options.config else { throw UsageError(.missingArgument, "--config FILE is missing") }
    // What would change nothing is not taken as if it did.
    for flag in ["json", "progress", "threads"] where context.origin(of: flag) == .commandLine {
      throw UsageError(
        .invalidCombination, "--\(flag) means nothing to the service",
        hint: flag == "threads" ? "workers in FILE says how much it does at a time" : nil)
    }
    var arguments = [Array(program.utf8), Array("--config".utf8), config]
    if let listen = options.listen { arguments += [Array("--listen".utf8), Array(listen.utf8)] }
    if options.check { arguments.append(Array("--check".utf8)) }
    try replaceProcess(try location(), arguments: arguments)
  }

  /// The service beside this program or, where this one is installed, in the folder for programs that others start.
  private static func location() throws(IOError) -> Path {
    let folder = try FileSystem.symbolicLinkTarget(of: "/proc/self/exe").parent
    let beside = folder.joining(program)
    if try FileSystem.exists(beside) { return beside }
    let installed = folder.parent.joining("libexec").joining(program)
    // What is missing is named as it would be beside this program.
    return try FileSystem.exists(installed) ? installed : beside
  }
}
