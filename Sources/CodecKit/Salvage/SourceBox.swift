// SPDX-License-Identifier: Apache-2.0

/// A source, and what it failed with: walkers see a failure as the end of what there is to see.
final class SourceBox<Source: RandomAccessSource> {
  let source: Source
  private(set) var failure: Source.Failure?

  init(_ source: Source) { self.source = source }

  /// What a walker reads from.
  func input() -> SalvageInput { SalvageInput(size: source.size) { self.read(at: $0, into: &$1) } }

  private func read(at offset: UInt64, into room: inout OutputRawSpan) -> Int {
    guard failure == nil else { return 0 }
    do throws(Source.Failure) { return try source.read(at: offset, into: &room) } catch {
      failure = error
      return 0
    }
  }

  /// The failure, once: what comes after it may succeed.
  func takeFailure() -> Source.Failure? {
    defer { failure = nil }
    return failure
  }
}
