// SPDX-License-Identifier: Apache-2.0

// A codec's own output leads back to the codec, by content or by name.

import CodecKit
import TestSupport
import Testing

@Suite("Conformance: detection")
struct DetectionTests {
  private func detected(_ bytes: [UInt8], _ fileName: String? = nil) -> String {
    let prefix = Array(bytes.prefix(CodecRegistry.detectionLength))
    return switch unsafe ConformanceSubject.registry.detect(prefix.span.bytes, fileName: fileName) {
    case .codec(let codec): codec.descriptor.id.rawValue
    case .foreign(let name): "foreign: \(name)"
    case .unknown: "unknown"
    }
  }

  @Test("a codec's output is detected", arguments: ConformanceSubject.all)
  func ownOutput(_ subject: ConformanceSubject) throws {
    for content in [[], [0x41], subject.smallContent, TestInputs.bytes(.zeros, 100_000)] {
      let packed = try subject.codec.compress(content)
      if subject.can(.signature) {
        #expect(detected(packed) == subject.detectedAs.rawValue)
        #expect(detected(packed, "data.txt") == subject.detectedAs.rawValue)
        #expect(detected(packed, "wrong.xs") == subject.detectedAs.rawValue, "the content goes before the name")
      }
      guard let suffix = subject.codec.descriptor.suffixes.first else { continue }
      #expect(detected(packed, "a/b.c/data\(suffix)") == subject.detectedAs.rawValue)
    }
  }

  @Test("suffixes lead to codecs, without regard to case", arguments: ConformanceSubject.all)
  func suffixes(_ subject: ConformanceSubject) {
    for suffix in subject.codec.descriptor.suffixes {
      for name in ["data\(suffix)", "dir.d/DATA\(suffix.uppercased())", "x.tar\(suffix)"] {
        let found = ConformanceSubject.registry.forSuffix(of: name)
        #expect(found?.suffix == suffix, "\(name)")
        #expect([subject.id, subject.detectedAs].contains(found?.codec.descriptor.id), "\(name)")
      }
    }
  }

  @Test("a bare suffix is no suffix, whatever the folder is called")
  func bareSuffix() {
    for name in [".xs", "dir/.xs", "/.xs", "xs", "", "dir.xs/", "dir.xs/file"] {
      #expect(ConformanceSubject.registry.forSuffix(of: name) == nil, "\(name)")
    }
    #expect(ConformanceSubject.registry.forSuffix(of: "a.xs")?.suffix == ".xs")
    #expect(ConformanceSubject.registry.forSuffix(of: "a.xs.xorshift")?.suffix == ".xorshift")
  }

  @Test("formats of others are named, and noise is unknown")
  func foreign() {
    #expect(detected([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) == "foreign: xz")
    #expect(detected([0x50, 0x4B, 0x03, 0x04]) == "foreign: zip")
    #expect(detected([0x42, 0x5A, 0x68, 0x39]) == "foreign: bzip2")
    #expect(detected([]) == "unknown")
    #expect(detected([0x41]) == "unknown")
    #expect(detected(Array("plain text".utf8)) == "unknown")
  }

  /// A codec that is never sure.
  private struct Doubtful: Codec {
    let name: CodecID
    var descriptor: CodecDescriptor {
      CodecDescriptor(id: name, summary: "a test", suffixes: [".\(name)"], capabilities: [.signature])
    }
    func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
      try XorShiftCodec().makeCompressionEngine(options)
    }
    func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
      try XorShiftCodec().makeDecompressionEngine(options)
    }
    func recognizes(_ prefix: RawSpan) -> Recognition { prefix.byteCount > 0 ? .possible : .no }
  }

  @Test("among codecs that are not sure, the name decides, then the order")
  func doubtful() throws {
    var registry = CodecRegistry()
    try registry.register(Doubtful(name: "first"))
    try registry.register(Doubtful(name: "second"))
    func detected(_ bytes: [UInt8], _ name: String?) -> String? {
      guard case .codec(let codec) = unsafe registry.detect(bytes.span.bytes, fileName: name) else { return nil }
      return codec.descriptor.id.rawValue
    }
    #expect(detected([1], nil) == "first")
    #expect(detected([1], "a.second") == "second")
    #expect(detected([1], "a.third") == "first")
    #expect(detected([], "a.second") == nil, "a suffix alone is not enough where a signature is expected")
    try registry.register(XorShiftCodec())
    #expect(detected([0xD7, 0x58, 0x53, 0x31], "a.second") == "xorshift", "who is certain goes first")
  }

  @Test("a signature counts its offset and its mask")
  func signatures() {
    let plain = CodecDescriptor.Signature([1, 2], offset: 2)
    let masked = CodecDescriptor.Signature([0x50], mask: [0xF0])
    let odd = CodecDescriptor.Signature([1, 2], mask: [0xFF, 0xFF, 0x00], offset: -5)
    for (signature, bytes, expected) in [
      (plain, [0, 0, 1, 2], true), (plain, [1, 2, 0, 0], false), (plain, [0, 0, 1], false), (masked, [0x5A], true),
      (masked, [0x6A], false), (odd, [1, 2], true), (odd, [1, 3], false), (plain, [], false),
    ] as [(CodecDescriptor.Signature, [UInt8], Bool)] {
      #expect(unsafe signature.matches(bytes.span.bytes) == expected, "\(bytes)")
    }
  }
}
