// SPDX-License-Identifier: Apache-2.0

// Memory between two pages that must not be touched.

private import Foundation

/// Pages of memory with a page before and a page behind them whose touch ends the process: whatever is read or written
/// one byte too far is found, by Swift, C and assembler alike.
@safe public final class GuardedPages {
  /// Why there are no pages.
  public struct Failure: Error {}

  private let memory: UnsafeMutableRawBufferPointer
  private let page = Int(sysconf(Int32(_SC_PAGESIZE)))

  /// Maps pages for at least `size` bytes.
  public init(_ size: Int) throws {
    let count = (size + page - 1) / page * page + 2 * page
    guard let start = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      unsafe start != MAP_FAILED
    else { throw Failure() }
    unsafe memory = unsafe UnsafeMutableRawBufferPointer(start: start, count: count)
    guard unsafe mprotect(start, page, PROT_NONE) == 0,
      unsafe mprotect(start + count - page, page, PROT_NONE) == 0
    else { throw Failure() }
  }

  deinit { unsafe _ = munmap(memory.baseAddress, memory.count) }

  /// The bytes right before the guard behind.
  public func last(_ size: Int) -> UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[(memory.count - page - size)..<(memory.count - page)])
  }

  /// The bytes right behind the guard in front.
  public func first(_ size: Int) -> UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[page..<(page + size)])
  }
}
