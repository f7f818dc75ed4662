// SPDX-License-Identifier: Apache-2.0

// The tools of the tests are worth a test themselves.

import CodecKit
import TestSupport
import Testing

@Suite("Test support")
struct TestSupportTests {
  @Test("SHA-256 gives the published digests")
  func sha256() {
    #expect(PlainSHA256.hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(PlainSHA256.hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    let long = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
    #expect(PlainSHA256.hex(long) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
  }

  @Test("a program gets its input and gives its output, however much that is")
  func runningTools() throws {
    let input = TestInputs.bytes(.random, 3 << 20)
    let echo = try ToolRunner.run("cat", input: input)
    #expect(echo.status == 0 && same(echo.output, input) && !echo.timedOut)
    let deaf = try ToolRunner.run(
      "sh", ["-c", "echo \"$WORD\"; echo bad >&2; exit 7"], input: input, environment: ["WORD": "x"])
    #expect(deaf.status == 7 && deaf.outputText == "x\n" && deaf.errorText == "bad\n")
    let killed = try ToolRunner.run("sh", ["-c", "kill -9 $$"])
    #expect(killed.status == 137)
    #expect(ToolRunner.find("no-such-program-anywhere") == nil)
  }

  @Test("equal seeds and sizes give equal inputs")
  func inputs() {
    for kind in InputKind.allCases {
      let long = TestInputs.bytes(kind, 700_000)
      #expect(long.count == 700_000)
      #expect(
        TestInputs.startsWith(long, TestInputs.bytes(kind, 1234)), "a shorter input is the beginning of a longer one")
    }
    var (left, right) = (SplitMix(seed: 1), SplitMix(seed: 1))
    #expect(left.bytes(100) == right.bytes(100))
  }

  /// An engine that copies, with one fault.
  private final class Faulty: StreamEngine {
    enum Fault: CaseIterable { case none, swallows, overstates, stops, goesOn, wantsMore }
    let fault: Fault
    var hasEnded = false
    init(_ fault: Fault) { self.fault = fault }
    func reset() {}

    func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
      if hasEnded, input.byteCount > 0, fault != .goesOn { throw CodecError(.streamFinished, reason: "ended") }
      if fault == .stops { return StreamStep(consumed: 0, produced: 0, state: .needsOutput) }
      var count = 0
      while count < input.byteCount, !output.isFull {
        output.append(unsafe input.unsafeLoad(fromByteOffset: count, as: UInt8.self))
        count += 1
      }
      let produced = fault == .overstates ? count + 1 : count
      if fault == .swallows { count = input.byteCount + 1 }
      if count < input.byteCount {
        return StreamStep(consumed: count, produced: produced, state: fault == .wantsMore ? .needsInput : .needsOutput)
      }
      hasEnded = flush == .finish
      return StreamStep(consumed: count, produced: produced, state: hasEnded ? .finished : .needsInput)
    }
  }

  @Test("the driver notices engines that break the contract")
  func driver() {
    for fault in Faulty.Fault.allCases {
      let outcome = StreamDriver(pieces: .fixed(9), rooms: .fixed(4)).run(
        Faulty(fault), Array("some bytes, not many".utf8))
      #expect(outcome.violations.isEmpty == (fault == .none), "\(fault): \(outcome.summary)")
    }
  }
}
