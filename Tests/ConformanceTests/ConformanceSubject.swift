// SPDX-License-Identifier: Apache-2.0

// Whom the suite examines: one line per codec. A new codec joins by being registered; it needs an entry in the table
// of exceptions only where its descriptor does not say what its format is like.

import CodecKit
import TestSupport
import Testing

/// A codec and what its format can promise.
struct ConformanceSubject: Sendable, CustomTestStringConvertible {
  /// What a decoder can know about the end of a stream.
  enum End: Sendable {
    /// There is an end mark or a declared size: every cut is noticed, and bytes behind the end are recognised.
    case marked
    /// A stream may end between any two of its pieces.
    case betweenPieces
    /// A stream may end, or seem to end, anywhere.
    case anywhere
  }

  var codec: any Codec
  var end = End.marked
  /// Whether nothing at all is a stream.
  var emptyStreamIsValid = false
  /// Whether zeros behind the end are padding, which nobody minds.
  var allowsZeroPadding = false
  /// Whether `flush(.block)` makes everything readable.
  var flushes = true
  /// Whether memory does not grow with the stream. Bare blocks are compressed as a whole.
  var isConstantInMemory = true
  /// The largest input that is worth the time: a codec written in Swift is slow in debug builds.
  var largestInput = 8 << 20
  /// Under which id the codec's output is detected.
  var detectedAs: CodecID

  init(_ codec: any Codec, _ change: (inout ConformanceSubject) -> Void = { _ in }) {
    self.codec = codec
    detectedAs = codec.descriptor.id
    change(&self)
  }

  var id: CodecID { codec.descriptor.id }
  var testDescription: String { id.rawValue }
  var levels: CompressionLevelScale { codec.descriptor.levels }

  func can(_ capability: CodecCapabilities) -> Bool { codec.descriptor.capabilities.contains(capability) }

  /// What cannot be derived from a descriptor.
  static let exceptions: [CodecID: @Sendable (inout ConformanceSubject) -> Void] = [
    "none": {
      $0.end = .anywhere
      $0.emptyStreamIsValid = true
    },
    "snappy": { $0.end = .betweenPieces },
    "s2": {
      $0.end = .betweenPieces
      $0.emptyStreamIsValid = true
    },
    "s2-raw": {
      $0.flushes = false
      $0.isConstantInMemory = false
    },
    "snappy-raw": {
      $0.flushes = false
      $0.isConstantInMemory = false
    },
    "quicklz-raw": {
      $0.end = .betweenPieces
      $0.emptyStreamIsValid = true
    },
    "gzip": { $0.allowsZeroPadding = true },
    "pgzip": {
      $0.allowsZeroPadding = true
      $0.detectedAs = "gzip"
    },
    "xorshift": { $0.largestInput = 256 << 10 },
  ]

  /// Every registered codec, and one that the library does not know.
  static let all: [ConformanceSubject] = registry.codecs.filter { !needsSize($0) }.map { codec in
    ConformanceSubject(codec) { exceptions[codec.descriptor.id]?(&$0) }
  }

  /// Codecs whose streams do not say how much is in them: a decoder must be told the size as a parameter.
  static let sized: [ConformanceSubject] = registry.codecs.filter(needsSize).map { ConformanceSubject($0) }

  private static func needsSize(_ codec: any Codec) -> Bool {
    codeThrown { () throws(CodecError) in try codec.makeDecompressionEngine(.init()) } == .invalidOption
  }

  /// The registry of the library with the stranger's codec added.
  static let registry: CodecRegistry = {
    var registry = CodecRegistry.builtin
    try? registry.register(XorShiftCodec())
    return registry
  }()

  /// Every level worth a visit: the named ones, the ends and a middle, as native numbers without repetition.
  var allLevels: [Int] {
    let scale = levels
    let middle = scale.range.lowerBound + (scale.range.upperBound - scale.range.lowerBound) / 2
    let named = [scale.fastest, scale.fast, scale.balanced, scale.better, scale.smallest]
    return Set(named + [scale.range.lowerBound, middle, scale.range.upperBound]).sorted()
  }

  /// Chunk sizes that the codec takes, out of a few.
  var legalChunkSizes: [Int] {
    [512, 1024, 4096, 16 << 10, 64 << 10, 256 << 10, 1 << 20].filter { size in
      (try? codec.makeCompressionEngine(.init { $0.chunkSize = size })) != nil
    }
  }

  /// A stream with a little of everything, short enough for exhaustive treatment.
  var smallContent: [UInt8] {
    TestInputs.bytes(.text, 150) + TestInputs.bytes(.zeros, 80) + TestInputs.bytes(.random, 40)
      + TestInputs.bytes(.text, 120)
  }
}

/// Collects failures of a loop, so that a broken property is reported once with its first cases and not a million times.
struct Failures {
  /// How many streams, or other things, were tried.
  var trials = 0
  private var first: [String] = []
  private var count = 0

  mutating func check(_ condition: Bool, _ text: @autoclosure () -> String) {
    guard !condition else { return }
    count += 1
    if first.count < 5 { first.append(text()) }
  }

  mutating func add(_ text: String) { check(false, text) }

  /// Records what failed, and says how many things were tried where somebody wants to know.
  func report(_ figure: String? = nil, _ location: SourceLocation = #_sourceLocation) {
    if let figure { print("figure: \(figure): \(trials) tried, \(count) wrong") }
    guard count > 0 else { return }
    Issue.record("\(count) failures, first: \(first.joined(separator: "; "))", sourceLocation: location)
  }
}

/// Whether the long variants are wanted.
let isLongRun = ProcessEnvironment.isSet("CODECKIT_LONG")

func same(_ left: [UInt8], _ right: [UInt8]) -> Bool { TestInputs.same(left, right) }

/// The code of what a body throws; `nil` when it throws nothing.
func codeThrown<Result>(_ body: () throws(CodecError) -> Result) -> CodecError.Code? {
  do throws(CodecError) {
    _ = try body()
    return nil
  } catch {
    return error.code
  }
}
