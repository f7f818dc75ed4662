// SPDX-License-Identifier: Apache-2.0

/// Where a file has bytes and where it has holes.
internal import SystemIO

/// Walks through a file, region by region.
///
/// What the system does not tell counts as data, so that a file that changes meanwhile, or a file system that knows no
/// holes, costs space and nothing else.
struct SparseRegions {
  enum Region: Hashable {
    case data(Range<Int64>)
    case hole(Int64)
  }

  private let size: Int64
  private let page: Int64
  private var position: Int64 = 0
  private var hole: Range<Int64>?

  /// - Parameters:
  ///   - size: where to end.
  ///   - page: holes begin and end at multiples of it; the last may end with the file.
  ///   - start: where to begin. Default: at the beginning.
  init(size: Int64, page: Int64, from start: Int64 = 0) {
    self.size = size
    position = start
    self.page = max(page, 1)
  }

  /// The next region; `nil` at the end. Data never follows data, nor a hole a hole.
  mutating func next(in file: borrowing FileHandle) -> Region? {
    guard position < size else { return nil }
    let found = hole ?? nextHole(in: file)
    hole = nil
    guard let found else {
      defer { position = size }
      return .data(position..<size)
    }
    if found.lowerBound > position {
      hole = found
      defer { position = found.lowerBound }
      return .data(position..<found.lowerBound)
    }
    position = found.upperBound
    return .hole(Int64(found.count))
  }

  /// The next hole that is still one when it is rounded to pages.
  private func nextHole(in file: borrowing FileHandle) -> Range<Int64>? {
    var from = position
    while from < size {
      guard let start = try? file.seekHole(from: from), start >= from, start < size else { return nil }
      let end: Int64
      do throws(IOError) { end = min(try file.seekData(from: start) ?? size, size) } catch { return nil }
      guard end > start else { return nil }
      // A file may be as long as numbers go.
      let (first, overflow) = start.addingReportingOverflow((page - start % page) % page)
      let last = end == size ? size : end - end % page
      if !overflow, first < last { return first..<last }
      from = end
    }
    return nil
  }
}
