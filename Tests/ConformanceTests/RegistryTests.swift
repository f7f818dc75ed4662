// SPDX-License-Identifier: Apache-2.0

// Names and spec strings: what is accepted, what is refused, and in which words.

import CodecKit
import TestSupport
import Testing

@Suite("Registry and spec strings")
struct RegistryTests {
  /// A codec under any name.
  private struct Named: Codec {
    let name: String
    var aliases: [String] = []
    var suffixes: [String] = []
    var signatures: [CodecDescriptor.Signature] = []
    var levels = CompressionLevelScale.single
    var descriptor: CodecDescriptor {
      CodecDescriptor(
        id: .init(rawValue: name), summary: "a test", aliases: aliases, suffixes: suffixes, signatures: signatures,
        levels: levels)
    }
    func makeCompressionEngine(_ options: CompressionOptions) throws(CodecError) -> any StreamEngine {
      try XorShiftCodec().makeCompressionEngine(options)
    }
    func makeDecompressionEngine(_ options: DecompressionOptions) throws(CodecError) -> any StreamEngine {
      try XorShiftCodec().makeDecompressionEngine(options)
    }
  }

  @Test("every name and alias leads to its codec, in any case", arguments: ConformanceSubject.all)
  func names(_ subject: ConformanceSubject) {
    let names = [subject.id.rawValue] + subject.codec.descriptor.aliases
    for name in names + names.map({ $0.uppercased() }) + ["BACKUP_COMPRESSION_\(subject.id.rawValue.uppercased())"] {
      #expect(ConformanceSubject.registry.named(name)?.descriptor.id == subject.id, "\(name)")
    }
  }

