// SPDX-License-Identifier: Apache-2.0

/// Answers that hold until a record changes.
internal import SystemIO

/// Keeps answers to lists: clients ask again and again for what has not changed.
final class ResponseCache: Sendable {
  private struct State {
    var number: UInt64 = 0
    var answers: [String: HTTPResponse] = [:]
    var bytes = 0
  }

  /// The most bytes that are kept.
  private static let maximumBytes = 64 << 20
  /// What an answer takes besides its body, roughly.
  private static let overhead = 1024

  private let state = Monitor(State())

  /// An answer, kept or made.
  ///
  /// - Parameters:
  ///   - key: all that it depends on besides the records.
  ///   - number: that of the view of the records.
  ///   - make: makes it.
  func response(
    _ key: String, _ number: UInt64, _ make: () throws(ServiceFault) -> HTTPResponse
  ) throws(ServiceFault) -> HTTPResponse {
    let known = state.withLock { state in state.number == number ? state.answers[key] : nil }
    if let known { return known }
    let made = try make()
    state.withLock { state in
      // A later view may have come meanwhile.
      guard number >= state.number else { return }
      if number > state.number || state.bytes > Self.maximumBytes { state = State(number: number) }
      if state.answers.updateValue(made, forKey: key) == nil {
        state.bytes += made.body.count + key.utf8.count + Self.overhead
      }
    }
    return made
  }
}
