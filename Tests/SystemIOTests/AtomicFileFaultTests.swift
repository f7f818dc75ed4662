// SPDX-License-Identifier: Apache-2.0

import SystemIO
import TestSupport
import Testing

@Suite("atomic files under faults")
struct AtomicFileFaultTests {
  static let errors: [Errno] = [.noSpace, .inputOutput, .quotaExceeded, .tooManyOpenFiles, .accessDenied]

  /// Fails call 1, 2, 3 … of a kind until the operation passes without the fault; after each, the target must be old or
  /// new, no temporary file and no descriptor may be left, and only a success may be called durable.
  private func failEachCall(of kind: SyscallKind, _ error: Errno, replacing: Bool, sync: Bool, fallback: Bool) throws {
    for call in 1...1000 {
      let folder = try TemporaryFolder()
      if replacing { try folder.write("a", [1]) }
      var rules = [SyscallFaults.Rule(kind, call: call, .fail(error))]
      if fallback { rules.append(.init(.renameExclusive, repeats: true, .fail(.notImplemented))) }
      let faults = SyscallFaults(rules)
      let attributes = FileAttributes {
        $0.mode = .ownerOnly
        $0.owner = .init(uid: 0, gid: 0)
        $0.requiresOwner = true
        $0.modificationTime = Timestamp(seconds: 1)
      }
      let failure = faults.run {
        errno { () throws(IOError) in
          var file = try AtomicFile(folder.path("a"), .init { $0.sparse = true })
          try file.write([2, 2])
          try file.write([UInt8](repeating: 0, count: 8192))
          try file.commit(replacing: replacing, attributes: attributes, sync: sync)
        }
      }
      let fired = faults.fired > (fallback ? faults.count(of: .renameExclusive) : 0)
      let isNew = folder.contents("a") == [2, 2] + [UInt8](repeating: 0, count: 8192)
      let isOld = folder.contents("a") == (replacing ? [1] : nil)
      let situation = "\(kind) call \(call) \(error) replacing \(replacing) sync \(sync) fallback \(fallback)"
      #expect(isNew || isOld, "\(situation)")
      if failure == nil { #expect(isNew, "\(situation)") }
      let renamed = faults.trace.contains {
        ($0.kind == .rename || $0.kind == .renameExclusive || $0.kind == .link) && $0.result == 0
      }
      // After the rename only the sync of the directory can fail.
      if failure != nil && !renamed { #expect(isOld, "\(situation)") }
      #expect(folder.names == (isNew || replacing ? ["a"] : []), "\(situation)")
      #expect(faults.leftOpen == 0, "\(situation)")
      #expect(faults.count(of: .fsync) <= 2, "\(situation)")
      if !fired {
        #expect(failure == nil, "\(situation)")
        return
      }
    }
    Issue.record("the fault fired a thousand times")
  }

  @Test("each failing call leaves the old file or the new one", arguments: SyscallKind.allCases)
  func everyCall(kind: SyscallKind) throws {
    for error in Self.errors {
      for replacing in [true, false] {
        for sync in [true, false] {
          try failEachCall(of: kind, error, replacing: replacing, sync: sync, fallback: false)
        }
      }
      // The fallback is itself a planned fault of this kind.
      if kind != .renameExclusive {
        try failEachCall(of: kind, error, replacing: false, sync: true, fallback: true)
      }
    }
  }

  @Test("a failed sync of the directory is a failed commit")
  func directorySync() throws {
    let folder = try TemporaryFolder()
    let faults = SyscallFaults([.init(.fsync, call: 2, .fail(.inputOutput))])
    #expect(faults.run { errno { () throws(IOError) in try replaceFile(folder.path("a"), with: [1]) } } == .inputOutput)
    #expect(folder.names == ["a"])
    let unsupported = SyscallFaults([.init(.fsync, call: 2, .fail(.invalidArgument))])
    #expect(unsupported.run { errno { () throws(IOError) in try replaceFile(folder.path("a"), with: [1]) } } == nil)
  }

  @Test("data, file sync, close, rename, directory sync: in this order")
  func order() throws {
    let folder = try TemporaryFolder()
    for replacing in [true, false] {
      let faults = SyscallFaults(recordsData: true)
      try faults.run {
        try replaceFile(folder.path("a\(replacing)"), with: [1, 2, 3], replacing: replacing, sync: true)
      }
      let events = faults.trace.filter { $0.path != "/proc/self/status" }
      let kinds = events.map(\.kind).filter { ![.fchmod, .fstat].contains($0) }
      #expect(
        kinds == [.open, .write, .fsync, .close, replacing ? .rename : .renameExclusive, .open, .fsync, .close])
      let write = try #require(events.first { $0.kind == .write })
      #expect(write.data == [1, 2, 3] && write.result == 3)
      let sync = try #require(events.first { $0.kind == .fsync })
      let rename = try #require(events.first { $0.kind == .rename || $0.kind == .renameExclusive })
      #expect(sync.path == rename.path)
      #expect(rename.newPath == folder.path("a\(replacing)"))
      #expect(events.last { $0.kind == .fsync }?.path == folder.path)
    }
  }

  @Test("without sync nothing is synced")
  func noSync() throws {
    let folder = try TemporaryFolder()
    let faults = SyscallFaults()
    try faults.run { try replaceFile(folder.path("a"), with: [1], sync: false) }
    #expect(faults.count(of: .fsync) == 0)
  }
}
