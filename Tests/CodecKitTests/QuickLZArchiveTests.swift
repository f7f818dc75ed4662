// SPDX-License-Identifier: Apache-2.0

// Archives of qpress and mariadb-backup, and damaged ones, through the archive reader and as streams.

import TestSupport
import Testing

@testable import CodecKit

@Suite("QuickLZ archives")
struct QuickLZArchiveTests {
  /// What an archive comes to.
  private struct Walk: Equatable {
    var entries: [QuickLZVector.Entry] = []
    var contents: [[UInt8]] = []
    var damaged: [String] = []
    var fault: String?
    var error: CodecError?
  }

  /// Reads an archive in pieces of some size, into room of some size.
  private func walk(_ archive: [UInt8], pieces: Int, room: Int) throws -> Walk {
    let reader = try QuickLZArchiveReader()
    var result = Walk()
    var path: [String] = []
    var content: [UInt8] = []
    var used = 0
    var end = 0
    func text(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }
    while true {
      var step: QuickLZArchiveReader.Step?
      var thrown: CodecError?
      let produced = unsafe [UInt8](unsafeUninitializedCapacity: room) { memory, count in
        var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(memory), initializedCount: 0)
        do throws(CodecError) {
          step = unsafe try reader.step(
            archive.span.bytes.extracting(used..<end), into: &output, isEnd: end == archive.count)
        } catch {
          thrown = error
        }
        count = unsafe output.finalize(for: UnsafeMutableRawBufferPointer(memory))
      }
      content += produced
      guard let step else {
        result.fault = reader.fault?.rawValue
        result.error = thrown
        return result
      }
      #expect(step.produced == produced.count)
      used += step.consumed
      switch step.event {
      case .needsInput:
        #expect(used == end && end < archive.count)
        end = min(end + pieces, archive.count)
      case .needsOutput: break
      case .directory(let name):
        path.append(text(name))
        result.entries.append(.init(path: path.joined(separator: "/"), isDirectory: true, size: 0, sha256: ""))
      case .directoryEnd: path.removeLast()
      case .file(let name):
        content = []
        result.entries.append(
          .init(path: (path + [text(name)]).joined(separator: "/"), isDirectory: false, size: 0, sha256: ""))
      case .refused(_, let error):
        result.fault = reader.fault?.rawValue
        result.error = error
      case .damage(let error):
        result.damaged.append(result.entries.last?.path ?? "")
        result.fault = reader.fault?.rawValue
        result.error = error
      case .fileEnd(let isComplete):
        result.entries[result.entries.count - 1].size = content.count
        result.entries[result.entries.count - 1].sha256 = isComplete ? SHA256.hex(content) : ""
        result.contents.append(content)
      case .end: return result
      }
    }
  }

  static let archives = QuickLZVector.all.filter { $0.kind == "archive" }

  @Test("every archive vector is read or refused as the manifest says", arguments: archives)
  func vectors(vector: QuickLZVector) throws {
    let bytes = try vector.bytes()
    let whole = try walk(bytes, pieces: bytes.count, room: 1 << 20)
    switch vector.expect {
    case "ok":
      #expect(whole.error == nil)
      #expect(whole.entries == vector.entries)
    case "reject":
      #expect(whole.fault == vector.reason)
      #expect(whole.error != nil)
    default: break
    }
    for (pieces, room) in [(1, 1000), (1000, 100), (70_000, 65_536)] {
      let other = try walk(bytes, pieces: pieces, room: room)
      #expect(other == whole, "\(pieces), \(room)")
    }
  }

  @Test("an archive with one file is a stream of its content", arguments: archives)
  func streams(vector: QuickLZVector) throws {
    let bytes = try vector.bytes()
    let files = vector.entries.filter { !$0.isDirectory }
    let outcome = StreamDriver(pieces: .fixed(5000)).run(try QuickLZ().makeDecompressionEngine(.init()), bytes)
    #expect(outcome.violations == [])
    guard vector.expect == "ok" else { return }
    switch files.count {
    case 0: #expect(outcome.error?.code == .truncated)
    case 1:
      #expect(outcome.finished && SHA256.hex(outcome.output) == files[0].sha256)
      let stored = unsafe QuickLZ().storedMetadata(bytes.span.bytes)
      #expect(stored?.fileName == files[0].path.split(separator: "/").last.map { Array($0.utf8) })
    default: #expect(outcome.error?.code == .unsupportedFeature)
    }
  }

  @Test("a damaged block costs its file and no other")
  func damage() throws {
    let bytes = try QuickLZVector.bytes("archives/multi-files.qp")
    let whole = try walk(bytes, pieces: bytes.count, room: 1 << 20)
    let marker = QuickLZArchiveFormat.blockMarker
    let blocks = (0..<bytes.count - 8).filter { Array(bytes[$0..<$0 + 8]) == marker }
    #expect(blocks.count == 3)
    for (file, block) in zip([0, 1, 3], blocks) {
      for offset in [2, 18, 20, 21, 26, 40] {
        var damaged = bytes
        damaged[block + offset] ^= 0x5A
        for pieces in [bytes.count, 1, 100] {
          let found = try walk(damaged, pieces: pieces, room: 1 << 16)
          #expect(found.damaged == [whole.entries[file].path], "\(file), \(offset), \(pieces)")
          #expect(found.entries.map(\.path) == whole.entries.map(\.path))
          for other in whole.contents.indices where other != file && found.contents.count == whole.contents.count {
            #expect(found.contents[other] == whole.contents[other])
          }
        }
      }
    }
  }

  /// An entry of an archive: a tag and a name.
  private func entry(_ tag: Character, _ name: String) -> [UInt8] {
    let count = name.utf8.count
    return Array(String(tag).utf8) + [UInt8(count & 255), UInt8(count >> 8), 0, 0] + Array(name.utf8) + [0]
  }

  @Test("what has an unsafe name is passed over, and nothing else")
  func unsafeNames() throws {
    let content = TestInputs.bytes(.text, 100_000)
    let packed = try QuickLZ(fileName: Array("x".utf8)).compress(content)
    let file = Array(packed[(16 + 7)...])
    func files(_ name: String) -> [UInt8] { entry("F", name) + file }
    let archive =
      Array(packed[..<16]) + files("../a") + entry("D", "ok") + files("/b") + files("c") + Array("U".utf8)
      + entry("D", "..") + files("d") + entry("D", "e") + files("f") + Array("UU".utf8) + files("g/h") + files("g//h")
      + files(".") + files("i")
    let reader = try QuickLZArchiveReader()
    var refused: [String] = []
    var found: [String] = []
    var used = 0
    var produced: [String: Int] = [:]
    try unsafe withUnsafeTemporaryAllocation(byteCount: 1 << 17, alignment: 16) { memory in
      while true {
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let step = unsafe try reader.step(
          archive.span.bytes.extracting(used..<archive.count), into: &output, isEnd: true)
        _ = unsafe output.finalize(for: memory)
        used += step.consumed
        produced[found.last ?? "", default: 0] += step.produced
        switch step.event {
        case .refused(let path, let error):
          refused.append(path.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "|"))
          #expect(error.code == .corrupt)
        case .file(let name):
          found.append(String(decoding: Array((reader.directories + [name]).joined(separator: [47])), as: UTF8.self))
        default: break
        }
        if step.event == .end { break }
      }
    }
    #expect(refused == ["../a", "ok|/b", "..", "g//h", "."])
    #expect(found == ["ok/c", "g/h", "i"])
    #expect(produced == ["": 0, "ok/c": 100_000, "g/h": 100_000, "i": 100_000])
  }

  @Test("a file can be passed over")
  func skipping() throws {
    let bytes = try QuickLZVector.bytes("archives/multi-files.qp")
    let reader = try QuickLZArchiveReader()
    var used = 0
    var ends: [Bool] = []
    var produced = 0
    try unsafe withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { memory in
      while true {
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let step = unsafe try reader.step(bytes.span.bytes.extracting(used..<bytes.count), into: &output, isEnd: true)
        _ = unsafe output.finalize(for: memory)
        used += step.consumed
        produced += step.produced
        if case .file = step.event, ends.count != 1 { reader.skipFile() }
        if case .fileEnd(let isComplete) = step.event { ends.append(isComplete) }
        if step.event == .end { break }
      }
    }
    #expect(ends == [false, true, false, false])
    #expect(produced == 20000)
  }

  @Test("blocks larger than the limit are refused before anything is gathered")
  func limits() throws {
    let bytes = try QuickLZVector.bytes("archives/chunk-128k-l3.qp")
    #expect(throws: CodecError.self) {
      _ = try QuickLZ().decompress(bytes, .init { $0.limits.maximumWindowSize = 100_000 })
    }
    let limit = { (size: UInt64) throws(CodecError) -> [UInt8] in
      try QuickLZ().decompress(bytes, .init { $0.limits.maximumWindowSize = size })
    }
    do throws(CodecError) {
      _ = try limit(131_071)
    } catch {
      #expect(error.code == .limitExceeded && error.requiredLimit == 131_072)
    }
    #expect(try limit(131_072).count == 300_000)
  }

  @Test("names are stored when they can be, and blocks tell their position")
  func writing() throws {
    let content = TestInputs.bytes(.text, 200_000)
    let codec = QuickLZ().storing(.init(fileName: Array("folder/orders.ibd".utf8)))
    let packed = try codec.compress(content, .init { $0.level = 2 })
    let found = try walk(packed, pieces: 10_000, room: 10_000)
    #expect(found.entries.map(\.path) == ["orders.ibd"] && found.contents == [content])
    for name in ["..", "/", "", "a\0b"] {
      let other = QuickLZ().storing(.init(fileName: Array(name.utf8)))
      #expect((other as? QuickLZ)?.fileName == Array("stdin".utf8))
    }
    #expect(throws: CodecError.self) { _ = try QuickLZ(fileName: Array("../x".utf8)).compress(content) }
    // A flush cuts early; the positions follow the content all the same.
    for threads in [1, 3] {
      let engine = try QuickLZ().makeCompressionEngine(.init { $0.threads = threads })
      let archive = try flushed(engine, content, every: 50_000)
      var expected: UInt64 = 0
      var rest = 16 + 6 + 5
      while case .known(let item, let length) = unsafe try QuickLZArchiveFormat.extent(
        of: archive.span.bytes.extracting(rest..<archive.count), at: .block, chunkSize: 65536),
        case .block(let position, _, let packet) = item
      {
        #expect(position == expected)
        expected += UInt64(packet.contentSize)
        rest += length
      }
      #expect(expected == 200_000)
    }
  }

  private func flushed(_ engine: any StreamEngine, _ content: [UInt8], every size: Int) throws -> [UInt8] {
    var result: [UInt8] = []
    for start in stride(from: 0, to: content.count, by: size) {
      let end = min(start + size, content.count)
      var used = start
      var isDone = false
      while !isDone {
        try unsafe withUnsafeTemporaryAllocation(byteCount: 300_000, alignment: 16) { memory in
          var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
          let step = unsafe try engine.step(
            content.span.bytes.extracting(used..<end), into: &output, flush: end == content.count ? .finish : .block)
          used += step.consumed
          let count = unsafe output.finalize(for: memory)
          unsafe result += memory[..<count]
          isDone = step.state == .finished || (end < content.count && step.state == .needsInput)
        }
      }
    }
    return result
  }

  @Test("the inspector counts files and blocks")
  func inspection() throws {
    let bytes = try QuickLZVector.bytes("archives/tree-l1.qp")
    let vector = try #require(QuickLZVector.all.first { $0.id == "qp-tree-l1" })
    let inspector = try #require(try QuickLZ().makeInspector(.init()))
    var used = 0
    while used < bytes.count {
      let step = unsafe try inspector.inspect(
        bytes.span.bytes.extracting(used..<min(used + 50, bytes.count)), isEnd: false)
      #expect(step.used > 0 || used + 50 < bytes.count)
      used += step.used + Int(step.skip)
      if step.used == 0, step.skip == 0 { break }
    }
    let other = try #require(try QuickLZ().makeInspector(.init()))
    _ = unsafe try other.inspect(bytes.span.bytes, isEnd: true)
    let files = vector.entries.filter { !$0.isDirectory }
    #expect(other.report.frames.compactMap(\.contentSize) == files.map { UInt64($0.size) })
    #expect(other.report.frames.map { $0.details[0].value } == files.map(\.path))
    #expect(other.report.checksum == "Adler-32")
  }

  @Test("folders within folders without an end are refused, by the inspector too")
  func endlessFolders() throws {
    let head = try QuickLZVector.bytes("archives/tree-l1.qp")[..<16]
    let name = [UInt8](repeating: 0x61, count: 200)
    let folder = [0x44, 200, 0, 0, 0] + name + [0]
    for (count, isRefused) in [(5216, false), (5218, true)] {
      let bytes = Array(head) + Array(repeatElement(folder, count: count).joined())
      let inspector = try #require(try QuickLZ().makeInspector(.init()))
      var fault: CodecError?
      do throws(CodecError) { _ = unsafe try inspector.inspect(bytes.span.bytes, isEnd: false) } catch { fault = error }
      #expect((fault != nil) == isRefused, "\(count)")
    }
  }

  @Test("what begins otherwise is no archive, whatever follows")
  func magic() throws {
    let bytes = try QuickLZVector.bytes("archives/tree-l1.qp")
    for index in 0..<6 {
      let walked = try walk(bytes.flipped(index), pieces: bytes.count, room: 4096)
      #expect(walked.error != nil && walked.entries.isEmpty, "byte \(index)")
    }
  }

  @Test("damaged archives give the same answer however they arrive")
  func mutations() throws {
    var random = SplitMix(seed: SplitMix.runSeed)
    for vector in Self.archives where vector.expect == "ok" {
      let bytes = try vector.bytes()
      for round in 0..<12 {
        var damaged = bytes
        for _ in 0...random.below(3) {
          let at = random.below(random.below(2) == 0 ? min(60, damaged.count) : damaged.count)
          switch random.below(5) {
          case 0: damaged = damaged.without(at, 1 + random.below(40))
          case 1: damaged = damaged.with(1 + random.below(40), at: at, seed: random.next())
          case 2: damaged = Array(damaged[..<at])
          default: damaged = damaged.flipped(at, UInt8(1 + random.below(255)))
          }
          if damaged.isEmpty { damaged = [0] }
        }
        let whole = try walk(damaged, pieces: damaged.count, room: 1 << 20)
        let pieces = try walk(damaged, pieces: 1 + random.below(500), room: 1 + random.below(70_000))
        #expect(whole == pieces, "\(vector.id), round \(round)")
      }
    }
  }
}
