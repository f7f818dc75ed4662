// SPDX-License-Identifier: Apache-2.0

// zlib streams and raw deflate: levels, the change of libraries at 8 MiB, dictionaries, errors.

import CodecKit
import Foundation
import Testing

@Suite("zlib and raw deflate")
struct ZlibTests {
  private static let codecs: [any Codec] = [Zlib.default, RawDeflate.default]

  @Test("every level gives back every size", arguments: 0...12)
  func roundTrips(level: Int) throws {
    for codec in Self.codecs {
      for size in [0, 1, 300, 65_536, 262_145] {
        for content in [Sample.text(size), Sample.noise(size)] {
          let options = CompressionOptions { $0.level = .native(level) }
          let packed = try codec.compress(content, options)
          #expect(try codec.decompress(packed) == content)
          #expect(try packed.count <= #require(codec.compressedBound(size, options)))
        }
      }
    }
  }

  @Test("above 8 MiB it is one stream still, and feeding does not change it", arguments: [0, 1, 6])
  func longStreams(level: Int) throws {
    let part = Sample.text(1 << 16)
    for extra in [0, 1] {
      let content = Array(repeatElement(part, count: 128).joined()) + Array(repeating: 7, count: extra)
      let engine = try Zlib.default.makeCompressionEngine(.init { $0.level = .native(level) })
      let whole = Feeding.run(engine, content)
      try engine.reset()
      let pieces = Feeding.run(engine, content, .init(input: 300_000, output: 50_000))
      #expect(whole.error == nil && whole.bytes == pieces.bytes)
      #expect(try Zlib.default.decompress(whole.bytes) == content)
    }
  }

  @Test("one byte at a time, both ways and by both libraries")
  func singleBytes() throws {
    let content = Sample.text(3000)
    for spec in ["zlib", "zlib:engine=zlib", "deflate", "deflate:engine=zlib", "zlib:engine=isal,level=1"] {
      let codec = try CodecRegistry.builtin.codec(spec)
      let packed = Feeding.run(try codec.makeCompressionEngine(.init()), content, .bytes).bytes
      #expect(packed == (try codec.compress(content)))
      #expect(Feeding.run(try codec.makeDecompressionEngine(.init()), packed, .bytes).bytes == content, "\(spec)")
    }
  }

  @Test("flushed data can be read at once")
  func flushes() throws {
    let content = Sample.text(100_000)
    for codec in Self.codecs {
      let packed = Feeding.run(try codec.makeCompressionEngine(.init()), content, flushes: [1, 50_000]).bytes
      #expect(try codec.decompress(packed) == content)
    }
  }

