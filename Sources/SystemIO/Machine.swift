// SPDX-License-Identifier: Apache-2.0

/// What the process was given: processors, page size, arguments and environment.
internal import CCodecs
internal import Glibc

/// The machine and the call of the process.
public enum Machine {
  /// The number of processors this process may keep busy, at least 1: those it may run on, or fewer where a control
  /// group has a smaller quota, as containers do.
  public static var coreCount: Int { Int(ck_core_count()) }

  /// The size of a memory page in bytes.
  public static var pageSize: Int {
    let size = sysconf(Int32(_SC_PAGESIZE))
    return size > 0 ? size : 4096
  }

  /// The arguments as bytes, the program's name first. They need not be UTF-8.
  public static var arguments: [[UInt8]] {
    let vector = unsafe CommandLine.unsafeArgv
    return (0..<Int(CommandLine.argc)).compactMap { index in
      guard let argument = unsafe vector[index] else { return nil }
      return unsafe Array(UnsafeRawBufferPointer(start: argument, count: strlen(argument)))
    }
  }

  /// The bytes of an environment variable; nil when it is not set.
  public static func environmentBytes(_ name: String) -> [UInt8]? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))
  }

  /// An environment variable as text, where bytes that are not UTF-8 become replacement characters; nil when it is
  /// not set.
  public static func environment(_ name: String) -> String? {
    environmentBytes(name).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The number of the process.
  public static var processIdentifier: Int32 { getpid() }

  /// The user the process acts as; 0 is root.
  public static var effectiveUser: UInt32 { geteuid() }

  /// The name of the machine; empty when it has none.
  public static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe ccodecs_host_name(&buffer, buffer.count) == 0 else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// All environment variables, each as `NAME=value`.
  public static var environment: [[UInt8]] {
    var all: [[UInt8]] = []
    var next = unsafe environ
    while let variable = unsafe next.pointee {
      unsafe all.append(Array(UnsafeRawBufferPointer(start: variable, count: strlen(variable))))
      unsafe next += 1
    }
    return all
  }
}
