// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Whether somebody wants the run to end early, with what there is.
final class StopRequest: Sendable {
  private let flag = Atomic<Bool>(false)

  /// Asks for the end.
  func ask() { flag.store(true, ordering: .relaxed) }

  /// Whether the end was asked for.
  var isAsked: Bool { flag.load(ordering: .relaxed) }
}

/// Thrown out of a measurement that is not worth finishing any more.
struct Stopped: Error {}
