// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit

/// One thing to measure: a codec with a level, a number of threads and a chunk size.
struct BenchCase: Hashable, Sendable {
  /// The codec's stable name.
  var codec: String
  /// The settings of its spec string, without level: `long=27`, or nothing.
  var settings: String
  /// The codec's own level number; `nil` for a codec that has none.
  var level: Int?
  /// How many threads may work.
  var threads: Int
  /// How much input goes into one piece; `nil` for the codec's own choice.
  var chunkSize: Int?

  init(codec: String, settings: String = "", level: Int? = nil, threads: Int = 1, chunkSize: Int? = nil) {
    self.codec = codec
    self.settings = settings
    self.level = level
    self.threads = threads
    self.chunkSize = chunkSize
  }

  /// What can be given to `compress --codec`: `zstd:level=3,long=27`.
  var spec: String {
    var parts: [String] = []
    if let level { parts.append("level=\(level)") }
    if !settings.isEmpty { parts.append(settings) }
    if let chunkSize { parts.append("chunk=\(ByteCount(UInt64(chunkSize)).argument)") }
    return parts.isEmpty ? codec : codec + ":" + parts.joined(separator: ",")
  }

  /// The short name for tables and charts, such as `zstd 3`; threads are not in it.
  var name: String {
    var text = codec
    if let level { text += " \(level)" }
    if !settings.isEmpty { text += " \(settings)" }
    if let chunkSize { text += " \(ByteCount(UInt64(chunkSize)).argument)" }
    return text
  }

  /// The name with the threads, when there are several: `zstd 3 x2`.
  var fullName: String { threads == 1 ? name : "\(name) ×\(threads)" }

  /// The command line that does the same with a file.
  var command: String { "archivetool compress --codec \(spec) -T \(threads) FILE" }
}
