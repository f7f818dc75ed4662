// SPDX-License-Identifier: Apache-2.0

/// The records in memory, as lists need them.
internal import BackupKit
internal import SystemIO

/// All records as they were at a moment, and where those of an account or an instance stand among them.
final class BackupView: Sendable {
  /// Which view it is: a later one has a greater number, and the same number is that of the same records.
  let number: UInt64
  /// All records, oldest first.
  let records: [BackupRecord]
  /// Whether one of them is being deleted.
  let hasLeaving: Bool
  private let places: [BackupID: Int]
  private let groups: [Scope: [Int]]

  /// Of what the records are to be.
  struct Scope: Hashable {
    /// Whose; `nil` for anybody's.
    var account: String?
    /// Of which instance; `nil` for any.
    var instance: String?
  }

  /// - Parameters:
  ///   - number: which view it is.
  ///   - records: all records, oldest first.
  ///   - old: the view before. Where its records stand as they stood, and new ones behind them, little is to be done.
  init(number: UInt64, _ records: [BackupRecord], after old: BackupView? = nil) {
    self.number = number
    self.records = records
    var (places, groups): ([BackupID: Int], [Scope: [Int]]) = ([:], [:])
    var known = 0
    // What a record is of never changes. By places, since a record is large to copy.
    if let old, old.records.count <= records.count,
      old.records.indices.allSatisfy({ old.records[$0].id == records[$0].id })
    {
      (places, groups, known) = (old.places, old.groups, old.records.count)
    }
    places.reserveCapacity(records.count)
    for place in known..<records.count {
      let record = records[place]
      places[record.id] = place
      groups[Scope(account: record.account), default: []].append(place)
      groups[Scope(instance: record.instance), default: []].append(place)
      groups[Scope(account: record.account, instance: record.instance), default: []].append(place)
    }
    self.places = places
    self.groups = groups
    hasLeaving = records.indices.contains { records[$0].state == .deleting }
  }

  /// A record; `nil` when it is not there.
  subscript(_ id: BackupID) -> BackupRecord? { places[id].map { records[$0] } }

  /// Where a record stands among all; `nil` when it is not there.
  func place(of id: BackupID) -> Int? { places[id] }

  /// Some records, oldest first. Nothing is copied.
  func selection(account: String? = nil, instance: String? = nil) -> BackupSelection {
    let scope = Scope(account: account, instance: instance)
    return BackupSelection(view: self, places: scope == Scope() ? nil : groups[scope] ?? [])
  }
}

/// Some of the records of a view, oldest first.
struct BackupSelection: RandomAccessCollection {
  let view: BackupView
  /// Where they are; `nil` for all.
  fileprivate let places: [Int]?

  var startIndex: Int { 0 }
  var endIndex: Int { places?.count ?? view.records.count }

  /// Where a record stands among these; `nil` when it is none of them.
  func place(of record: BackupRecord) -> Int? {
    guard let place = view.place(of: record.id), let places else { return view.place(of: record.id) }
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if places[middle] < place { low = middle + 1 } else { high = middle }
    }
    return low < places.count && places[low] == place ? low : nil
  }

  subscript(_ index: Int) -> BackupRecord { view.records[places?[index] ?? index] }
}

/// Has the view that holds now, and looks for changes: those of this process at once, those of others soon.
final class ViewKeeper: Sendable {
  private struct Kept {
    var view: BackupView
    var stamp: Repository.ChangeStamp
    var changes: UInt64
    var checked: UInt64
  }

  /// Nanoseconds for which nobody asks what other processes have changed.
  private static let patience: UInt64 = 50_000_000

  private let repository: Repository
  private let kept: Monitor<Kept>
  private let refreshing = Monitor(())

  init(_ repository: Repository) throws(BackupError) {
    self.repository = repository
    let changes = repository.changeCount
    let stamp = try repository.changeStamp()
    let view = BackupView(number: 1, try repository.writtenRecords())
    kept = Monitor(Kept(view: view, stamp: stamp, changes: changes, checked: MonotonicClock.now))
  }

  /// The view that holds now.
  func view() throws(BackupError) -> BackupView {
    if let view = current() { return view }
    return try refreshing.withLock { (_) throws(BackupError) in
      // Somebody may have been faster.
      if let view = current() { return view }
      let now = MonotonicClock.now
      // Counted first: what changes while the records are read is seen the next time.
      let changes = repository.changeCount
      let stamp = try repository.changeStamp()
      let old = kept.withLock { $0 }
      var view = old.view
      if stamp != old.stamp {
        view = BackupView(number: view.number + 1, try repository.writtenRecords(), after: view)
      }
      kept.withLock { $0 = Kept(view: view, stamp: stamp, changes: changes, checked: now) }
      return view
    }
  }

  private func current() -> BackupView? {
    let changes = repository.changeCount
    let now = MonotonicClock.now
    return kept.withLock { kept in
      kept.changes == changes && now &- kept.checked < Self.patience ? kept.view : nil
    }
  }
}
