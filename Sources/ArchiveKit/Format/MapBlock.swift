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

  /// Groups runs into blocks.
  ///
  /// Of a file of pages, blocks begin at multiples of so many pages: a page that changes later changes one block, and the
  /// others are shared. Runs are divided there; where there are holes alone, there is no block.
  ///
  /// `start` is where the first run begins in the file.
  ///
  /// Elsewhere a run of very many chunks is not torn: one number names them all.
  static func divide(_ runs: [ContentRun], _ cut: CutRule, from start: UInt64 = 0) -> [[ContentRun]] {
    if case .pages(let page) = cut { return divide(runs, page: UInt64(page), from: start) }
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

  private static func divide(_ runs: [ContentRun], page: UInt64, from start: UInt64) -> [[ContentRun]] {
    let span = page * chunks
    var parts: [[ContentRun]] = []
    var part: [ContentRun] = []
    var position = start
    var hasChunks = false
    for run in runs {
      var rest = run
      while rest.length > 0 {
        let left = span - position % span
        let (piece, remainder) = hasChunks || rest.isChunks ? rest.divided(at: left, page: page) : (rest, nil)
        part.append(piece)
        hasChunks = hasChunks || piece.isChunks
        position += piece.length
        if hasChunks, position % span == 0 || part.count >= maximumRuns / 2 {
          parts.append(part)
          part = []
          hasChunks = false
        }
        guard let remainder else { break }
        rest = remainder
      }
    }
    if !part.isEmpty { parts.append(part) }
    return parts
  }
}

extension ContentRun {
  fileprivate var isChunks: Bool {
    if case .chunks = self { true } else { false }
  }

  /// The part before a place and the part from there on.
  fileprivate func divided(at place: UInt64, page: UInt64) -> (ContentRun, ContentRun?) {
    if length <= place { return (self, nil) }
    switch self {
    case .hole(let length): return (.hole(length: place), .hole(length: length - place))
    case .chunks(let ordinal, let first, let count, let length):
      let pages = place / page
      // Chunks that are no pages stay together.
      guard place % page == 0, pages < count, count == (length + page - 1) / page else { return (self, nil) }
      return (
        .chunks(ordinal: ordinal, first: first, count: pages, length: place),
        .chunks(ordinal: ordinal, first: first + pages, count: count - pages, length: length - place)
      )
    }
  }
}
