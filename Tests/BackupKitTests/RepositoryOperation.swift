// SPDX-License-Identifier: Apache-2.0

// The operations on a repository that tests break off: the same ones for failing calls, lost catalogues and power cuts.
import ArchiveKit
import BackupKit
import TestSupport
import Testing

/// Something that changes a repository of a backup `victim`, in some cases with an increment `child` upon it, and a
/// backup `kept` that no operation touches.
enum RepositoryOperation: CaseIterable, Sendable {
  case create, increment, update, delete, cascade, prune, replace, merge, mergeFirst

  /// Whether there is an increment upon the victim.
  var needsChild: Bool { merges || self == .cascade }

  /// Whether the increment is merged.
  var merges: Bool { self == .replace || self == .merge || self == .mergeFirst }

  /// Whether the victim is there afterwards, whatever came in between.
  var keepsVictim: Bool { [.create, .increment, .update, .merge].contains(self) }

  /// Whether the child is.
  var keepsChild: Bool { merges }

  /// Makes what the operation works on.
  func prepare(_ test: TestRepository) throws {
    let victim = try test.backUp("victim", text: "victim")
    if needsChild { try test.backUp("child", parent: .backup(victim.id), text: "child") }
    try test.backUp("kept", text: "kept") {
      ($0.retention, $0.description) = (.limited(try! Retention(1, .year)), "why")
    }
    _ = try test.repository.update(test.repository.find("kept").id, .init { $0.isProtected = true })
    try test.reopen()
  }

  /// Does it.
  func run(_ test: TestRepository) throws {
    let repository = test.repository
    let victim = try repository.find("victim").id
    switch self {
    case .create:
      _ = try repository.backUp(BackupRequest(instance: "db") { $0.name = "fresh" }, from: ScriptedProducer("new"))
    case .increment:
      let request = BackupRequest(instance: "db") { ($0.name, $0.parent) = ("fresh", .backup(victim)) }
      _ = try repository.backUp(request, from: ScriptedProducer("new"))
    case .update: _ = try repository.update(victim, .init { $0.isProtected = true })
    case .delete: try repository.delete(repository.deletionPlan(for: victim))
    case .cascade: try repository.delete(repository.deletionPlan(for: victim, children: .delete))
    case .replace: try repository.delete(repository.replacementPlan(for: repository.find("child").id))
    case .merge: _ = try repository.merge(repository.find("child").id, named: "fresh")
    case .mergeFirst: try repository.delete(repository.deletionPlan(for: victim, children: .merge))
    case .prune: try repository.delete(repository.prunePlan(.init { $0.last = 1 }).deletion)
    }
  }

  /// Whether it has been done, as far as records say.
  func isDone(_ records: [BackupRecord]) -> Bool {
    switch self {
    case .create, .increment, .merge: records.contains { $0.name == "fresh" && $0.state == .complete }
    case .update: records.contains { $0.name == "victim" && $0.isProtected }
    case .delete, .cascade, .prune, .replace, .mergeFirst: !records.contains { $0.name == "victim" }
    }
  }

  /// Expects of a repository, opened anew after the operation was broken off, that nothing was lost which was complete
  /// before, and that all that is complete can be restored.
  ///
  /// - Returns: what is there.
  @discardableResult
  func expectIntact(_ test: TestRepository, _ repository: Repository, _ label: String) throws -> [BackupRecord] {
    let records = try repository.records()
    #expect(!records.contains { $0.state.isActive || $0.state == .deleting }, "\(label)")
    for record in records where record.state == .complete {
      let found = try repository.verify(record.id, .full)
      #expect(found.isSound, "\(label): \(record.name): \(found.failure?.reason ?? "")")
    }
    var expected = ["kept"]
    if keepsVictim { expected.append("victim") }
    if keepsChild { expected.append("child") }
    for name in expected {
      guard let record = records.first(where: { $0.name == name && $0.state == .complete }) else {
        Issue.record("\(label): \(name) is lost")
        continue
      }
      #expect(try test.content(record.id, in: repository) == name, "\(label)")
    }
    let kept = records.first { $0.name == "kept" }
    #expect(kept?.isProtected == true && kept?.description == "why", "\(label)")
    #expect(kept?.retention == (try Retention(1, .year)), "\(label)")
    return records
  }
}
