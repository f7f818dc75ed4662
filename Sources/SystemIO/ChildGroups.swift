// SPDX-License-Identifier: Apache-2.0

/// Programs that lead process groups, and how to end them all.
internal import CCodecs

/// The process groups of some running programs: each with all that its program has started.
public final class ChildGroups: Sendable {
  private let groups = Monitor<Set<Int32>>([])

  /// Without any.
  public init() {}

  /// Ends all programs of the groups.
  ///
  /// - Parameter atOnce: whether they are ended without being asked.
  public func end(atOnce: Bool) {
    groups.withLock { groups in for group in groups { _ = ccodecs_end_group(group, atOnce ? 1 : 0) } }
  }

  func insert(_ group: Int32) { groups.withLock { _ = $0.insert(group) } }

  func remove(_ group: Int32) { groups.withLock { _ = $0.remove(group) } }
}
