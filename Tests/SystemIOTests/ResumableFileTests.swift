// SPDX-License-Identifier: Apache-2.0

import SystemIO
import TestSupport
import Testing

@Suite("files that are gone on with")
struct ResumableFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ bytes: [UInt8], to file: borrowing ResumableFile) throws {
    try unsafe file.write(bytes.span.bytes)
  }

  @Test("what was written stays, is found again, and takes its name when it is complete")
  func goesOn() throws {
    do {
      let file = try ResumableFile(folder.path("a"))
      #expect(file.length == 0)
      try write([1, 2, 3, 4, 5], to: file)
    }
    #expect(folder.contents("a") == nil && folder.contents("a.partial") == [1, 2, 3, 4, 5])
    let file = try ResumableFile(folder.path("a"))
    #expect(file.length == 5)
    try file.cut(at: 3)
    try write([6], to: file)
    try file.commit(replacing: false, sync: true)
    #expect(folder.contents("a") == [1, 2, 3, 6] && folder.contents("a.partial") == nil)
  }

  @Test("an existing target is replaced only when that is wished")
  func existing() throws {
    try folder.write("a", [9])
    let file = try ResumableFile(folder.path("a"))
    try write([1], to: file)
    var refusal: Errno?
    do throws(IOError) { try file.commit(replacing: false, sync: false) } catch { refusal = error.errno }
    #expect(refusal == .exists)
    #expect(folder.contents("a") == [9] && folder.contents("a.partial") == [1])
    try ResumableFile(folder.path("a")).commit(replacing: true, sync: false)
    #expect(folder.contents("a") == [1])
  }

  @Test("two are not at one file, and what is no file of ours is left alone")
  func refusals() throws {
    let first = try ResumableFile(folder.path("a"))
    #expect(throws: IOError.self) { _ = try ResumableFile(folder.path("a")) }
    try write([1], to: first)
    try folder.makeLink("b.partial", to: "c")
    #expect(throws: IOError.self) { _ = try ResumableFile(folder.path("b")) }
    try folder.makeFolder("d.partial")
    #expect(throws: IOError.self) { _ = try ResumableFile(folder.path("d")) }
    #expect(folder.contents("c") == nil)
  }
}
