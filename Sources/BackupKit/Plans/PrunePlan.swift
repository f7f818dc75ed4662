// SPDX-License-Identifier: Apache-2.0

/// Which backups a rule keeps, and why.
internal import SystemIO

/// What is kept when a repository is pruned. Each rule is applied to the complete backups of each instance by itself,
/// newest first; a backup that any rule keeps is kept.
public struct PrunePolicy: Hashable, Sendable {
  /// How many of the newest are kept.
  public var last: Int?
  /// For how many hours that have a backup the newest of each is kept. Hours, days, weeks (from Monday), months and years
  /// are those of UTC.
  public var hourly: Int?
  /// The same for days.
  public var daily: Int?
  /// The same for weeks.
  public var weekly: Int?
  /// The same for months.
  public var monthly: Int?
  /// The same for years.
  public var yearly: Int?
  /// Everything younger than this is kept.
  public var within: Retention?
  /// Whether a backup that only kept ones need goes too, after each that builds on it directly was merged. Default: it
  /// stays for them.
  public var mergesFirst = false
  /// Whether backups whose time is over go, also those that a rule keeps.
  public var removesExpired = false
  /// Of which instance; `nil` for all.
  public var instance: String?

  /// One that removes nothing.
  public init() {}

  /// One that `configure` describes.
  public init(_ configure: (inout Self) -> Void) { configure(&self) }

  /// Whether any rule says what is kept. Without one, only what has expired can go.
  public var hasKeepRules: Bool {
    last != nil || hourly != nil || daily != nil || weekly != nil || monthly != nil || yearly != nil || within != nil
  }
}

/// What pruning a repository means.
public struct PrunePlan: Hashable, Sendable {
  /// A backup, and what becomes of it.
  public struct Decision: Hashable, Sendable {
    /// The backup.
    public let record: BackupRecord
    /// Whether it stays.
    public let isKept: Bool
    /// Why, such as `daily 2026-04-12` or `needed by 'nightly-0413'`.
    public let reason: String
  }

  /// All backups that were looked at, oldest first.
  public let decisions: [Decision]
  /// What is merged, and then what is removed.
  public let deletion: DeletionPlan
}

extension PrunePolicy {
  /// A count by which backups are kept: one for each period of time.
  private struct Bucket {
    let name: String
    let limit: Int?
    let period: (Timestamp) -> String
  }

  private var buckets: [Bucket] {
    func day(_ time: Timestamp) -> CivilDate { time.dayAndSecond.date }
    return [
      Bucket(name: "hourly", limit: hourly) { String($0.rfc3339().prefix(13)) },
      Bucket(name: "daily", limit: daily) { String($0.rfc3339().prefix(10)) },
      Bucket(name: "weekly", limit: weekly) { time in
        // Named by its Monday.
        let monday = CivilDate(daysSince1970: day(time).weekSince1970 * 7 - 3)
        return String(Timestamp(seconds: monday.daysSince1970 * 86400).rfc3339().prefix(10))
      },
      Bucket(name: "monthly", limit: monthly) { String($0.rfc3339().prefix(7)) },
      Bucket(name: "yearly", limit: yearly) { String($0.rfc3339().prefix(4)) },
    ]
  }

  /// Why each of the complete backups of one instance is kept.
  func reasons(_ records: [BackupRecord], at now: Timestamp) -> [BackupID: String] {
    // Of two of one time, which a merge makes, the one counts that needs no other.
    let newestFirst = records.filter { $0.state == .complete }
      .sorted { ($0.createdAt, $1.depth, $1.id) > ($1.createdAt, $0.depth, $0.id) }
    var reasons: [BackupID: String] = [:]
    func keep(_ record: BackupRecord, _ reason: String) {
      if reasons[record.id] == nil { reasons[record.id] = reason }
    }
    for record in newestFirst.prefix(last ?? 0) { keep(record, "one of the last \(last ?? 0)") }
    if let within {
      let start = within.start(endingAt: now)
      for record in newestFirst where record.createdAt >= start { keep(record, "within \(within)") }
    }
    for bucket in buckets {
      guard let limit = bucket.limit else { continue }
      var seen = Set<String>()
      for record in newestFirst {
        let period = bucket.period(record.createdAt)
        if seen.contains(period) { continue }
        if seen.count >= limit { break }
        seen.insert(period)
        keep(record, "\(bucket.name) \(period)")
      }
    }
    return reasons
  }
}

