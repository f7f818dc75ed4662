// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Whether somebody wants the run to end early, with what there is.
package final class StopRequest: Sendable {
  private let flag = Atomic<Bool>(false)

  package init() {}

  /// Asks for the end.
  package func ask() { flag.store(true, ordering: .relaxed) }

  /// Whether the end was asked for.
  package var isAsked: Bool { flag.load(ordering: .relaxed) }
}

/// Thrown out of a measurement that is not worth finishing any more.
struct Stopped: Error {}
