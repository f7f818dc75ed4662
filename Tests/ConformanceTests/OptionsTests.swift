// SPDX-License-Identifier: Apache-2.0

// Options and limits mean the same for every codec.

import CodecKit
import TestSupport
import Testing

@Suite("Conformance: options and limits")
struct OptionsTests {
  @Test("the descriptor is well formed", arguments: ConformanceSubject.all)
  func descriptor(_ subject: ConformanceSubject) {
    let descriptor = subject.codec.descriptor
    #expect(descriptor.id.isWellFormed)
    #expect(!descriptor.summary.isEmpty && descriptor.summary.last != ".")
    #expect(descriptor.suffixes.allSatisfy { $0.hasPrefix(".") && $0.count > 1 && $0 == $0.lowercased() })
    let scale = descriptor.levels
    let named = [scale.fastest, scale.fast, scale.balanced, scale.better, scale.smallest]
    #expect(named.allSatisfy(scale.range.contains))
    #expect(named == named.sorted(), "the named levels rise")
    #expect(!descriptor.capabilities.contains(.optionalChecksum) || descriptor.capabilities.contains(.contentChecksum))
    #expect(descriptor.signatures.allSatisfy { !$0.bytes.isEmpty })
    #expect(descriptor.signatures.isEmpty || descriptor.capabilities.contains(.signature))
    let common = ["level", "threads", "chunk", "checksum"]
    #expect(descriptor.parameters.allSatisfy { !common.contains($0.name) && !$0.summary.isEmpty })
  }

  @Test("levels outside the range are refused", arguments: ConformanceSubject.all)
  func levels(_ subject: ConformanceSubject) {
    let range = subject.levels.range
    for level in [range.lowerBound - 1, range.upperBound + 1, .min, .max] {
      let code = codeThrown { () throws(CodecError) in
        try subject.codec.makeCompressionEngine(.init { $0.level = .native(level) })
      }
      #expect(code == .levelOutOfRange, "level \(level)")
    }
  }

  @Test("chunk sizes are obeyed, ignored, or refused with a reason", arguments: ConformanceSubject.all)
  func chunkSizes(_ subject: ConformanceSubject) {
    for size in [.min, -1, 0, 1, 1000, 1 << 40, .max] {
      do throws(CodecError) {
        let options = CompressionOptions { $0.chunkSize = size }
        let packed = try subject.codec.compress(subject.smallContent, options)
        #expect(same(try subject.codec.decompress(packed), subject.smallContent), "chunk size \(size)")
      } catch {
        #expect(error.code == .invalidOption, "chunk size \(size): \(error)")
        let namesRange = error.reason.contains { $0.isNumber }
        #expect(namesRange, "the reason names the legal range: \(error)")
      }
    }
  }

  @Test("dictionaries are refused where the format has none", arguments: ConformanceSubject.all)
  func dictionaries(_ subject: ConformanceSubject) throws {
    let dictionary = CodecDictionary(TestInputs.bytes(.text, 4000))
    if subject.can(.dictionary) {
      let content = TestInputs.bytes(.text, 2000)
      let packed = try subject.codec.compress(content, .init { $0.dictionary = dictionary })
      #expect(same(try subject.codec.decompress(packed, .init { $0.dictionary = dictionary }), content))
      let plain = try subject.codec.compress(content)
      #expect(packed.count < plain.count, "a dictionary helps")
    } else {
      #expect(
        codeThrown { () throws(CodecError) in
          try subject.codec.makeCompressionEngine(.init { $0.dictionary = dictionary })
        } == .invalidOption)
      #expect(
        codeThrown { () throws(CodecError) in
          try subject.codec.makeDecompressionEngine(.init { $0.dictionary = dictionary })
        } == .invalidOption)
    }
  }

  @Test("a declared content size must be right", arguments: ConformanceSubject.all)
  func contentSize(_ subject: ConformanceSubject) throws {
    for content in [[], subject.smallContent, TestInputs.bytes(.rows, 100_000)] {
      let right = CompressionOptions { $0.contentSize = UInt64(content.count) }
      #expect(same(try subject.codec.decompress(try subject.codec.compress(content, right)), content))
      for pieces in [Sizes.fixed(1000), .whole] {
        var stream = try Compressor(subject.codec, right)
        let outcome = StreamDriver(pieces: pieces, finishesWithData: false).run(&stream, content)
        #expect(outcome.finished)
        #expect(same(try subject.codec.decompress(outcome.output), content))
      }
      for wrong in Set([0, UInt64(content.count) &- 1, UInt64(content.count) + 1, 1 << 40, .max]) {
        guard wrong != UInt64(content.count) else { continue }
        let options = CompressionOptions { $0.contentSize = wrong }
        let code = codeThrown { () throws(CodecError) in try subject.codec.compress(content, options) }
        #expect(code == .contentSizeMismatch, "\(content.count) bytes, \(wrong) declared")
        for pieces in [Sizes.fixed(1000), .whole] {
          var stream = try Compressor(subject.codec, options)
          let outcome = StreamDriver(pieces: pieces, finishesWithData: false).run(&stream, content)
          #expect(
            outcome.error?.code == .contentSizeMismatch, "\(content.count), \(wrong) declared: \(outcome.summary)")
          #expect(outcome.violations == [])
        }
      }
    }
  }

  @Test("the output limit is exact", arguments: ConformanceSubject.all)
  func outputLimit(_ subject: ConformanceSubject) throws {
    for content in [[0x41], subject.smallContent, TestInputs.bytes(.zeros, 200_000), TestInputs.bytes(.rows, 100_000)] {
      let size = UInt64(content.count)
      let packed = try subject.codec.compress(content)
      for limit in [size, size + 1, .max, nil] {
        #expect(same(try subject.codec.decompress(packed, limits: .init(maximumOutputSize: limit)), content))
      }
      for limit in [size - 1, 0] {
        let limits = DecompressionLimits(maximumOutputSize: limit)
        #expect(
          codeThrown { () throws(CodecError) in try subject.codec.decompress(packed, limits: limits) } == .limitExceeded
        )
        var stream = try Decompressor(subject.codec, .init { $0.limits = limits })
        let outcome = StreamDriver(rooms: .fixed(1000)).run(&stream, packed)
        #expect(outcome.error?.code == .limitExceeded)
        #expect(outcome.output.count <= Int(limit) + 1000, "at most one step over the limit")
        #expect(outcome.violations == [], "nothing comes after the limit")
      }
    }
  }

  @Test("the ratio limit holds above its grace", arguments: ConformanceSubject.all)
  func ratioLimit(_ subject: ConformanceSubject) throws {
    let content = TestInputs.bytes(.zeros, 4 << 20)
    let packed = try subject.codec.compress(content)
    // In the middle of a stream the ratio may be a little above that of the whole: what closes it is still to come.
    let ratio = content.count / packed.count
    let generous = DecompressionLimits { $0.maximumRatio = UInt64(ratio + ratio / 50 + 1) }
    #expect(same(try subject.codec.decompress(packed, limits: generous), content))
    guard packed.count < content.count / 2 else { return }
    let strict = DecompressionLimits { $0.maximumRatio = 2 }
    #expect(
      codeThrown { () throws(CodecError) in try subject.codec.decompress(packed, limits: strict) } == .limitExceeded)
    let small = try subject.codec.compress(TestInputs.bytes(.zeros, 1 << 20))
    let honest = try subject.codec.decompress(small, limits: strict)
    #expect(honest.count == 1 << 20, "small files are honest")
  }
}
