// SPDX-License-Identifier: Apache-2.0

/// What kind of machine this is, as the kernel describes it.

/// A machine in words: what a measurement has to name, and what must be equal for two of them to be compared.
public struct MachineDescription: Hashable, Sendable {
  /// The name of the processor, or the architecture where the kernel tells no name.
  public var processor: String
  /// How many processors this process may keep busy.
  public var cores: Int
  /// The memory of the machine in bytes; 0 when that is unknown.
  public var memory: UInt64
  /// The version of the kernel.
  public var kernel: String
  /// The name and version of the distribution.
  public var system: String

  /// Makes a description.
  public init(processor: String, cores: Int, memory: UInt64, kernel: String, system: String) {
    self.processor = processor
    self.cores = cores
    self.memory = memory
    self.kernel = kernel
    self.system = system
  }

  /// This machine.
  public static var current: MachineDescription {
    MachineDescription(
      processor: processorName, cores: Machine.coreCount, memory: totalMemory,
      kernel: ProcessFile.text("/proc/sys/kernel/osrelease").map(trimmed) ?? "unknown",
      system: value(of: "PRETTY_NAME", separator: "=", in: "/etc/os-release").map(trimmed) ?? "unknown")
  }

  private static var processorName: String {
    let found = ["model name", "Hardware", "cpu model"].lazy.compactMap {
      value(of: $0, separator: ":", in: "/proc/cpuinfo")
    }
    if let name = found.first { return trimmed(name) }
    #if arch(x86_64)
      return "x86_64"
    #elseif arch(arm64)
      return "aarch64"
    #else
      return "unknown"
    #endif
  }

  private static var totalMemory: UInt64 {
    guard let text = value(of: "MemTotal", separator: ":", in: "/proc/meminfo") else { return 0 }
    return (UInt64(trimmed(text).prefix { $0.isNumber }) ?? 0) &* 1024
  }

  /// The text behind a key at the beginning of a line.
  private static func value(of key: String, separator: Character, in path: Path) -> String? {
    guard let text = ProcessFile.text(path) else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix(key) {
      guard let border = line.firstIndex(of: separator) else { continue }
      return String(line[line.index(after: border)...])
    }
    return nil
  }

  private static func trimmed(_ text: String) -> String {
    let drop: (Character) -> Bool = { $0.isWhitespace || $0 == "\"" }
    var rest = text.drop(while: drop)
    while let last = rest.last, drop(last) { rest.removeLast() }
    return String(rest)
  }
}
