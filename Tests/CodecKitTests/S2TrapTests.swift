// SPDX-License-Identifier: Apache-2.0

// What other implementations of the format have fallen into, each trap a test.

import Foundation
import TestSupport
import Testing

@testable import CodecKit

@Suite("s2: known traps")
struct S2TrapTests {
  private typealias Trial = BlockCodecTrial

  @Test("nothing is read or written behind the ends of small blocks, at any level", arguments: 1...3)
  func overreads(level: Int) throws {
    let effort = try #require(S2BlockEncoder.Effort(rawValue: level))
    let input = try GuardedPages(70_000)
    let output = try GuardedPages(71_000)
    let again = try GuardedPages(70_000)
    for mode in [S2BlockMode.s2, .snappy] {
      let encoder = S2BlockEncoder(effort, mode)
      for size in Array(0...140) + [511, 512, 513, 4095, 4097, 16_385, 65_535, 65_537] {
        for kind in [InputKind.text, .rows, .zeros, .random] {
          let content = TestInputs.bytes(kind, size)
          let source = unsafe input.last(size)
          unsafe source.copyBytes(from: content)
          // The exact bound at the very end, then the exact block, then the exact content.
          let count = unsafe encoder.encode(
            UnsafeRawBufferPointer(source), into: output.last(S2Format.blockBound(size)))
          let block = unsafe Array(output.last(S2Format.blockBound(size))[..<count])
          let header = S2Format.varintSize(UInt64(size))
          let elements = unsafe output.last(count - header)
          unsafe elements.copyBytes(from: block[header...])
          let target = unsafe again.last(size)
          #expect(unsafe S2BlockDecoder.decode(UnsafeRawBufferPointer(elements), into: target))
          #expect(unsafe target.elementsEqual(content), "\(mode) \(kind) \(size)")
        }
      }
    }
  }

  @Test("repeats longer than one element can say are split, and what is split decodes")
  func longRepeats() throws {
    for length in [16_842_754, 16_842_755, 16_842_756, 16_842_760, 33_685_511] {
      var elements: [UInt8] = [0 << 2, 0x41, 0x0E, 1, 0]
      var bytes = [UInt8](repeating: 0, count: 64)
      let size = unsafe bytes.withUnsafeMutableBytes { bytes in
        unsafe bytes.baseAddress.map { unsafe S2Emitter.repeated(1, length, to: $0) } ?? 0
      }
      elements += bytes[..<size]
      let block = S2Format.varint(UInt64(5 + length)) + elements
      let content = try S2Raw().decompress(block, .init { $0.limits.maximumWindowSize = 64 << 20 })
      #expect(content.count == 5 + length && content.allSatisfy { $0 == 0x41 })
    }
  }

  @Test("output and literals that just miss the limit of what is worth it are written nowhere else")
  func givingUp() throws {
    var random = SeededRandom("s2 giving up")
    let room = try GuardedPages(5000)
    for level in 1...3 {
      let encoder = S2BlockEncoder(.init(rawValue: level) ?? .fast, .s2)
      for _ in 0..<300 {
        // Noise, with repeats of one distance: just enough to save nearly nothing.
        let size = 64 + Int.random(in: 0..<4000, using: &random)
        var content = random.bytes(size)
        let gap = Int.random(in: 20...300, using: &random)
        for start in stride(from: 40, to: size - 10, by: gap) {
          for index in 0..<Int.random(in: 4...9, using: &random) {
            content[start + index] = content[start + index - 32]
          }
        }
        let target = unsafe room.last(S2Format.blockBound(size))
        let count = unsafe content.withUnsafeBytes { unsafe encoder.encode($0, into: target) }
        #expect(NaiveS2.decode(unsafe Array(target[..<count])) == content)
      }
    }
  }