extension Repository {
  /// What pruning means now.
  ///
  /// A protected backup stays, and so does one that is promised for longer than now, unless its time is over. What a kept
  /// backup builds on stays for it. What failed goes when a later backup of its instance is complete.
  ///
  /// - Parameter policy: what is kept.
  /// - Returns: the plan; ``delete(_:_:_:merged:removed:)`` of its deletion does exactly what it says.
  /// - Throws: what the storage throws.
  public func prunePlan(_ policy: PrunePolicy) throws(BackupError) -> PrunePlan {
    let now = clock()
    let all = try records()
    let records = all.filter { policy.instance == nil || $0.instance == policy.instance }
    var kept: [BackupID: String] = [:]
    var going: [BackupID: String] = [:]
    for (_, group) in Dictionary(grouping: records, by: \.instance) {
      let newest = group.last { $0.state == .complete }
      let reasons = policy.reasons(group, at: now)
      for record in group {
        if record.isProtected {
          kept[record.id] = "protected"
        } else if record.state.isActive {
          kept[record.id] = record.state.rawValue
        } else if policy.removesExpired, record.isExpired(at: now), record.state == .complete {
          going[record.id] = "expired on \(record.expiresAt?.rfc3339().prefix(10) ?? "")"
        } else if record.state != .complete {
          if let newest, newest.createdAt > record.createdAt {
            going[record.id] = "\(record.state.rawValue), and a later one is complete"
          } else {
            kept[record.id] = "\(record.state.rawValue), and no later one is complete"
          }
        } else if !policy.hasKeepRules {
          kept[record.id] = "not expired"
        } else if let reason = reasons[record.id] {
          kept[record.id] = reason
        } else if record.isKeptForever {
          kept[record.id] = "never to expire"
        } else if let expiry = record.expiresAt, expiry > now {
          kept[record.id] = "promised until \(expiry.rfc3339().prefix(10))"
        } else {
          going[record.id] = "kept by no rule"
        }
      }
    }
    // What a kept one needs stays. A chain never leaves its instance.
    let byID = Dictionary(all.map { ($0.id, $0) }) { first, _ in first }
    for record in all where kept[record.id] != nil {
      // One that can be merged needs nothing afterwards.
      if policy.mergesFirst, record.state == .complete { continue }
      var child = record
      while let parent = child.parent.flatMap({ byID[$0] }), kept[parent.id] == nil {
        going[parent.id] = nil
        kept[parent.id] = "needed by '\(child.name)'"
        child = parent
      }
    }
    let decisions = records.map { record in
      PrunePlan.Decision(
        record: record, isKept: kept[record.id] != nil, reason: kept[record.id] ?? going[record.id] ?? "")
    }
    let members = records.filter { kept[$0.id] == nil }.sorted(by: Self.isRemovedBefore)
    let gone = Set(members.map(\.id))
    let merges = records.filter { record in
      kept[record.id] != nil && record.state == .complete && record.parent.map { gone.contains($0) } ?? false
    }
    // Those that others are read from come first.
    return PrunePlan(
      decisions: decisions, deletion: DeletionPlan(members, merges: merges.sorted { $0.depth < $1.depth }))
  }

  /// Removes unfinished archives that nobody is writing and no backup needs.
  ///
  /// - Returns: how many bytes that freed.
  /// - Throws: what the storage throws.
  public func removeLeftovers() throws(BackupError) -> UInt64 {
    var freed: UInt64 = 0
    for name in try storage.names(in: .partial) {
      let record = try withCatalogue { (catalogue) throws(BackupError) in
        try name.backup.flatMap { (id) throws(BackupError) in try catalogue.record(id) }
      }
      if let record, record.state.isActive || record.isResumable && record.state == .failed { continue }
      var locks: HeldLocks?
      defer { locks?.release() }
      if let record {
        // A merge writes what is to take the place of a complete backup: who works on the instance keeps it.
        do throws(BackupError) { locks = try lock(record.instance, .exclusive, "prune") } catch {
          guard error.code == .locked else { throw error }
          continue
        }
      }
      freed &+= try storage.size(of: name) ?? 0
      try storage.delete(name)
    }
    return freed
  }
}
