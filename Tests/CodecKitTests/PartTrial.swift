// SPDX-License-Identifier: Apache-2.0

// Reads parts of arrays in memory, and what decoding from the start would bring.

import CodecKit
import TestSupport
import Testing

/// What reading a part brought.
struct PartOutcome: CustomTestStringConvertible {
  var output: [UInt8] = []
  var summary = PartSummary()
  var error: CodecError?

  var testDescription: String {
    "\(output.count) bytes from \(summary.start.inputOffset)" + (error.map { ", \($0)" } ?? "")
  }
}

/// A stream whose parts are read with one reader, and its content as decoding from the start brings it.
struct PartTrial {
  let codec: any Codec
  let stream: [UInt8]
  let options: DecompressionOptions
  /// What decoding from the start brings, up to an error.
  let content: [UInt8]
  let error: CodecError?
  let notices: [StreamNotice]

  init(_ codec: any Codec, _ stream: [UInt8], _ options: DecompressionOptions = .init()) {
    self.codec = codec
    self.stream = stream
    self.options = options
    var source = ArraySource(bytes: stream)
    var sink = BoundedSink()
    sink.bound = 512 << 20
    var fault: CodecError?
    var notices: [StreamNotice] = []
    do throws(PumpError<Never, Never>) {
      var pump: StreamPump
      do throws(CodecError) { pump = try StreamPump(decompressing: codec, options) } catch { throw .codec(error) }
      defer { notices = pump.notices }
      try pump.run(from: &source, to: &sink)
    } catch {
      switch error {
      case .codec(let error): fault = error
      }
    }
    content = sink.bytes
    error = fault
    self.notices = notices
  }

  /// Reads parts with one reader.
  func read(_ parts: [(offset: UInt64, count: UInt64?)], piece: Int = .max) throws -> [PartOutcome] {
    var reader = try PartReader(codec, options, source: MemorySource(stream, piece: piece))
    return parts.map { part in
      var outcome = PartOutcome()
      var sink = BoundedSink()
      do throws(PumpError<Never, Never>) {
        outcome.summary = try reader.read(from: part.offset, count: part.count, to: &sink)
      } catch {
        switch error {
        case .codec(let error): outcome.error = error
        }
      }
      outcome.output = sink.bytes
      return outcome
    }
  }

  /// Reads one part with a reader of its own.
  func read(_ offset: UInt64, _ count: UInt64?) throws -> PartOutcome {
    try read([(offset, count)])[0]
  }

  /// What is wrong with a part; `nil` when it is what decoding from the start brings.
  ///
  /// In a damaged stream, the decoder may have begun behind the damage: then what it brings goes beyond what can be
  /// compared, and an error must lie behind the first one.
  func complaint(_ outcome: PartOutcome, _ offset: UInt64, _ count: UInt64?) -> String? {
    guard count != 0 else { return outcome.output.isEmpty && outcome.error == nil ? nil : "not nothing" }
    let start = Int(min(offset, UInt64(content.count)))
    let end = start + Int(min(count ?? .max, UInt64(content.count - start)))
    let expected = Array(content[start..<end])
    let isWhole = count.map { UInt64(expected.count) == $0 } ?? false
    if error == nil || isWhole {
      guard TestInputs.same(outcome.output, expected) else {
        return "other data: \(outcome.output.count) bytes, expected \(expected.count)"
      }
      // The rest of the piece in which a part ends is checked as well.
      if isWhole, let error, outcome.error == error { return nil }
      guard let fault = outcome.error else {
        return isWhole || outcome.summary.reachedEnd ? nil : "the end was not reached"
      }
      return "an error of its own: \(fault)"
    }
    guard TestInputs.startsWith(outcome.output, expected) else { return "other data before the damage" }
    guard let fault = outcome.error, let error else { return nil }
    if fault == error { return outcome.output.count == expected.count ? nil : "more data with the same error" }
    let isBehind = (fault.inputOffset ?? 0) > (error.inputOffset ?? 0)
    return isBehind ? nil : "another error: \(fault), expected \(error)"
  }

  /// Parts at all sorts of places: the ends, borders of pieces, random ones, impossible ones.
  func places(_ count: Int, seed: UInt64, borders: [Int] = []) -> [(offset: UInt64, count: UInt64?)] {
    var random = SplitMix(seed: SplitMix.runSeed ^ seed)
    let size = UInt64(content.count)
    var places: [(UInt64, UInt64?)] = [
      (0, nil), (0, 0), (0, 1), (size, nil), (size, 1), (size + 1, 5), (.max, .max), (.max, nil), (1, .max), (5, 0),
      (size - min(size, 1), nil), (size - min(size, 1), 1), (size / 2, 10), (size / 2, nil), (1 << 63, 1 << 63),
    ]
    for border in borders {
      for offset in [border - 1, border, border + 1] where offset >= 0 { places += [(UInt64(offset), 3)] }
    }
    for _ in 0..<count {
      let offset = random.below(content.count + content.count / 10 + 2)
      let length = random.below(3) == 0 ? random.below(content.count + 1) : random.below(5000)
      places.append((UInt64(offset), UInt64(length)))
    }
    places.shuffle(using: &random)
    return places
  }

  /// Compares many parts; read in a random order by one reader, and a few by fresh ones.
  func check(
    _ count: Int = 40, seed: UInt64, borders: [Int] = [], _ name: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let places = places(count, seed: seed, borders: borders)
    let outcomes = try read(places, piece: seed.isMultiple(of: 2) ? .max : 1000)
    for (place, outcome) in zip(places, outcomes) {
      let complaint = complaint(outcome, place.offset, place.count)
      #expect(
        complaint == nil, "\(name) \(place.offset)+\(place.count.map { "\($0)" } ?? "all"): \(outcome)",
        sourceLocation: sourceLocation)
    }
    for place in places.prefix(8) {
      let outcome = try read(place.offset, place.count)
      let complaint = complaint(outcome, place.offset, place.count)
      #expect(
        complaint == nil, "\(name) fresh \(place.offset)+\(place.count.map { "\($0)" } ?? "all"): \(outcome)",
        sourceLocation: sourceLocation)
    }
  }
}

/// An array as the source of a pump.
struct ArraySource: ByteSource {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func read(into room: inout OutputRawSpan) throws(Never) -> Int {
    let count = min(room.freeCapacity, bytes.count - position)
    unsafe bytes.withUnsafeBytes { source in
      unsafe room.withUnsafeMutableBytes { memory, filled in
        let from = unsafe UnsafeRawBufferPointer(rebasing: source[position..<position + count])
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...]).copyMemory(from: from)
        filled += count
      }
    }
    position += count
    return count
  }
}
