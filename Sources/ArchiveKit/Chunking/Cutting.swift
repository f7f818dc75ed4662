// SPDX-License-Identifier: Apache-2.0

/// Cutting a stretch of a file by its rule.

/// Finds one border after the other.
struct Cutting: Sendable {
  private enum Way: Sendable {
    case fixed(Int)
    case content(ContentDefinedCutter)
  }

  private var way: Way

  /// - Parameters:
  ///   - rule: the file's rule. What is one chunk by its rule becomes more when it is larger than chunks may be.
  ///   - sizes: those of content-defined chunks.
  ///   - limit: the most bytes that a page may have.
  init(_ rule: CutRule, _ sizes: CutSizes, limit: Int) {
    way =
      switch rule {
      case .whole: .fixed(sizes.maximum)
      case .pages(let size): .fixed(min(size, limit))
      case .contentDefined: .content(ContentDefinedCutter(sizes))
      }
  }

  /// The size of the chunk that begins the bytes; `nil` when more are needed.
  mutating func next(in bytes: RawSpan, isEnd: Bool) -> Int? {
    switch way {
    case .fixed(let size):
      if bytes.byteCount >= size { return size }
      return isEnd && bytes.byteCount > 0 ? bytes.byteCount : nil
    case .content(var cutter):
      // Taken out, so that there is one cutter and not two.
      way = .fixed(0)
      let length = cutter.cut(bytes, isEnd: isEnd)
      way = .content(cutter)
      return length
    }
  }
}

extension CutRule {
  /// How entries keep it.
  var code: UInt64 {
    switch self {
    case .whole: 0
    case .contentDefined: 1
    case .pages(let size): UInt64(size)
    }
  }

  /// What an entry keeps. It binds nobody, so whatever stands there means something.
  init(code: UInt64) {
    switch code {
    case 0: self = .whole
    case 1: self = .contentDefined
    default: self = .pages(size: Int(clamping: code))
    }
  }
}
