// SPDX-License-Identifier: Apache-2.0

/// The seam: the one place through which every system call on files passes.
internal import Glibc
internal import Synchronization

/// What a call is about, for the trace.
enum SyscallSubject {
  case none
  case path(Path)
  case paths(Path, Path)
  case descriptor(Int32)
}

/// The bytes a write is given; valid during the call alone.
@safe
struct SyscallPayload {
  let start: UnsafeRawPointer

  init(_ start: UnsafeRawPointer) {
    unsafe self.start = start
  }

  /// A copy of the first `count` bytes; `count` is what the kernel said it wrote, so they are there.
  func copy(_ count: Int) -> [UInt8] {
    unsafe Array(UnsafeRawBufferPointer(start: start, count: max(count, 0)))
  }
}

/// Runs system calls: retries those that a signal interrupted, and lets an armed fault plan see and change them.
enum Syscalls {
  /// How many fault plans are installed in the process. Unarmed, the seam costs this one relaxed load.
  static let armed = Atomic<Int>(0)

  /// Runs one call.
  ///
  /// - Parameters:
  ///   - kind: The kind under which plan and trace see it.
  ///   - subject: The file it is about.
  ///   - offset: The file position, if the call names one.
  ///   - size: The bytes asked for; a plan may make it smaller.
  ///   - payload: The bytes to write, for a trace that keeps them.
  ///   - body: The call itself, given the allowed size; -1 with `errno` set on failure.
  /// - Returns: The result of the call, or the negated error number.
  @inline(__always)
  static func call(
    _ kind: SyscallKind, _ subject: @autoclosure () -> SyscallSubject, offset: Int64 = 0, size: Int = 0,
    payload: SyscallPayload? = nil, _ body: (Int) -> Int
  ) -> Int {
    while true {
      var result: Int
      if armed.load(ordering: .relaxed) == 0 {
        result = body(size)
        if result < 0 { result = 0 - Int(errno) }
      } else {
        result = armedCall(kind, subject(), offset: offset, size: size, payload: payload, body)
      }
      // After an interrupted close the descriptor is gone; a second close could hit another thread's file.
      if result == -Int(EINTR) && kind != .close { continue }
      return result
    }
  }

  /// Runs one call and throws when it fails.
  @inline(__always)
  @discardableResult
  static func run(
    _ kind: SyscallKind, _ operation: String, path: Path?, descriptor: Int32 = -1, offset: Int64 = 0, size: Int = 0,
    payload: SyscallPayload? = nil, _ body: (Int) -> Int
  ) throws(IOError) -> Int {
    let result = call(kind, subject(path, descriptor), offset: offset, size: size, payload: payload, body)
    if result < 0 { throw IOError(operation, path: path, errno: Errno(result: result)) }
    return result
  }

  private static func subject(_ path: Path?, _ descriptor: Int32) -> SyscallSubject {
    if descriptor >= 0 { return .descriptor(descriptor) }
    if let path { return .path(path) }
    return .none
  }

  @inline(never)
  private static func armedCall(
    _ kind: SyscallKind, _ subject: SyscallSubject, offset: Int64, size: Int, payload: SyscallPayload?,
    _ body: (Int) -> Int
  ) -> Int {
    guard let plan = SyscallFaults.current else {
      let result = body(size)
      return result < 0 ? 0 - Int(errno) : result
    }
    var allowed = size
    var result: Int
    switch plan.effect(on: kind, subject) {
    case .fail(let error):
      // A close that fails has still released the descriptor.
      if kind == .close { _ = body(size) }
      result = 0 - Int(error.rawValue)
    case .shorten(let limit):
      allowed = min(size, max(limit, 1))
      fallthrough
    case nil:
      result = body(allowed)
      if result < 0 { result = 0 - Int(errno) }
    }
    plan.record(kind, subject, offset: offset, size: allowed, result: result, payload: payload)
    return result
  }
}

extension Errno {
  /// The error in a negated result.
  init(result: Int) {
    self.init(rawValue: Int32(truncatingIfNeeded: 0 &- result))
  }
}
