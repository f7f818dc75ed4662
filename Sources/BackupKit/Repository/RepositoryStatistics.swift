// SPDX-License-Identifier: Apache-2.0

/// A repository in figures.

/// Backups added up.
public struct RepositoryStatistics: Hashable, Sendable {
  /// How many there are in each state.
  public var states: [BackupState: Int] = [:]
  /// How many have a parent.
  public var increments = 0
  /// How many are protected.
  public var protected = 0
  /// What restoring all of them would write.
  public var logical: UInt64 = 0
  /// What is in all of them without what is there twice in one, not packed.
  public var unique: UInt64 = 0
  /// What all of them take in the repository, with their indexes.
  public var stored: UInt64 = 0
  /// What unfinished work takes.
  public var unfinished: UInt64 = 0
  /// The longest chain: how many ancestors its last backup has.
  public var depth = 0

  /// Nothing.
  public init() {}

  /// How many there are.
  public var backups: Int { states.values.reduce(0, +) }

  mutating func add(_ record: BackupRecord) {
    states[record.state, default: 0] += 1
    if record.parent != nil { increments += 1 }
    if record.isProtected { protected += 1 }
    depth = max(depth, record.depth)
    guard record.state == .complete else { return }
    logical &+= record.sizes.logical
    unique &+= record.sizes.unique
    stored &+= record.sizes.freed
  }
}

extension Repository {
  /// Adds up.
  ///
  /// - Returns: the whole, and each instance by its name.
  /// - Throws: what the storage throws.
  public func statistics() throws(BackupError) -> (
    whole: RepositoryStatistics, instances: [(name: String, statistics: RepositoryStatistics)]
  ) {
    var whole = RepositoryStatistics()
    var instances: [String: RepositoryStatistics] = [:]
    for record in try records() {
      whole.add(record)
      instances[record.instance, default: .init()].add(record)
    }
    for name in try storage.names(in: .partial) { whole.unfinished &+= try storage.size(of: name) ?? 0 }
    return (whole, instances.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }
}
