// SPDX-License-Identifier: Apache-2.0

// The fast decoder of S2 blocks beside the naive one, on damaged blocks: the same bytes or the same refusal, and nothing
// written outside.

import Foundation
import TestSupport
import Testing

@testable import CodecKit

@Suite("s2: fast and naive decoder")
struct S2DifferentialTests {
  /// How many damaged blocks are tried; ten million in long runs.
  private static let rounds = ProcessInfo.processInfo.environment["CODECKIT_LONG"] == nil ? 6_000 : 10_000_000

  @Test("they agree on blocks with damage, of which many still decode")
  func mutations() throws {
    var random = SeededRandom("s2 mutations")
    var corpus: [S2Mutation.Seed] = []
    var accepted = 0
    var failures = 0
    for round in 0..<Self.rounds {
      if round % 300 == 0 { corpus = try S2Mutation.corpus(&random) }
      let seed = corpus[random.below(corpus.count)]
      let block = S2Mutation.mutate(seed, &random)
      let expected = NaiveS2.decode(block, limit: 1 << 20)
      let actual = S2Mutation.decode(block, limit: 1 << 20)
      if expected != nil { accepted += 1 }
      if expected != actual {
        failures += 1
        let hex = block.prefix(4000).map { String($0, radix: 16) }.joined(separator: " ")
        if failures < 3 { Issue.record("round \(round), \(block.count) bytes: \(hex)") }
      }
    }
    #expect(failures == 0)
    // A mutation that is always refused would test nothing.
    #expect(accepted * 3 >= Self.rounds, "\(accepted) of \(Self.rounds) accepted")
  }

  @Test("they agree on every element at every distance from the ends")
  func ends() {
    var random = SeededRandom("s2 ends")
    for tail in 0..<140 {
      for _ in 0..<12 {
        let block = S2Mutation.handmade(&random, tail: tail)
        #expect(NaiveS2.decode(block) == S2Mutation.decode(block, limit: 1 << 20), "\(block)")
      }
    }
  }
}

/// Blocks, and damage that often leaves them legal.
enum S2Mutation {
  /// A block, its elements, and where in it each element begins.
  struct Seed {
    var block: [UInt8]
    var elements: [(offset: Int, size: Int, literal: Int)]
  }

  /// Blocks of all levels and modes, 0 bytes to 256 KiB.
  static func corpus(_ random: inout SeededRandom) throws -> [Seed] {
    var seeds: [Seed] = []
    for level in 1...3 {
      for mode in [S2BlockMode.s2, .snappy] {
        let encoder = S2BlockEncoder(.init(rawValue: level) ?? .fast, mode)
        for _ in 0..<4 {
          let kinds: [InputKind] = [.text, .pages, .rows, .zeros, .random]
          let exponent = random.below(100) == 0 ? 18 : 4 + random.below(9)
          var content = TestInputs.bytes(kinds[random.below(kinds.count)], random.below((1 << exponent) + 1))
          if random.below(2) == 0, content.count > 64 {
            // Runs with short periods, and repeats of earlier parts.
            let period = 1 + random.below(20)
            for index in content.count / 2..<content.count where index % 37 != 5 {
              content[index] = content[index - period]
            }
          }
          seeds.append(seed(encode(content, encoder)))
        }
      }
    }
    return seeds
  }

