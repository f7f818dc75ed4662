// SPDX-License-Identifier: Apache-2.0

// SHA-256 against the examples of FIPS 180, a plain implementation and the system's program.

import CodecKit
import TestSupport
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  @Test(
    "the published examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
      ),
    ])
  func examples(_ text: String, _ expected: String) {
    #expect(SHA256.hash(Array(text.utf8)).description == expected)
  }

  @Test("a million times the letter a")
  func million() {
    let digest = SHA256.hash([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
    #expect(digest.description == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test("every length up to 300 gives the hash of the plain implementation")
  func lengths() {
    let input = TestInputs.bytes(.random, 300)
    for length in 0...300 {
      let bytes = Array(input.prefix(length))
      #expect(SHA256.hash(bytes).bytes == PlainSHA256.digest(bytes), "\(length)")
      #expect(SHA256.of(bytes) == SHA256.hash(bytes))
    }
  }

  @Test("pieces of all sizes give the same hash as the whole, and the state starts anew")
  func pieces() {
    let input = TestInputs.bytes(.random, 20_000)
    let expected = SHA256.hash(input)
    var random = SplitMix(seed: 11)
    var hash = SHA256()
    for _ in 0..<100 {
      var start = 0
      while start < input.count {
        let end = min(input.count, start + random.below(900))
        unsafe hash.update(input.span.bytes.extracting(start..<end))
        start = end
      }
      #expect(hash.value == expected)
      #expect(hash.finish() == expected)
    }
    hash.update([1, 2, 3])
    hash.reset()
    #expect(hash.finish() == SHA256.hash([]))
    hash.update(expected)
    #expect(hash.finish() == SHA256.hash(expected.bytes))
  }

  @Test("the system's program says the same")
  func program() throws {
    let folder = try TemporaryFolder()
    let file = folder.location("input")
    let input = TestInputs.bytes(.text, 3_000_001)
    try folder.write("input", input)
    let result = try ToolRunner.run("sha256sum", [file])
    #expect(result.outputText.hasPrefix(SHA256.hash(input).description + " "))
  }

  @Test("a digest goes out and comes back as 32 bytes")
  func bytes() throws {
    let digest = SHA256.hash([7])
    var array: [UInt8] = [1]
    digest.append(to: &array)
    #expect(array == [1] + digest.bytes)
    #expect(digest.bytes.count == SHA256Digest.byteCount)
    #expect(SHA256Digest(digest.bytes) == digest)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 40, alignment: 8)
    defer { unsafe memory.deallocate() }
    var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
    digest.append(to: &output)
    let written = unsafe output.bytes.withUnsafeBytes { unsafe Array($0) }
    #expect(written == digest.bytes)
    #expect(SHA256Digest([UInt8](repeating: 0, count: 31)) == nil)
    #expect(SHA256Digest([UInt8](repeating: 0, count: 33)) == nil)
    #expect(SHA256Digest([UInt8](repeating: 0, count: 32)) == .zero)
    #expect(digest.prefix == (0..<8).reduce(0) { $0 | UInt64(digest.bytes[$1]) << UInt64(8 * $1) })
  }

  @Test("digests are ordered as their bytes")
  func order() {
    for place in 0..<32 {
      var low = [UInt8](repeating: 0x7F, count: 32)
      var high = low
      low[place] = 0x01
      high[place] = 0x80
      for behind in (place + 1)..<33 where behind < 32 { low[behind] = 0xFF }
      if let low = SHA256Digest(low), let high = SHA256Digest(high) {
        #expect(low < high)
        #expect(!(high < low))
        #expect(low != high)
      }
    }
    let same = SHA256.hash([1])
    #expect(!(same < same))
    #expect(Set([same, same, .zero]).count == 2)
  }
}