  @Test("sizes near and above 2^31 are unsigned, and cost nothing")
  func hugeSizes() throws {
    let before = ResidentMemory.current
    for size in [0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFF] as [UInt64] {
      let block = S2Format.varint(size) + [0, 0x41, 0x1D, 0xFF, 0xFF, 0xFF]
      for limit in [UInt64.max, 1 << 40] {
        let outcome = try Trial.decompress(S2Raw(), block, .init()) { $0.limits.maximumWindowSize = limit }
        #expect(outcome.error?.code == .limitExceeded && outcome.error?.requiredLimit == size, "\(outcome.summary)")
      }
      // Offsets, too.
      let far = S2Format.varint(5) + [0, 0x41, 3 << 2 | 3] + Trial.bytes(UInt32(size))
      #expect(try Trial.decompress(S2Raw(), far).error?.code == .corrupt)
      #expect(throws: CodecError.self) { try S2Raw.join([block, block, block]) }
    }
    #expect(ResidentMemory.current - before < 64 << 20)
  }

  @Test("an error at any place ends a stream that several threads decode", .timeLimit(.minutes(5)))
  func errorsWithThreads() throws {
    let content = TestInputs.bytes(.rows, 120_000)
    let stream = try S2().compress(content, .init { $0.chunkSize = 4096 })
    for at in stride(from: 10, to: stream.count, by: 97) {
      for damaged in [stream.flipped(at), Array(stream[..<at])] {
        let one = try Trial.decompress(S2(), damaged)
        for threads in [2, 3] {
          let several = try Trial.decompress(S2(), damaged) { $0.threads = threads }
          #expect(several.error == one.error && several.output == one.output, "\(at), \(threads) threads")
        }
      }
    }
  }

  @Test("skipping counts blocks that are skipped as a whole, and ends behind the end")
  func skipping() throws {
    let content = TestInputs.bytes(.text, 900_000)
    let stream = try S2().compress(content, .init { $0.chunkSize = 64 << 10 })
    var reader = try PartReader(S2(), source: MemorySource(stream))
    for offset in [0, 65_535, 65_536, 65_537, 200_000, 131_072, 899_999, 5] {
      var sink = BoundedSink()
      try reader.read(from: UInt64(offset), count: 70_000, to: &sink)
      #expect(sink.bytes == Array(content[offset..<min(content.count, offset + 70_000)]), "from \(offset)")
    }
    for offset in [900_000, 900_001, UInt64.max] as [UInt64] {
      var sink = BoundedSink()
      let summary = try reader.read(from: offset, count: 9, to: &sink)
      #expect(summary.reachedEnd && sink.bytes.isEmpty)
    }
  }

  @Test("a stored chunk larger than what is skipped, and blocks too large for Snappy, are what they are when skipped")
  func skippingStored() throws {
    let noise = TestInputs.bytes(.random, 3 << 20)
    let stream = try S2().compress(noise, .init { $0.chunkSize = 2 << 20 })
    #expect(try PartTrial(S2(), stream).read(1_500_000, 1 << 20).output == Array(noise[1_500_000..<2_548_576]))
    let asSnappy = SnappyFormat.identifier + stream.dropFirst(10)
    let outcome = try PartTrial(S2(), asSnappy).read(2_500_000, 5)
    #expect(outcome.error?.code == .corrupt && outcome.output.isEmpty)
  }

  @Test("no match reaches past the end of a dictionary", arguments: 1...3)
  func dictionaryEnd(level: Int) throws {
    var random = SeededRandom("s2 dictionary end")
    for _ in 0..<60 {
      let words = random.bytes(64 + Int.random(in: 0..<300, using: &random))
      let dictionary = CodecDictionary(S2Format.varint(UInt64(Int.random(in: 0..<40, using: &random))) + words)
      let content = try S2DictionaryContent.of(dictionary)
      for tail in [1, 4, 8, 15, 40] {
        // The end of the dictionary, then what the output begins with: as if the match went on there.
        let end = Array(words.suffix(tail))
        let sample = end + end + end + random.bytes(20) + words.suffix(30) + end.prefix(9) + words
        let packed = try S2Raw().compress(
          sample,
          .init {
            $0.level = .native(level)
            $0.dictionary = dictionary
          })
        #expect(NaiveS2.decode(packed, dictionary: words, offset: content.offset) == sample)
        #expect(try S2Raw().decompress(packed, .init { $0.dictionary = dictionary }) == sample)
      }
    }
  }

