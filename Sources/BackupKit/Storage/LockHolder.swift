// SPDX-License-Identifier: Apache-2.0

/// Who holds a lock.
public import SystemIO
internal import TextFormats

/// What a lock says of its holder: only for people, the lock itself is the kernel's.
public struct LockHolder: Hashable, Sendable, CustomStringConvertible {
  /// The machine.
  public var host: String
  /// The process.
  public var process: Int32
  /// Since when.
  public var since: Timestamp
  /// What it does, such as `create`.
  public var operation: String

  /// This process.
  ///
  /// - Parameters:
  ///   - operation: what it does.
  ///   - time: now.
  public init(operation: String, at time: Timestamp) {
    host = Machine.hostName
    process = Machine.processIdentifier
    since = time
    self.operation = operation
  }

  var bytes: [UInt8] {
    let object: JSONValue = [
      "host": .string(host), "pid": .int(Int64(process)), "since": .string(since.rfc3339()),
      "operation": .string(operation),
    ]
    return Array(JSONWriter.line(object).utf8)
  }

  init?(_ bytes: [UInt8]) {
    guard let json = try? JSONReader.value(bytes), let host = json["host"]?.text,
      let process = json["pid"]?.unsigned.flatMap({ Int32(exactly: $0) }),
      let since = json["since"]?.text.flatMap({ Timestamp(rfc3339: $0) })
    else { return nil }
    self.host = host
    self.process = process
    self.since = since
    operation = json["operation"]?.text ?? ""
  }

  /// Host, process and since when.
  public var description: String { "\(operation) on \(host), process \(process), since \(since)" }
}
