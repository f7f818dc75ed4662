// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import SystemIO

@Suite("sparse output")
struct SparseTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test("blocks of zeros take no space, and the length is whole", arguments: [0, 1, 4096, 1 << 20])
  func holes(tail: Int) throws {
    var bytes = [UInt8](repeating: 0, count: 4 << 20)
    bytes[0] = 1
    bytes[2 << 20] = 2
    bytes += [UInt8](repeating: 0, count: tail)
    try replaceFile(folder.path("a"), with: bytes, sparse: true)
    #expect(folder.contents("a") == bytes)
    let sparse = try FileSystem.status(of: folder.path("a"))
    #expect(sparse.blocks * 512 <= 64 << 10)
    try replaceFile(folder.path("b"), with: bytes, sparse: false)
    #expect(try FileSystem.status(of: folder.path("b")).blocks * 512 >= 4 << 20)
  }

  @Test("a file of zeros alone, and an empty one, have their length")
  func onlyZeros() throws {
    for size in [0, 1, 4095, 4096, 4097, 100_000] {
      try replaceFile(folder.path("a"), with: [UInt8](repeating: 0, count: size), sparse: true)
      #expect(folder.contents("a") == [UInt8](repeating: 0, count: size))
      #expect(try FileSystem.status(of: folder.path("a")).blocks == 0)
    }
  }

  @Test("pieces of any size give the same bytes")
  func pieces() throws {
    var random = SeededRandom("sparse pieces")
    for round in 0..<40 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        let length = Int.random(in: 1...20_000, using: &random)
        bytes += Bool.random(using: &random) ? [UInt8](repeating: 0, count: length) : random.bytes(length)
      }
      var file = try AtomicFile(folder.path("a"), .init { $0.sparse = true })
      var index = 0
      while index < bytes.count {
        let end = min(bytes.count, index + Int.random(in: 1...9000, using: &random))
        try file.write(Array(bytes[index..<end]))
        index = end
      }
      #expect(try file.position() == Int64(bytes.count))
      try file.commit(replacing: true, sync: false)
      #expect(folder.contents("a") == bytes, "round \(round)")
    }
  }

  private func makesHoles(_ file: consuming FileHandle, enabled: Bool = true) throws(IOError) -> Bool {
    let output = try SparseOutput(file, enabled: enabled)
    return output.makesHoles
  }

  @Test("an open file gets holes only if it is regular, not appended to, and ends here")
  func suitability() throws {
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    var output = try SparseOutput(try FileHandle.create(folder.path("a")))
    let outputMakesHoles = output.makesHoles
    #expect(outputMakesHoles)
    try output.write(zeros)
    try output.write([1])
    try output.write(zeros)
    try output.finish(sync: true)
    #expect(folder.contents("a") == zeros + [1] + zeros)
    #expect(try FileSystem.status(of: folder.path("a")).blocks * 512 <= 64 << 10)

    var appended = try SparseOutput(try FileHandle.create(folder.path("b"), ifExists: .append))
    let appendedMakesHoles = appended.makesHoles
    #expect(!appendedMakesHoles)
    try appended.write(zeros)
    try appended.finish()
    #expect(folder.contents("b") == zeros)

    try folder.write("c", [9, 9, 9])
    let inMiddle = try SparseOutput(try FileHandle.open(folder.path("c"), .writable))
    let inMiddleMakesHoles = inMiddle.makesHoles
    #expect(!inMiddleMakesHoles)
    try inMiddle.finish()
    #expect(folder.contents("c") == [9, 9, 9])

    let pipe = try Pipe()
    let others = [
      try makesHoles(try FileHandle.open("/dev/null", .writable)),
      try makesHoles(try FileHandle.create(folder.path("d")), enabled: false),
      try makesHoles(FileHandle(borrowing: pipe.writer.descriptor)),
    ]
    #expect(others == [false, false, false])
  }

  @Test("the zero test finds a single bit anywhere")
  func zeroTest() {
    for count in [0, 1, 7, 8, 15, 16, 17, 31, 64, 100, 4096] {
      var bytes = [UInt8](repeating: 0, count: count)
      let empty = unsafe bytes.withUnsafeBytes { unsafe isZero($0) }
      #expect(empty)
      for index in 0..<count {
        bytes[index] = 1
        let zero = unsafe bytes.withUnsafeBytes { unsafe isZero($0) }
        #expect(!zero)
        bytes[index] = 0
      }
    }
  }
}