  @Test("decoders work beside each other on many threads")
  func manyThreads() async throws {
    let content = TestInputs.bytes(.pages, 300_000)
    let stream = try S2().compress(content, .init { $0.level = .better })
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 { group.addTask { try S2().decompress(stream) == content } }
      for try await isRight in group { #expect(isRight) }
    }
  }

  @Test("a size of more than five bytes is refused")
  func longSizes() throws {
    #expect(try S2Raw().decompress([0x81, 0x80, 0x80, 0x80, 0x00, 0, 0x41]) == [0x41])
    for size in [[0x81, 0x80, 0x80, 0x80, 0x80, 0x00], [0x80, 0x80, 0x80, 0x80, 0x10]] as [[UInt8]] {
      #expect(try Trial.decompress(S2Raw(), size + [0, 0x41]).error?.code == .corrupt)
      let chunk = S2Format.identifier + [0, UInt8(size.count + 6), 0, 0, 1, 2, 3, 4] + size + [0, 0x41]
      let outcome = try Trial.decompress(S2(), chunk)
      #expect(outcome.error?.code == .corrupt && outcome.error?.inputOffset == 18)
    }
  }

  @Test("a skippable chunk that is cut is an error, read in order or in parts")
  func cutSkippable() throws {
    let content = TestInputs.bytes(.text, 100_000)
    let stream = try S2().compress(content)
    for kind in [0x80, 0x99, 0xFD, 0xFE] as [UInt8] {
      for rest in [[kind], [kind, 5, 0], [kind, 5, 0, 0], [kind, 5, 0, 0, 1, 2, 3, 4]] {
        let outcome = try Trial.decompress(S2(), stream + rest)
        #expect(outcome.error?.code == .truncated && TestInputs.same(outcome.output, content))
        #expect(try PartTrial(S2(), stream + rest).read(100_000, nil).error?.code == .truncated)
        var scanner = S2IndexScanner()
        let cut = stream + rest
        try unsafe scanner.scan(cut.span.bytes)
        #expect(throws: CodecError.self) { try scanner.finish() }
      }
    }
  }

  @Test("padding of any size is read, scanned and walked past")
  func smallPadding() throws {
    let content = TestInputs.bytes(.text, 100_000)
    let stream = try S2().compress(content)
    for size in 0...5 {
      let padded = stream + [0xFE, UInt8(size), 0, 0] + [UInt8](repeating: 9, count: size)
      #expect(try S2().decompress(padded) == content)
      #expect(try Trial.inspect(S2(), padded).contentSize == 100_000)
      var scanner = S2IndexScanner()
      let twice = padded + stream.dropFirst(10)
      try unsafe scanner.scan(twice.span.bytes)
      #expect(try scanner.finish().totalUncompressed == 200_000)
      let part = try PartTrial(S2(), twice).read(150_000, 10)
      #expect(part.output == Array(content[50_000..<50_010]))
    }
  }

