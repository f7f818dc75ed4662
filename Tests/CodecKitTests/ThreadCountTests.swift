// SPDX-License-Identifier: Apache-2.0

/// How many threads are used when nobody says how many.
import Foundation
import TestSupport
import Testing

@testable import CodecKit

@Suite("The number of threads")
struct ThreadCountTests {
  @Test("an explicit number is honoured, also beyond the cores, up to the maximum")
  func explicitNumbers() {
    #expect(ThreadCount.workers(1) == 1)
    #expect(ThreadCount.workers(200) == 200)
    #expect(ThreadCount.workers(100_000) == ThreadCount.maximum)
    #expect(ThreadCount.workers(-3) == 1)
    #expect(ThreadCount.workers(0) >= 1)
  }

  /// A tree of control groups: files by path, and the list of groups of a process.
  private func quota(_ list: String, _ files: [String: String]) throws -> Int {
    let root = FileManager.default.temporaryDirectory.appending(path: "quota-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let mount = root.appending(path: "mount")
    for (path, text) in files {
      let file = mount.appending(path: path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    try FileManager.default.createDirectory(at: mount, withIntermediateDirectories: true)
    let groups = root.appending(path: "list")
    try Data(list.utf8).write(to: groups)
    return ThreadCount.quota(groupList: groups.path, mount: mount.path)
  }

  @Test("a quota of version 2 counts, rounded up")
  func unified() throws {
    #expect(try quota("0::/\n", ["cpu.max": "200000 100000\n"]) == 2)
    #expect(try quota("0::/\n", ["cpu.max": "150000 100000\n"]) == 2)
    #expect(try quota("0::/\n", ["cpu.max": "50000 100000\n"]) == 1)
    #expect(try quota("0::/\n", ["cpu.max": "max 100000\n"]) == 0)
  }

  @Test("the smallest quota of a group and all above it binds")
  func nested() throws {
    let files = ["a/cpu.max": "300000 100000\n", "a/b/cpu.max": "max 100000\n", "cpu.max": "800000 100000\n"]
    #expect(try quota("0::/a/b\n", files) == 3)
    #expect(try quota("0::/elsewhere\n", files) == 8)
  }

  @Test("a quota of version 1 counts; -1 is none")
  func split() throws {
    let files = ["cpu,cpuacct/x/cpu.cfs_quota_us": "250000\n", "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n"]
    let list = "4:memory:/x\n3:cpu,cpuacct:/x\n2:cpuset:/x\n"
    #expect(try quota(list, files) == 3)
    #expect(try quota("4:cpuset:/x\n", files) == 0)
    let none = ["cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"]
    #expect(try quota("1:cpu:/\n", none) == 0)
  }

  @Test("what cannot be read or makes no sense is no quota")
  func nonsense() throws {
    #expect(try quota("", [:]) == 0)
    #expect(try quota("nonsense\n0:\n::::\n0::/\n", ["cpu.max": "many few\n"]) == 0)
    #expect(try quota("0::/\n", ["cpu.max": "100000 0\n"]) == 0)
    #expect(try quota("0::/../../..\n", [:]) == 0)
    #expect(ThreadCount.quota(groupList: "/nowhere/at/all", mount: "/nowhere") == 0)
  }
}
