// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO

/// What was done with one file.
struct FileReport {
  let command: String
  let input: InputName
  let output: InputName?
  let codec: String
  let level: String?
  /// How many threads could work, where more than one could.
  var threads: Int?
  let transfer: TransferResult
  /// How many bytes the plain side has.
  let plain: UInt64
  /// How many bytes the compressed side has.
  let packed: UInt64

  /// One line for people: `211938580 -> 53271442 (25.1 %), zstd -3, 0.61 s, 331.4 MiB/s`.
  var line: String {
    let seconds = Double(transfer.nanoseconds) / 1e9
    let codecText =
      (level.map { "\(codec) level \($0)" } ?? codec) + (threads.map { ", \($0) threads" } ?? "")
    let share = plain == 0 ? "" : " (\(NumberText.percent(packed, of: plain)))"
    let rate = seconds > 0 ? Double(plain) / seconds / Double(1 << 20) : 0
    return "\(transfer.bytesIn) -> \(transfer.bytesOut)\(share), \(codecText), "
      + "\(NumberText.fixed(seconds, decimals: 2)) s, \(NumberText.fixed(rate, decimals: 1)) MiB/s"
  }

  /// The same for machines.
  var json: JSONValue {
    var object: JSONValue = ["type": "file", "v": 1, "command": .string(command)]
    object.add(input.path.map { JSONValue.path($0) } ?? [JSONValue.Member("path", .null)])
    if let output { object.add(JSONValue.path(output.path ?? [], key: "output")) }
    object.add("codec", .string(codec))
    if let level, let number = Int64(level) { object.add("level", .int(number)) }
    if let threads { object.add("threads", .int(Int64(threads))) }
    object.add("bytes_in", .uint(transfer.bytesIn))
    object.add("bytes_out", .uint(transfer.bytesOut))
    if plain > 0, packed > 0 { object.add("ratio", .double(Double(plain) / Double(packed))) }
    object.add("seconds", .double(Double(transfer.nanoseconds) / 1e9))
    return object
  }
}