  @Test("other framings of Snappy blocks, and the format's successor, are not taken for streams")
  func strangers() throws {
    let block = try SnappyRaw().compress(TestInputs.bytes(.text, 1000))
    let kafka: [UInt8] = [0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    let hadoop: [UInt8] = [0, 0, 3, 0xE8] + Trial.bytes(UInt32(block.count)).reversed()
    let successor: [UInt8] = [0xFF, 6, 0, 0] + Array("MinLz".utf8) + [0x0C]
    for stranger in [kafka + Trial.bytes(UInt32(block.count)).reversed() + block, hadoop + block, successor] {
      #expect(unsafe S2().recognizes(stranger.span.bytes) == .no)
      #expect(unsafe Snappy().recognizes(stranger.span.bytes) == .no)
      #expect(try Trial.decompress(S2(), stranger).error?.code == .unknownFormat)
    }
    // Nor behind a stream.
    let stream = try S2().compress([1, 2, 3])
    #expect(try Trial.decompress(S2(), stream + successor).error?.code == .corrupt)
  }

  @Test("an identifier of another length is refused as that")
  func identifierLength() throws {
    let stream = try S2().compress([1, 2, 3])
    for length in [0, 1, 5, 7, 10] {
      let chunk = [0xFF, UInt8(length), 0, 0] + (Array("S2sTwO".utf8) + [0, 0, 0, 0]).prefix(length)
      let error = try Trial.decompress(S2(), stream + chunk).error
      #expect(error?.code == .corrupt && error?.reason.contains("\(length) bytes instead of 6") == true, "\(length)")
    }
  }

  @Test("sizes that the bytes cannot hold are refused before memory is asked for")
  func impossibleSizes() throws {
    let before = ResidentMemory.current
    for _ in 0..<50 {
      let block = S2Format.varint(1 << 30) + [0, 0x41]
      #expect(try Trial.decompress(S2Raw(), block, .init()) { $0.limits.maximumWindowSize = 1 << 31 }.error != nil)
      let chunk = S2Format.identifier + [0, 9, 0, 0, 1, 2, 3, 4] + S2Format.varint(4 << 20) + [0]
      #expect(try Trial.decompress(S2(), chunk).error?.code == .corrupt)
    }
    #expect(ResidentMemory.current - before < 64 << 20)
  }

  @Test("an empty stream with an index has its identifier, and is read")
  func emptyWithIndex() throws {
    for padding in [1, 512] {
      let stream = try S2 {
        $0.writesIndex = true
        $0.padding = padding
      }.compress([])
      #expect(stream.starts(with: S2Format.identifier))
      #expect(try S2().decompress(stream).isEmpty)
      #expect(try !Trial.inspect(S2(), stream).frames.contains { $0.details.contains { $0.name == "largest block" } })
    }
  }

  @Test("joined blocks decode to their contents; sums that do not fit are refused")
  func joining() throws {
    let parts = [
      TestInputs.bytes(.text, 1000), [], TestInputs.bytes(.rows, 70_000), [5], TestInputs.bytes(.zeros, 300),
    ]
    let blocks = try parts.map { try S2Raw().compress($0, .init { $0.level = .better }) }
    let joined = try S2Raw.join(blocks)
    #expect(try S2Raw().decompress(joined) == parts.flatMap(\.self))
    #expect(NaiveS2.decode(joined) == parts.flatMap(\.self))
    #expect(try S2Raw.join([]) == [0])
    #expect(try S2Raw.join([[0], [0x80, 0]]) == [0])
    func code(_ blocks: [[UInt8]]) -> CodecError.Code? {
      do throws(CodecError) { _ = try S2Raw.join(blocks) } catch { return error.code }
      return nil
    }
    #expect(code([blocks[0], []]) == .truncated)
    #expect(code([[0x80]]) == .truncated)
    #expect(code([[0, 1]]) == .corrupt)
    #expect(code([[0xFF, 0xFF, 0xFF, 0xFF, 0x1F]]) == .corrupt)
    #expect(code([[0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 1], [1, 0, 1]]) == .limitExceeded)
    // A repeat at the beginning of a block stays an error: its offset is not that of the block before.
    let joinedRepeat = try S2Raw.join([[4, 0, 1], [4, 1, 0]])
    #expect(joinedRepeat == [8, 0, 1, 1, 0])
    #expect(NaiveS2.decode(joinedRepeat) == nil)
  }
}