  static func encode(_ content: [UInt8], _ encoder: S2BlockEncoder) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: S2Format.blockBound(content.count)) { room, count in
      count = unsafe content.withUnsafeBytes { unsafe encoder.encode($0, into: UnsafeMutableRawBufferPointer(room)) }
    }
  }

  static func seed(_ block: [UInt8]) -> Seed {
    var elements: [(offset: Int, size: Int, literal: Int)] = []
    var offset = (try? unsafe SnappyFormat.declaredSize(block.span.bytes))?.length ?? 0
    while offset < block.count {
      let element = unsafe block.withUnsafeBytes { bytes in
        unsafe bytes.baseAddress.flatMap { unsafe S2Element($0 + offset, count: bytes.count - offset) }
      }
      guard let element else { break }
      let literal = element.kind == .literal ? element.length : 0
      elements.append((offset, element.size, literal))
      offset += element.size + literal
    }
    return Seed(block: block, elements: elements)
  }

  /// A block with one to four changes; most of them keep the size of the content.
  static func mutate(_ seed: Seed, _ random: inout SeededRandom) -> [UInt8] {
    var block = seed.block
    guard !seed.elements.isEmpty else {
      return random.below(2) == 0 ? block : block + random.bytes(random.below(4))
    }
    for _ in 0...random.below(3) {
      let element = seed.elements[random.below(seed.elements.count)]
      // An earlier change may have made another element of it.
      guard element.offset + max(3, element.size) <= block.count else { continue }
      switch random.below(10) {
      case 0...3:
        // Bytes of a literal, which may be anything.
        if element.literal > 0 {
          let at = element.offset + element.size + random.below(element.literal)
          if at < block.count { block[at] = UInt8(random.below(256)) }
        }
      case 4...6:
        // Another offset, often a small one.
        let kind = block[element.offset] & 3
        if kind == 2 || kind == 3 {
          block[element.offset + 1] = UInt8(random.below(random.below(2) == 0 ? 20 : 256))
          if random.below(2) == 0 { block[element.offset + 2] = 0 }
        } else if kind == 1, block[element.offset] >> 5 != 0 || block[element.offset + 1] != 0 {
          block[element.offset + 1] = UInt8(1 + random.below(random.below(2) == 0 ? 20 : 255))
        }
      case 7:
        // A repeat where a copy was, of the same length.
        if block[element.offset] & 3 == 1, block[element.offset] >> 2 & 7 < 5 {
          block[element.offset] &= 0x1F
          block[element.offset + 1] = 0
        }
      case 8: block[random.below(block.count)] ^= 1 << UInt8(random.below(8))
      default:
        if random.below(3) == 0 { block.removeLast(min(block.count, 1 + random.below(5))) }
      }
      if block.isEmpty { break }
    }
    return block
  }

  /// A block of random elements, a part of it close to its end.
  static func handmade(_ random: inout SeededRandom, tail: Int) -> [UInt8] {
    var elements: [UInt8] = []
    var size = 0
    func literal(_ count: Int) {
      guard count > 0 else { return }
      if count <= 60 { elements.append(UInt8(count - 1) << 2) } else { elements += [60 << 2, UInt8(count - 1)] }
      elements += random.bytes(count)
      size += count
    }
    literal(1 + random.below(150))
    for _ in 0..<random.below(8) {
      let offset = 1 + random.below(random.below(3) == 0 ? size : min(size, 24))
      let length = 1 + random.below(64)
      switch random.below(5) {
      case 0: elements += [UInt8(length - 1) << 2 | 2, UInt8(offset & 255), UInt8(offset >> 8)]
      case 1: elements += [UInt8(length - 1) << 2 | 3, UInt8(offset & 255), UInt8(offset >> 8), 0, 0]
      case 2:
        elements += [UInt8(offset >> 8) << 5 | UInt8(length % 8) << 2 | 1, UInt8(offset & 255)]
        size += 4 + length % 8 - length
      case 3:
        let extra = random.below(256)
        elements += [UInt8(length - 1) << 2 | 2, UInt8(offset & 255), UInt8(offset >> 8), 0x15, 0, UInt8(extra)]
        size += 8 + extra
      default:
        literal(length)
        size -= length
      }
      size += length
    }
    literal(tail)
    return S2Format.varint(UInt64(size)) + elements
  }

  /// What the fast decoder makes of a block, with guards on both sides of the output.
  static func decode(_ block: [UInt8], limit: Int, _ dictionary: S2DictionaryContent? = nil) -> [UInt8]? {
    guard let size = try? unsafe SnappyFormat.declaredSize(block.span.bytes), size.value <= limit,
      UInt64(size.value) <= S2Format.largestContent(ofBlock: block.count)
    else { return nil }
    let guardSize = 64
    let count = Int(size.value)
    var memory = [UInt8](repeating: 0xA5, count: count + 2 * guardSize)
    // A copy of exactly the elements, so that a reader that goes too far can be caught by a sanitizer.
    let elements = Array(block[size.length...])
    let isRight = unsafe memory.withUnsafeMutableBytes { memory in
      unsafe elements.withUnsafeBytes { elements in
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[guardSize..<guardSize + count])
        if let dictionary {
          return unsafe S2BlockDecoder.decode(
            elements, into: target, dictionary: dictionary.memory, offset: dictionary.offset)
        }
        return unsafe S2BlockDecoder.decode(elements, into: target)
      }
    }
    let isClean =
      memory.prefix(guardSize).allSatisfy { $0 == 0xA5 } && memory.suffix(guardSize).allSatisfy { $0 == 0xA5 }
    #expect(isClean, "bytes outside the output were written")
    return isRight ? Array(memory[guardSize..<guardSize + count]) : nil
  }
}

extension SeededRandom {
  fileprivate mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}
