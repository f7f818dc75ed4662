// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import CodecKit

/// Damages packets of every level and streaming setting, and asks both decoders what they make of them.
struct QuickLZMutants {
  /// What came of many mutants.
  struct Tally: Equatable {
    var count = 0
    var accepted = 0
    /// Mutants on which the decoders differ.
    var disagreements: [[UInt8]] = []
  }

  /// A sound packet, with those before it in its stream.
  private struct Seed {
    var buffer: Int
    var prefix: [UInt8]
    var packet: [UInt8]
    var naive: NaiveQuickLZDecoder
    var fast: QuickLZPacketDecoder
  }

  private var random: SplitMix
  private var seeds: [Seed] = []

  /// Makes the sound packets.
  init(seed: UInt64) {
    random = SplitMix(seed: seed)
    let kinds: [InputKind] = [.text, .rows, .pages, .runs, .random, .packed, .zeros]
    let contents = kinds.map { TestInputs.bytes($0, 40_000) }
    for level in 1...3 {
      for buffer in [0, 0, 900, 100_000, 1_000_000] {
        for content in contents {
          for _ in 0..<3 {
            // Matches with literals between them: one sort of data repeats a little of another.
            let encoder = QuickLZPacketEncoder(level: level, streamingBuffer: buffer)
            var prefix: [UInt8] = []
            var naive = NaiveQuickLZDecoder(streamingBuffer: buffer)
            for _ in 0..<(buffer > 0 ? 1 + random.below(4) : 0) {
              let packet = Self.encode(encoder, slice(content, 1 + random.below(250)))
              _ = try? naive.decode(packet)
              prefix += packet
            }
            let packet = Self.encode(encoder, slice(content, 1 + random.below(random.below(4) == 0 ? 400 : 120)))
            seeds.append(
              Seed(
                buffer: buffer, prefix: prefix, packet: packet, naive: naive,
                fast: QuickLZPacketDecoder(streamingBuffer: buffer)))
          }
        }
      }
    }
  }

  private mutating func slice(_ content: [UInt8], _ count: Int) -> [UInt8] {
    let start = random.below(content.count - count)
    return Array(content[start..<start + count])
  }

  private static func encode(_ encoder: QuickLZPacketEncoder, _ content: [UInt8]) -> [UInt8] {
    unsafe withUnsafeTemporaryAllocation(byteCount: QuickLZPacketEncoder.bound(content.count), alignment: 16) {
      memory in
      var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      let size = unsafe (try? encoder.encode(content.span.bytes, into: &output)) ?? 0
      _ = unsafe output.finalize(for: memory)
      return unsafe Array(memory[..<size])
    }
  }

  /// Tries some mutants.
  mutating func run(_ count: Int) -> Tally {
    var tally = Tally()
    for _ in 0..<count {
      let seed = seeds[random.below(seeds.count)]
      let mutant = damaged(seed.packet)
      var expected = QuickLZOutcome()
      var naive = seed.naive
      do throws(NaiveQuickLZDecoder.Fault) { expected.content = try naive.decode(mutant) } catch {
        expected.fault = error.name
      }
      seed.fast.reset()
      if !seed.prefix.isEmpty { _ = QuickLZTrial.fast(seed.prefix, with: seed.fast) }
      let found = QuickLZTrial.single(mutant, with: seed.fast)
      tally.count += 1
      if expected.fault == nil { tally.accepted += 1 }
      if found != expected, tally.disagreements.count < 5 { tally.disagreements.append(mutant) }
    }
    return tally
  }

  private mutating func damaged(_ packet: [UInt8]) -> [UInt8] {
    var result = packet
    let headerSize = QuickLZHeader.size(firstByte: packet[0])
    for _ in 0..<1 + random.below(2) {
      let position =
        random.below(16) == 0 ? random.below(result.count) : headerSize + random.below(result.count - headerSize)
      switch random.below(8) {
      case 0...3: result[position] ^= 1 << UInt8(random.below(8))
      case 4: result[position] = UInt8(truncatingIfNeeded: random.next())
      case 5: result[position] = [0, 1, 3, 0x7F, 0x80, 0xFF][random.below(6)]
      case 6:
        let other = headerSize + random.below(result.count - headerSize)
        result.swapAt(position, other)
      default:
        // The size that is declared, and one that fits again when the end is cut or grown.
        guard headerSize == 3 else { break }
        if random.below(2) == 0 {
          result[2] = UInt8(truncatingIfNeeded: Int(result[2]) - 3 + random.below(7))
        } else if result.count > 8 {
          result.removeLast(random.below(4))
          result[1] = UInt8(truncatingIfNeeded: result.count)
        }
      }
    }
    return result
  }
}

extension QuickLZTrial {
  /// Decodes one packet; what follows it in the input is not looked at.
  static func single(_ packet: [UInt8], with decoder: QuickLZPacketDecoder) -> QuickLZOutcome {
    var outcome = QuickLZOutcome()
    let header: QuickLZHeader
    do { header = unsafe try QuickLZHeader(packet.span.bytes) } catch {
      outcome.fault = error.rawValue
      return outcome
    }
    let isComplete = packet.count >= header.packetSize
    var problem: (fault: QuickLZFault, offset: Int)?
    outcome.content = unsafe [UInt8](unsafeUninitializedCapacity: isComplete ? header.contentSize : 0) {
      memory, count in
      var output = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(memory), initializedCount: 0)
      problem = unsafe decoder.decode(packet.span.bytes, header, into: &output)
      count = unsafe output.finalize(for: UnsafeMutableRawBufferPointer(memory))
    }
    outcome.fault = problem?.fault.rawValue
    return outcome
  }
}
