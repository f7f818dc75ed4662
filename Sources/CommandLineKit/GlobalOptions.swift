// SPDX-License-Identifier: Apache-2.0

/// The options that every command has, before or after its name.
public struct GlobalOptions: Hashable, Sendable {
  /// How often `-q` was given: 1 no hints and warnings, 2 no errors either.
  public var quiet = 0
  /// How often `-v` was given.
  public var verbose = 0
  /// Whether stdout carries JSON Lines.
  public var json = false
  /// When colours are used.
  public var color = ColorChoice.auto
  /// When progress is shown.
  public var progress = ProgressChoice.auto
  /// Worker threads; 0 and `nil` are one per core.
  public var threads: Int?
  /// The configuration file that was named.
  public var config: [UInt8]?
  /// Whether configuration files are left alone.
  public var ignoresConfig = false
  /// Whether help was asked for.
  public var help = false
  /// Whether the version was asked for.
  public var version = false

  /// Creates the defaults.
  public init() {}

  /// The flags, defined once for all commands.
  ///
  /// - Parameter environmentPrefix: The first part of the names of environment variables, such as `ARCHIVETOOL`.
  /// - Returns: The flags, in the order of the help.
  public static func flags(environmentPrefix: String) -> [Flag<GlobalOptions>] {
    [
      .count("quiet", short: "q", \.quiet, "no hints and warnings; twice: no errors either").group(.reporting),
      .count("verbose", short: "v", \.verbose, "say more about what was done").group(.reporting).discussion(
        "Adds one summary line for each file, and says where every value comes from that is not the default."),
      .toggle("json", \.json, "write JSON Lines to standard output").group(.reporting),
      .choice("color", \.color, "when to use colours").placeholder("WHEN").group(.reporting).default("auto").discussion(
        "With auto, colours are used on a terminal unless NO_COLOR is set to something or TERM is dumb."),
      .choice("progress", \.progress, "when to show progress", negation: .never).placeholder("WHEN").group(.reporting)
        .negated("no-progress").default("auto").discussion(
          """
          With auto, progress is drawn on standard error if that is a terminal. With always, a line is written every ten \
          seconds when it is none; with json, one JSON line a second.
          """),
      .int("threads", short: "T", in: 0...256, \.threads, "number of worker threads; 0 is one per core")
        .group(.performance).default("one per core").environment("\(environmentPrefix)_THREADS").discussion(
          """
          The output never depends on it. A container's quota of processor time counts as its number of cores. With 1, \
          everything happens in turn, in the least memory.
          """),
      .path("config", \.config, "read this configuration file as well").group(.general).commandLineOnly().discussion(
        "It has precedence over the user's own configuration file."),
      .toggle("no-config", \.ignoresConfig, "do not read the user's configuration file").group(.general)
        .commandLineOnly(),
      .toggle("help", short: "h", \.help, "show help; -h is the short form").group(.general).commandLineOnly(),
      .toggle("version", short: "V", \.version, "show the version").group(.general).commandLineOnly(),
    ]
  }
}

/// When colours are used.
public enum ColorChoice: String, CaseIterable, Hashable, Sendable {
  /// On a terminal.
  case auto
  /// Always.
  case always
  /// Never.
  case never
}

/// When progress is shown.
public enum ProgressChoice: String, CaseIterable, Hashable, Sendable {
  /// On a terminal.
  case auto
  /// Also as plain lines when there is no terminal.
  case always
  /// Never.
  case never
  /// As JSON lines.
  case json
}
