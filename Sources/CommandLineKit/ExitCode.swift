// SPDX-License-Identifier: Apache-2.0

/// The status with which the program ends.
public struct ExitCode: Hashable, Sendable, CustomStringConvertible {
  /// The number for the shell.
  public let code: Int32

  private init(code: Int32) { self.code = code }

  /// Everything asked was done.
  public static let ok = ExitCode(code: 0)
  /// Finished, but something was skipped; for a comparison: differences found.
  public static let partial = ExitCode(code: 1)
  /// The command line or the configuration is wrong.
  public static let usage = ExitCode(code: 2)
  /// The input is truncated, corrupt or hostile.
  public static let damaged = ExitCode(code: 3)
  /// The input is of an unknown kind, or something that it needs is missing.
  public static let unsupported = ExitCode(code: 4)
  /// Reading or writing failed.
  public static let io = ExitCode(code: 5)
  /// A measured value is beyond its threshold.
  public static let threshold = ExitCode(code: 6)
  /// A decompression limit was hit.
  public static let limit = ExitCode(code: 7)
  /// A rule of the repository forbids it.
  public static let refused = ExitCode(code: 8)
  /// The command that should deliver the data failed.
  public static let sourceFailed = ExitCode(code: 9)
  /// There is no repository.
  public static let noRepository = ExitCode(code: 10)
  /// The lock of the repository was not obtained.
  public static let locked = ExitCode(code: 11)
  /// A bug in the program.
  public static let `internal` = ExitCode(code: 70)

  /// Ended by a signal.
  ///
  /// - Parameter number: The signal, 1 to 64; anything else gives ``internal``.
  /// - Returns: 128 + number.
  public static func signal(_ number: Int32) -> ExitCode {
    (1...64).contains(number) ? ExitCode(code: 128 + number) : .internal
  }

  /// The code with the number, or `nil` if the program never ends with it.
  ///
  /// - Parameter code: A status number.
  public init?(exactly code: Int32) {
    guard (129...192).contains(code) || Self.table.contains(where: { $0.exitCode.code == code }) else { return nil }
    self.code = code
  }

  /// One row of the documented table.
  public struct Row: Hashable, Sendable {
    /// The code.
    public let exitCode: ExitCode
    /// The number as the documentation shows it; `128+N` for signals.
    public let label: String
    /// The name, as used in machine output.
    public let name: String
    /// When the program ends with it.
    public let meaning: String

    init(_ exitCode: ExitCode, _ name: String, _ meaning: String, label: String? = nil) {
      self.exitCode = exitCode
      self.label = label ?? String(exitCode.code)
      self.name = name
      self.meaning = meaning
    }
  }

  /// Every code, in the order of the numbers; the last row stands for all signals.
  public static let table: [Row] = [
    Row(.ok, "ok", "everything asked was done"),
    Row(.partial, "partial", "finished, but some inputs were missing, skipped or warned about"),
    Row(.usage, "usage", "bad arguments, bad configuration, refused terminal"),
    Row(.damaged, "damaged", "truncated, corrupt or hostile input, or a checksum mismatch in it"),
    Row(.unsupported, "unsupported", "unknown format, version or feature; dictionary missing or wrong"),
    Row(.io, "io", "read or write error, missing permission, no space"),
    Row(.threshold, "threshold", "a benchmark regression, or fewer samples verified than asked for"),
    Row(.limit, "limit", "a decompression limit was hit"),
    Row(.refused, "refused", "a rule of the repository forbids it"),
    Row(.sourceFailed, "source failed", "what should deliver the data failed, or broke a declared size"),
    Row(.noRepository, "no repository", "there is no repository at that place"),
    Row(.locked, "locked", "the lock of the repository was not obtained"),
    Row(.internal, "internal", "a bug in the program, with a note on how to report it"),
    Row(ExitCode(code: 128), "signal", "cleaned up after signal N, then ended by it", label: "128+N"),
  ]

  /// The name, as used in machine output.
  public var name: String {
    if code > 128 { return "signal" }
    return Self.table.first { $0.exitCode == self }?.name ?? "internal"
  }

  /// Number and name.
  public var description: String { "\(code) (\(name))" }

  /// From the most to the least severe; signals stand above all of them, success below.
  private static let order: [ExitCode] = [
    .internal, .damaged, .io, .sourceFailed, .limit, .unsupported, .refused, .locked, .noRepository, .usage,
    .threshold, .partial,
  ]

  /// How severe the code is; 0 is success.
  public var severity: Int {
    if code > 128 { return Self.order.count + 1 }
    return Self.order.firstIndex(of: self).map { Self.order.count - $0 } ?? 0
  }

  /// The most severe of several codes, for a run over several files.
  ///
  /// - Parameter codes: The codes; of two signals the first one counts.
  /// - Returns: The most severe one, ``ok`` if there is none.
  public static func worst(of codes: some Sequence<ExitCode>) -> ExitCode {
    codes.reduce(.ok) { $1.severity > $0.severity ? $1 : $0 }
  }

  /// Takes over a code that is more severe.
  ///
  /// - Parameter other: Another code.
  public mutating func merge(_ other: ExitCode) { self = .worst(of: [self, other]) }
}
