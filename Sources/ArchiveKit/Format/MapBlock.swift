// SPDX-License-Identifier: Apache-2.0

/// Blocks of runs, for files whose content is in very many pieces.

/// Makes and reads map blocks.
enum MapBlock {
  /// The encoded bytes of runs that an entry may hold itself.
  static let maximumInlineLength = 4096
  /// So many runs always fit.
  static let maximumInlineRuns = 64
  /// The chunks that a block names.
  static let chunks: UInt64 = 4096

  /// The most runs and holes of a block: each chunk may stand alone between two holes.
  static let maximumRuns = 16384

  static func inlineLength(_ runs: [ContentRun]) -> Int { encode(runs).count }

  static func encode(_ runs: [ContentRun]) -> [UInt8] {
    var writer = FieldWriter()
    var coding = RunCoding()
    coding.write(runs, size: nil, to: &writer)
    return writer.bytes
  }

  static func decode(_ bytes: [UInt8], depth: UInt32, length: UInt64) throws(ArchiveError) -> [ContentRun] {
    var reader = FieldReader(bytes)
    var coding = RunCoding()
    let runs = try coding.read(size: nil, depth: depth, limit: maximumRuns, from: &reader)
    try reader.finish()
    guard runs.reduce(0, { $0 &+ $1.length }) == length else {
      throw .corrupt("a map covers another length than its file says")
    }
    return runs
  }

  /// Groups runs into blocks. A run of very many chunks is not torn: one number names them all.
  static func divide(_ runs: [ContentRun]) -> [[ContentRun]] {
    var parts: [[ContentRun]] = []
    var part: [ContentRun] = []
    var held: UInt64 = 0
    for run in runs {
      part.append(run)
      if case .chunks(_, _, let count, _) = run { held += count }
      if held >= chunks {
        parts.append(part)
        part = []
        held = 0
      }
    }
    if !part.isEmpty { parts.append(part) }
    return parts
  }
}
