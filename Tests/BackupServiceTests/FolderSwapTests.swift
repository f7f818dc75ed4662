// SPDX-License-Identifier: Apache-2.0

// A folder that takes the place of another one, and what is there when a step of that fails.
import BackupKit
import SystemIO
import TestSupport
import Testing

@testable import BackupService

@Suite("folders that are replaced")
struct FolderSwapTests {
  /// An old folder with a file, and a complete new one beside it.
  private func prepare(_ folder: TemporaryFolder) throws -> FolderSwap {
    try folder.makeFolder("www")
    try folder.write("www/old", [])
    let swap = try FolderSwap(folder.path("www"), .random())
    try folder.write("\(String(decoding: swap.fresh.lastComponent, as: UTF8.self))/new", [])
    return swap
  }

  @Test("the new folder takes the name of the old one, which is removed then")
  func swaps() throws {
    let folder = try TemporaryFolder()
    let swap = try prepare(folder)
    try swap.swap()
    #expect(folder.contents("www/new") != nil && folder.contents("www/old") == nil)
    try swap.removeOld()
    #expect(folder.names == ["www"])
  }

  @Test("where there was no folder there is one")
  func creates() throws {
    let folder = try TemporaryFolder()
    let swap = try FolderSwap(folder.path("www"), .random())
    try swap.swap()
    try swap.removeOld()
    #expect(folder.names == ["www"])
  }

  @Test("the name is never missing")
  func atOnce() throws {
    let folder = try TemporaryFolder()
    let swap = try prepare(folder)
    let calls = Monitor(0)
    let faults = SyscallFaults(afterCall: { _ in
      calls.withLock { $0 += 1 }
      #expect((folder.contents("www/new") != nil) != (folder.contents("www/old") != nil))
    })
    try faults.run { try swap.swap() }
    #expect(calls.withLock { $0 } > 3)
  }

  @Test("where names cannot be exchanged it goes in two steps")
  func twoSteps() throws {
    for errno in [Errno.invalidArgument, .notImplemented] {
      let folder = try TemporaryFolder()
      let swap = try prepare(folder)
      let faults = SyscallFaults([.init(.renameExchange, .fail(errno))])
      try faults.run { try swap.swap() }
      #expect(faults.fired == 1 && folder.contents("www/new") != nil && folder.contents("www/old") == nil)
      try swap.removeOld()
      #expect(folder.names == ["www"])
    }
  }

  @Test(
    "when a step fails the old folder is in its place",
    arguments: [SyscallKind.rename, .renameExchange, .fsync, .stat, .chmod], [false, true])
  func failures(_ kind: SyscallKind, _ hasTwoSteps: Bool) throws {
    if hasTwoSteps, kind == .renameExchange { return }
    for call in 1... {
      let folder = try TemporaryFolder()
      let swap = try prepare(folder)
      var rules = [SyscallFaults.Rule(kind, call: call, .fail(.inputOutput))]
      if hasTwoSteps { rules.append(.init(.renameExchange, repeats: true, .fail(.notImplemented))) }
      let faults = SyscallFaults(rules)
      var hasFailed = false
      faults.run {
        do throws(IOError) { try swap.swap() } catch { hasFailed = true }
      }
      #expect((folder.contents("www/old") != nil) == hasFailed, "\(kind) \(call)")
      if faults.fired == (hasTwoSteps ? faults.count(of: .renameExchange) : 0) { break }
      #expect(hasFailed, "\(kind) \(call)")
      try swap.removeFresh()
      #expect(folder.names == ["www"], "\(kind) \(call)")
    }
  }
}
