// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import SystemIO

/// An attacker exchanges a directory for a symbolic link while files are opened beneath it.
@Suite("confinement under attack")
struct ConfinementRaceTests {
  /// Tells the attacker when it is over, and the opener that the attack has begun.
  private final class Attack: Sendable {
    let isOver = Atomic<Bool>(false)
    let rounds = Atomic<Int>(0)
    let failures = Monitor<[IOError]>([])
  }

  @Test("10 000 openings through handles, none outside")
  func swap() throws {
    let folder = try TemporaryFolder()
    try folder.makeFolder("root/d/e")
    try folder.makeFolder("outside/e")
    try folder.write("root/d/e/a", [1])
    try folder.write("outside/e/a", [2])
    let path = folder.path("root")
    let attack = Attack()
    let attacker = try BackgroundThread(name: "attacker") {
      do throws(IOError) {
        while !attack.isOver.load(ordering: .relaxed) {
          try FileSystem.rename(path.joining("d"), to: path.joining("hidden"))
          try FileSystem.makeSymbolicLink(path.joining("d"), to: "../outside")
          attack.rounds.add(1, ordering: .relaxed)
          try FileSystem.remove(path.joining("d"))
          try FileSystem.rename(path.joining("hidden"), to: path.joining("d"))
        }
      } catch {
        attack.failures.withLock { $0.append(error) }
      }
    }
    let root = try DirectoryHandle(path)
    let (d, e, a) = (Array("d".utf8), Array("e".utf8), Array("a".utf8))
    let (kernel, walk) = (BeneathSupport.kernel, BeneathSupport(isMissing: true))
    var (opened, refused, escapes) = (0, 0, 0)
    var unexpected: Set<Errno> = []
    var attempt = 0
    while attempt < 10_000 {
      do throws(IOError) {
        let file =
          switch attempt % 3 {
          case 0: try root.openDirectory(d).openDirectory(e).openFile(a)
          case 1: try root.open(beneath: "d/e/a", [], kernel)
          default: try root.open(beneath: "d/e/a", [], walk)
          }
        let content = try collect(9) { (o: inout OutputRawSpan) throws(IOError) in try file.read(into: &o) }
        opened += 1
        if content != [1] { escapes += 1 }
      } catch {
        refused += 1
        if ![.noSuchFile, .notDirectory, .symbolicLinkLoop].contains(error.errno) { unexpected.insert(error.errno) }
      }
      attempt += 1
    }
    attack.isOver.store(true, ordering: .relaxed)
    attacker.join()
    #expect(escapes == 0)
    #expect(unexpected.isEmpty)
    #expect(opened + refused == 10_000)
    #expect(attack.failures.withLock { $0 }.isEmpty)
    // The tree is whole again, so that the last opening is one that works.
    #expect(try root.openFile(beneath: "d/e/a").status().size == 1)
  }
}
