// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

// The report as JSON: for machines, and for later runs to compare themselves with.

extension BenchReport {
  /// Everything.
  var json: JSONValue {
    var object: JSONValue = [
      "type": "benchmark", "v": 1, "version": .string(version), "date": .string(date.description),
      "command": .string(command), "partial": .bool(isPartial), "runs": .int(Int64(runs)),
    ]
    object.add("libraries", .object(libraries.map { .init($0.name, .string($0.version)) }))
    object.add("machine", machine.json)
    object.add("corpus", corpus.json)
    object.add("busy", .bool(!busyReasons.isEmpty))
    object.add("busy_reasons", .array(busyReasons.map { .string($0) }))
    for (key, value) in [
      ("load", busy.load), ("other_cpu", busy.others), ("stolen_cpu", busy.stolen), ("spread", busy.spread),
    ] {
      if let value { object.add(key, .double(Self.rounded(value, to: 4))) }
    }
    let front = Set(front)
    object.add("results", .array(results.indices.map { results[$0].json(isOnFront: front.contains($0)) }))
    object.add("recommendations", .array(recommendations.map { $0.json(results) }))
    return object
  }

  /// Enough digits for every use, and no more.
  static func rounded(_ value: Double, to digits: Int) -> Double {
    Double(NumberText.fixed(value, decimals: digits)) ?? value
  }
}

extension MachineDescription {
  fileprivate var json: JSONValue {
    [
      "processor": .string(processor), "cores": .int(Int64(cores)), "memory": .uint(memory), "kernel": .string(kernel),
      "system": .string(system),
    ]
  }
}

extension BenchReport.Corpus {
  fileprivate var json: JSONValue {
    var object: JSONValue = [
      "name": .string(name), "files": .int(Int64(files)), "bytes": .uint(size), "digest": .string(digest),
    ]
    if let totalSize { object.add("total_bytes", .uint(totalSize)) }
    return object
  }
}

extension BenchResult {
  /// One line of `--json`, and one element of the export.
  func json(isOnFront: Bool) -> JSONValue {
    var object: JSONValue = ["type": "benchmark_result", "v": 1, "codec": .string(self.case.codec)]
    object.add("name", .string(self.case.fullName))
    object.add("spec", .string(self.case.spec))
    if let level = self.case.level { object.add("level", .int(Int64(level))) }
    object.add("threads", .int(Int64(self.case.threads)))
    if let size = self.case.chunkSize { object.add("chunk_size", .int(Int64(size))) }
    object.add("bytes_in", .uint(plainSize))
    object.add("bytes_out", .uint(packedSize))
    object.add("ratio", .double(BenchReport.rounded(ratio, to: 4)))
    object.add("compress", compress.json(plainSize))
    object.add("decompress", decompress.json(plainSize))
    if let spread { object.add("spread", .double(BenchReport.rounded(spread, to: 4))) }
    object.add("front", .bool(isOnFront))
    object.add("verified", true)
    return object
  }
}

extension BenchResult.Direction {
  fileprivate func json(_ size: UInt64) -> JSONValue {
    func speed(_ seconds: [Double]) -> JSONValue {
      let median = SampleStatistics(seconds).median
      return .uint(median > 0 ? UInt64(Double(size) / median) : 0)
    }
    func list(_ seconds: [Double]) -> JSONValue { .array(seconds.map { .double(BenchReport.rounded($0, to: 9)) }) }
    var object: JSONValue = [
      "bytes_per_second": speed(wall), "bytes_per_cpu_second": speed(cpu), "seconds": list(wall),
      "cpu_seconds": list(cpu),
    ]
    if let peakMemory { object.add("peak_memory", .uint(peakMemory)) }
    return object
  }
}

extension Recommendation {
  /// One line of `--json`, and one element of the export.
  func json(_ results: [BenchResult]) -> JSONValue {
    var object: JSONValue = ["type": "recommendation", "v": 1, "purpose": .string(purpose)]
    if let choice {
      object.add("choice", .string(results[choice].case.fullName))
      object.add("spec", .string(results[choice].case.spec))
      object.add("threads", .int(Int64(results[choice].case.threads)))
    }
    object.add("effect", .string(effect))
    object.add("rule", .string(rule))
    return object
  }
}