  @Test("a codec that would make detection lie is refused")
  func mistakes() {
    var registry = CodecRegistry()
    let scale = CompressionLevelScale(1...3, fastest: 0, fast: 1, balanced: 2, better: 3, smallest: 3)
    let wrong = [
      Named(name: "a", suffixes: ["zz"]), Named(name: "a", suffixes: ["."]), Named(name: "a", suffixes: [".ZZ"]),
      Named(name: "a", signatures: [.init([])]), Named(name: "a", levels: scale),
    ]
    for codec in wrong {
      #expect(throws: CodecError.self) { try registry.register(codec) }
    }
    #expect(registry.codecs.isEmpty)
    #expect(throws: Never.self) {
      try registry.register(Named(name: "a", suffixes: [".a.b"], signatures: [.init([1])]))
    }
  }

  @Test("the built-in codecs have names of their own")
  func builtin() throws {
    var fresh = CodecRegistry()
    for codec in CodecRegistry.builtin.codecs { try fresh.register(codec) }
    #expect(fresh.codecs.count == CodecRegistry.builtin.codecs.count)
    #expect(fresh.named("none") != nil)
    #expect(fresh.named("xorshift") == nil)
  }

  @Test("the default of the backup services is zstd")
  func serviceDefault() throws {
    var registry = CodecRegistry()
    #expect(registry.named("BACKUP_COMPRESSION_DEFAULT") == nil)
    try registry.register(Named(name: "zstd"))
    #expect(registry.named("BACKUP_COMPRESSION_DEFAULT")?.descriptor.id == "zstd")
    #expect(registry.named("backup_compression_Default")?.descriptor.id == "zstd")
    #expect(registry.named("default") == nil)
    #expect(registry.named("BACKUP_COMPRESSION_") == nil)
    #expect(registry.named("") == nil)
  }

  @Test(
    "malformed names are refused",
    arguments: ["", "Z", "9z", "-a", "a_b", "a b", "é", "a.b", "a:b", String(repeating: "a", count: 33)])
  func malformed(_ name: String) {
    var registry = CodecRegistry()
    #expect(codeThrown { () throws(CodecError) in try registry.register(Named(name: name)) } == .invalidOption)
    #expect(
      codeThrown { () throws(CodecError) in try registry.register(Named(name: "good", aliases: [name])) }
        == .invalidOption)
    #expect(registry.codecs.isEmpty && registry.named("good") == nil, "a refused codec leaves no trace")
  }

  @Test("a name is registered once")
  func duplicates() throws {
    var registry = CodecRegistry()
    try registry.register(Named(name: "one", aliases: ["uno"]))
    for codec in [
      Named(name: "one"), Named(name: "uno"), Named(name: "two", aliases: ["one"]),
      Named(name: "two", aliases: ["uno"]),
    ] {
      #expect(codeThrown { () throws(CodecError) in try registry.register(codec) } == .invalidOption)
    }
    #expect(registry.named("two") == nil)
    try registry.register(Named(name: String(repeating: "a", count: 32)))
    #expect(registry.codecs.count == 2)
  }

  @Test("good specs say what they mean")
  func goodSpecs() throws {
    let registry = ConformanceSubject.registry
    let plain = try registry.codec("xorshift")
    #expect(plain.level == nil && plain.threads == nil && plain.chunkSize == nil && plain.checksum == nil)
    let full = try registry.codec("XS:level=better,threads=0,chunk=4KiB,checksum=no,key=7")
    #expect(full.descriptor.id == "xorshift")
    #expect(full.level == .better && full.threads == 0 && full.chunkSize == 4096 && full.checksum == false)
    #expect((full.codec as? XorShiftCodec)?.key == 7)
    let options = full.options(over: .init { $0.level = .fastest })
    #expect(options.level == .better && options.checksum == false, "the spec goes before the options")
    for (text, level) in [
      ("fastest", CompressionLevel.fastest), ("fast", .fast), ("balanced", .balanced), ("default", .balanced),
      ("better", .better), ("smallest", .smallest), ("best", .smallest), ("0", 0), ("2", 2),
    ] {
      #expect(try registry.codec("xs:level=\(text)").level == level, "\(text)")
    }
    for (text, size) in [
      ("1", 1), ("512B", 512), ("4K", 4096), ("4KiB", 4096), ("4KB", 4000), ("1M", 1 << 20), ("1MiB", 1 << 20),
      ("1MB", 1_000_000), ("1G", 1 << 30), ("1GiB", 1 << 30), ("1GB", 1_000_000_000),
    ] {
      #expect(try registry.codec("xs:chunk=\(text)").chunkSize == size, "\(text)")
    }
    for (text, value) in [
      ("checksum", true), ("checksum=yes", true), ("checksum=on", true), ("checksum=true", true),
      ("checksum=1", true), ("checksum=no", false), ("checksum=off", false), ("checksum=false", false),
      ("checksum=0", false),
    ] {
      #expect(try registry.codec("xs:\(text)").checksum == value, "\(text)")
    }
  }

  @Test("a selection is a codec")
  func selection() throws {
    let selection = try ConformanceSubject.registry.codec("xs:level=2,key=9,checksum=no,chunk=100")
    let content = TestInputs.bytes(.text, 5000)
    let packed = try selection.compress(content, .init { $0.level = .fastest })
    #expect(same(try XorShiftCodec().decompress(packed), content))
    #expect(same(try selection.decompress(packed), content))
    var expected = XorShiftCodec()
    expected.key = 9
    let direct = try expected.compress(
      content,
      .init {
        $0.level = 2
        $0.checksum = false
        $0.chunkSize = 100
      })
    #expect(same(packed, direct))
    #expect(unsafe selection.recognizes(packed.span.bytes) == .certain)
  }

  /// A spec that is refused: its code, and a word that the reason must contain.
  struct BadSpec: CustomTestStringConvertible {
    let spec: String
    let code: CodecError.Code
    let word: String
    var testDescription: String { "'\(spec)'" }

    init(_ spec: String, _ code: CodecError.Code, _ word: String) {
      self.spec = spec
      self.code = code
      self.word = word
    }
  }

  @Test(
    "bad specs are refused with a reason that helps",
    arguments: [
      BadSpec("", .invalidOption, "name"), .init(":level=1", .invalidOption, "name"),
      .init("nonsense", .unknownFormat, "xorshift"), .init(" xs", .unknownFormat, "xorshift"),
      .init("xs:", .invalidOption, "empty"), .init("xs:,", .invalidOption, "empty"),
      .init("xs:level=1,", .invalidOption, "empty"), .init("xs:=1", .invalidOption, "empty"),
      .init("xs:level=1,level=2", .invalidOption, "twice"), .init("xs:level", .invalidOption, "fastest"),
      .init("xs:level=", .invalidOption, "fastest"), .init("xs:level=fine", .invalidOption, "fastest"),
      .init("xs:level=3", .levelOutOfRange, "0 to 2"), .init("xs:level=-1", .levelOutOfRange, "0 to 2"),
      .init("xs:level=99999999999999999999", .invalidOption, "number"), .init("xs:threads=-1", .invalidOption, "0 to"),
      .init("xs:threads=1025", .invalidOption, "1024"), .init("xs:threads", .invalidOption, "0 to"),
      .init("xs:chunk=0", .invalidOption, "1 to"), .init("xs:chunk=4q", .invalidOption, "size"),
      .init("xs:chunk=99999999999G", .invalidOption, "size"), .init("xs:chunk=KiB", .invalidOption, "size"),
      .init("xs:checksum=maybe", .invalidOption, "yes or no"), .init("xs:key=256", .invalidOption, "0 to 255"),
      .init("xs:key=a", .invalidOption, "0 to 255"), .init("xs:colour=red", .invalidOption, "key"),
      .init("none:key=1", .invalidOption, "key"), .init("xs:level=1:key=1", .invalidOption, "level"),
    ])
  func badSpecs(_ bad: BadSpec) {
    do throws(CodecError) {
      _ = try ConformanceSubject.registry.codec(bad.spec)
      Issue.record("'\(bad.spec)' is accepted")
    } catch {
      #expect(error.code == bad.code, "\(error)")
      #expect(error.reason.contains(bad.word), "\(error)")
      #expect(!error.reason.hasSuffix("."), "\(error)")
    }
  }

  @Test("a spec prints as it was written")
  func specDescription() throws {
    for text in ["zstd", "zstd:level=19", "zstd:level=19,long,window=", "a:b=c=d"] {
      #expect(try CodecSpec(text).description == text)
    }
  }

  @Test("errors read as one line")
  func errorDescription() {
    let error = CodecError(
      .checksumMismatch, codec: "gzip", inputOffset: 8180, reason: "stored checksum does not match the data",
      native: .init(number: 20, name: "Corrupted"))
    #expect(
      "\(error)" == "gzip: stored checksum does not match the data (checksumMismatch, offset 8180, Corrupted (20))")
    #expect("\(CodecError(.truncated, reason: "the end is missing"))" == "the end is missing (truncated)")
    let completed = CodecError(.truncated, reason: "x").completed(codec: "a", inputOffset: 5)
    #expect(completed.codec == "a" && completed.inputOffset == 5)
    #expect(error.completed(codec: "a", inputOffset: 5) == error)
  }

  @Test("capabilities have names")
  func capabilityNames() {
    let all = CodecCapabilities(CodecCapabilities.named.map(\.capability))
    #expect(all.names == CodecCapabilities.named.map(\.name))
    #expect(Set(all.names).count == CodecCapabilities.named.count)
    #expect(CodecCapabilities([.concatenation]).names == ["concatenation"])
  }
}
