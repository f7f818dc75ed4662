// SPDX-License-Identifier: Apache-2.0

/// What libFuzzer calls for every input, and for every mutation.

import CFuzzer
import Foundation
import FuzzTargets

/// The target of this process.
enum FuzzedTarget {
  /// Set once, before the fuzzer begins; it has one thread.
  nonisolated(unsafe) static var current: FuzzTarget?

  /// Writes a line to standard error.
  static func complain(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
}

/// Runs an input; a promise that does not hold ends the process, so that the fuzzer keeps the input.
@c(LLVMFuzzerTestOneInput)
func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  guard let target = unsafe FuzzedTarget.current else { return 0 }
  // A copy of exactly the bytes, so that the sanitizer sees who reads behind them.
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
  do {
    try target.run(input)
  } catch {
    FuzzedTarget.complain("FINDING: \(target.name): \(error)")
    abort()
  }
  return 0
}

/// Mutates, and makes the checksums right in most cases: without that, none but the first check would be reached.
@c(LLVMFuzzerCustomMutator)
func mutate(_ data: UnsafeMutablePointer<UInt8>?, _ size: Int, _ capacity: Int, _ seed: UInt32) -> Int {
  let changed = unsafe LLVMFuzzerMutate(data, size, capacity)
  guard let target = unsafe FuzzedTarget.current, target.repairs, seed % 8 != 0, let data = unsafe data else {
    return changed
  }
  var input = unsafe Array(UnsafeBufferPointer(start: data, count: changed))
  target.repair(&input)
  guard input.count <= capacity else { return changed }
  for (index, byte) in input.enumerated() { unsafe data[index] = byte }
  return input.count
}