  @Test("a dictionary is used, asked for by name, and checked")
  func dictionaries() throws {
    let dictionary = CodecDictionary(Sample.text(2000, seed: 9))
    let content = Array(Sample.text(2000, seed: 9)[500..<1500])
    for codec in Self.codecs {
      let plain = try codec.compress(content)
      let packed = try codec.compress(content, .init { $0.dictionary = dictionary })
      #expect(packed.count < plain.count / 2)
      for library in [DeflateLibrary.isal, .zlib] {
        let name = library == .isal ? "isal" : "zlib"
        let reader = try CodecRegistry.builtin.codec("\(codec.descriptor.id):engine=\(name)")
        let engine = try reader.makeDecompressionEngine(.init { $0.dictionary = dictionary })
        #expect(Feeding.run(engine, packed).bytes == content)
        try engine.reset()
        #expect(Feeding.run(engine, packed, .bytes).bytes == content)
      }
    }
    let packed = try Zlib.default.compress(content, .init { $0.dictionary = dictionary })
    for wrong in [nil, CodecDictionary([1, 2, 3])] {
      #expect { try Zlib.default.decompress(packed, .init { $0.dictionary = wrong }) } throws: {
        ($0 as? CodecError)?.code == .dictionaryRequired && ($0 as? CodecError)?.inputOffset == 2
      }
    }
    #expect { try Gzip.default.compress(content, .init { $0.dictionary = dictionary }) } throws: {
      ($0 as? CodecError)?.code == .invalidOption
    }
  }

  @Test("cut anywhere is truncated, and a flipped bit never gives other data")
  func damage() throws {
    let content = Sample.text(400)
    let packed = try Zlib.default.compress(content)
    for cut in packed.indices {
      for pieces in [Feeding.Pieces.whole, .bytes] {
        let outcome = Feeding.run(try Zlib.default.makeDecompressionEngine(.init()), Array(packed[..<cut]), pieces)
        #expect(outcome.error?.code == .truncated, "cut at \(cut)")
      }
    }
    for bit in 0..<packed.count * 8 {
      var damaged = packed
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let outcome = Feeding.run(try Zlib.default.makeDecompressionEngine(.init()), damaged)
      // The bits between the end of the deflate data and the next byte mean nothing.
      #expect(outcome.error != nil || outcome.bytes == content, "bit \(bit)")
    }
  }

  @Test("errors name what is wrong")
  func errors() throws {
    let packed = try Zlib.default.compress([1, 2, 3])
    var checksum = packed
    checksum[packed.count - 1] ^= 1
    for (bytes, code, offset) in [
      (checksum, .checksumMismatch, packed.count - 4), ([0x78, 0x9D], .corrupt, 0),
      ([0x79, 0x18], .unsupportedFeature, 0),
      ([0x88, 0x1C], .corrupt, 0), ([], .truncated, 0), (packed + [0], .corrupt, packed.count),
      ([0x1F, 0x8B, 8], .corrupt, 0),
    ] as [([UInt8], CodecError.Code, Int)] {
      let error = try #require(Feeding.run(try Zlib.default.makeDecompressionEngine(.init()), bytes).error)
      #expect(error.code == code && error.inputOffset == UInt64(offset), "\(error)")
    }
    let raw = try RawDeflate.default.compress(Sample.text(100))
    for pieces in [Feeding.Pieces.whole, .bytes] {
      let reader = try RawDeflate.default.makeDecompressionEngine(.init())
      let error = try #require(Feeding.run(reader, raw + [1, 2, 3, 4, 5, 6, 7, 8, 9], pieces).error)
      #expect(error.code == .corrupt && error.inputOffset == UInt64(raw.count))
    }
  }

  @Test("damaged streams get the same verdict from both libraries")
  func librariesAgree() throws {
    var state: UInt64 = 77
    for round in 0..<300 {
      let content = Sample.text(2000 + round * 7, seed: UInt64(round))
      var packed = try RawDeflate.default.compress(content, .init { $0.level = .native(round % 10) })
      for _ in 0...(round % 3) {
        let random = Sample.next(&state)
        packed[Int(random >> 8 % UInt64(min(packed.count, round % 2 == 0 ? 60 : packed.count)))] ^= UInt8(
          1 << (random & 7))
      }
      let outcomes = try ["isal", "zlib"].map { name in
        let codec = try CodecRegistry.builtin.codec("deflate:engine=\(name)")
        return Feeding.run(try codec.makeDecompressionEngine(.init { $0.trailingData = .ignore }), packed)
      }
      #expect(outcomes[0].error?.code == outcomes[1].error?.code, "round \(round)")
      if outcomes[1].error == nil { #expect(outcomes[0].bytes == outcomes[1].bytes) }
    }
  }

  @Test("detection: gzip is certain, zlib only possible, deflate by its suffix")
  func detection() throws {
    let registry = CodecRegistry.builtin
    func found(_ bytes: [UInt8], _ name: String? = nil) -> String {
      switch unsafe registry.detect(bytes.span.bytes, fileName: name) {
      case .codec(let codec): codec.descriptor.id.rawValue
      case .foreign(let name): name
      case .unknown: "unknown"
      }
    }
    #expect(found(try Gzip.default.compress([1])) == "gzip")
    #expect(found([0x1F, 0x8B, 7, 0]) == "gzip")
    #expect(found(try Zlib.default.compress([1])) == "zlib")
    #expect(found(try RawDeflate.default.compress([1]), "x.deflate") == "deflate")
    let head: [UInt8] = [0x78, 0x9C]
    #expect(unsafe Zlib.default.recognizes(head.span.bytes) == .possible)
  }

  @Test("other tools read zlib streams")
  func interop() throws {
    let content = Sample.text(50_000)
    let script = "import sys,zlib;sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))"
    for level in 0...12 {
      let packed = try Zlib.default.compress(content, .init { $0.level = .native(level) })
      guard let read = try Tool.run("/usr/bin/python3", ["-c", script], input: packed) else { return }
      #expect(read == content)
    }
  }
}
