// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit

/// What is to be measured: every codec with every level, number of threads and chunk size.
struct BenchPlan {
  /// The cases, in the order of the table.
  private(set) var cases: [BenchCase] = []

  /// The codecs that are measured when none is named: what people choose between.
  static let standardCodecs = ["zstd", "lz4", "snappy", "s2", "pgzip", "quicklz"]

  /// - Parameters:
  ///   - specs: codecs with their settings; one that sets a level is measured at that level only.
  ///   - levels: for the others.
  ///   - threads: numbers of threads.
  ///   - chunkSizes: sizes of pieces, `nil` for the codec's own choice.
  ///   - registry: the codecs.
  init(
    specs: [String], levels: LevelList, threads: [Int], chunkSizes: [Int?], _ registry: CodecRegistry
  ) throws(Failure) {
    for spec in specs {
      do throws(CodecError) {
        for var item in try Self.codec(spec, levels, registry) {
          let own = (threads: item.threads, chunkSize: item.chunkSize)
          for number in own.threads > 0 ? [own.threads] : threads {
            for size in own.chunkSize == nil ? chunkSizes : [own.chunkSize] {
              item.threads = number
              item.chunkSize = size
              // A setting that the codec refuses must not show only after minutes.
              _ = try CodecTrial(item, registry).codec.makeCompressionEngine(CodecTrial(item, registry).compression)
              if !cases.contains(item) { cases.append(item) }
            }
          }
        }
      } catch {
        throw Failure(notUsable: error, spec: spec, registry)
      }
    }
  }

  /// The cases of one spec; threads are 0 where the spec sets none.
  private static func codec(
    _ text: String, _ levels: LevelList, _ registry: CodecRegistry
  ) throws(CodecError) -> [BenchCase] {
    let selection = try registry.codec(text)
    let common = ["level", "threads", "chunk"]
    let settings = try CodecSpec(text).parameters.filter { !common.contains($0.name) }
      .map { parameter in parameter.value.map { "\(parameter.name)=\($0)" } ?? parameter.name }
    let scale = selection.descriptor.levels
    var numbers: [Int?] = levels.numbers(scale)
    if scale.range.count == 1 { numbers = [nil] }
    if let level = selection.level { numbers = [try scale.resolve(level, codec: selection.descriptor.id)] }
    return numbers.map { number in
      BenchCase(
        codec: selection.descriptor.id.rawValue, settings: settings.joined(separator: ","), level: number,
        threads: selection.threads.map { $0 == 0 ? 1 : $0 } ?? 0, chunkSize: selection.chunkSize)
    }
  }

  /// Cuts a list of specs, in which settings have commas of their own: what names no codec belongs to the one before.
  static func specs(_ list: String, _ registry: CodecRegistry) -> [String] {
    if list == "all" { return registry.codecs.map(\.descriptor.id.rawValue).filter { $0 != "lz4-raw" } }
    var specs: [String] = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let name = String(part.prefix { $0 != ":" })
      if let last = specs.last, last.contains(":"), !part.contains(":"), registry.named(name) == nil {
        specs[specs.count - 1] = last + "," + part
      } else {
        specs.append(String(part))
      }
    }
    return specs
  }
}