// MARK: - Reading

/// Why a file is no export that can be read.
struct UnusableExport: Error {
  /// What is wrong, in one sentence without a full stop.
  let reason: String
}

extension BenchReport {
  /// Reads what an earlier run exported.
  ///
  /// - Parameter bytes: the file.
  /// - Throws: ``UnusableExport``.
  init(parsing bytes: [UInt8]) throws(UnusableExport) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONReader.value(bytes) } catch {
      throw UnusableExport(reason: "it is no JSON: \(error)")
    }
    func missing(_ what: String) -> UnusableExport { UnusableExport(reason: "\(what) is missing") }
    guard value["type"]?.text == "benchmark" else { throw UnusableExport(reason: "it is no export of a benchmark") }
    guard value["v"]?.unsigned == 1 else { throw UnusableExport(reason: "it is of another version") }
    guard let version = value["version"]?.text else { throw missing("the version") }
    guard let machine = value["machine"].flatMap({ MachineDescription($0) }) else { throw missing("the machine") }
    guard let corpus = value["corpus"].flatMap({ Corpus($0) }) else { throw missing("the corpus") }
    var libraries: [LinkedLibrary] = []
    if case .object(let members)? = value["libraries"] {
      libraries = members.map { LinkedLibrary(name: $0.key, version: $0.value.text ?? "") }
    }
    self.init(
      version: version, libraries: libraries, date: Timestamp(seconds: 0), machine: machine, corpus: corpus,
      command: value["command"]?.text ?? "", runs: Int(clamping: value["runs"]?.unsigned ?? 0))
    for element in value["results"]?.elements ?? [] {
      guard let result = BenchResult(element) else { throw missing("a part of a result") }
      results.append(result)
    }
  }
}

extension JSONValue {
  fileprivate var number: Double? {
    switch self {
    case .double(let value): value
    case .int(let value): Double(value)
    case .uint(let value): Double(value)
    default: nil
    }
  }

  fileprivate var integer: Int? { if case .int(let value) = self { Int(exactly: value) } else { nil } }
}

extension MachineDescription {
  fileprivate init?(_ value: JSONValue) {
    guard let processor = value["processor"]?.text, let cores = value["cores"]?.integer else { return nil }
    self.init(
      processor: processor, cores: cores, memory: value["memory"]?.unsigned ?? 0,
      kernel: value["kernel"]?.text ?? "", system: value["system"]?.text ?? "")
  }
}

extension BenchReport.Corpus {
  fileprivate init?(_ value: JSONValue) {
    guard let digest = value["digest"]?.text, let size = value["bytes"]?.unsigned else { return nil }
    self.digest = digest
    self.size = size
    name = value["name"]?.text ?? ""
    files = value["files"]?.integer ?? 0
    totalSize = value["total_bytes"]?.unsigned
    summary = name
  }
}

extension BenchResult {
  fileprivate init?(_ value: JSONValue) {
    guard let codec = value["codec"]?.text, let spec = value["spec"]?.text, let threads = value["threads"]?.integer,
      let plain = value["bytes_in"]?.unsigned, let packed = value["bytes_out"]?.unsigned,
      let compress = value["compress"].flatMap({ Direction($0) }),
      let decompress = value["decompress"].flatMap({ Direction($0) })
    else { return nil }
    // What the spec sets besides level and chunk size, which have members of their own.
    let settings = spec.split(separator: ":", maxSplits: 1).dropFirst().joined().split(separator: ",")
      .filter { !$0.hasPrefix("level=") && !$0.hasPrefix("chunk=") }.joined(separator: ",")
    self.init(
      case: BenchCase(
        codec: codec, settings: settings, level: value["level"]?.integer, threads: threads,
        chunkSize: value["chunk_size"]?.integer),
      plainSize: plain, packedSize: packed, compress: compress, decompress: decompress)
  }
}

extension BenchResult.Direction {
  fileprivate init?(_ value: JSONValue) {
    guard let wall = value["seconds"]?.elements, let cpu = value["cpu_seconds"]?.elements else { return nil }
    self.init(
      wall: wall.compactMap(\.number), cpu: cpu.compactMap(\.number), peakMemory: value["peak_memory"]?.unsigned)
  }
}
