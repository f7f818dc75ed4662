// SPDX-License-Identifier: Apache-2.0

/// What the tests of this module share: reading into a fresh buffer, and the error number of a call.
import SystemIO

/// The bytes that `fill` put into a fresh buffer.
func collect(
  _ capacity: Int, _ fill: (inout OutputRawSpan) throws(IOError) -> Int
) throws(IOError) -> [UInt8] {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
  defer { unsafe buffer.deallocate() }
  var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
  let count = try fill(&output)
  let written = unsafe output.finalize(for: buffer)
  return written == count ? unsafe Array(buffer.prefix(written)) : []
}

/// The error number of `body`; nil when it succeeded.
func errno(of body: () throws(IOError) -> Void) -> Errno? {
  do throws(IOError) {
    try body()
    return nil
  } catch {
    return error.errno
  }
}

/// Writes a whole file at once and commits it.
@discardableResult
func replaceFile(
  _ target: Path, with bytes: [UInt8], replacing: Bool = true, sync: Bool = true, sparse: Bool = false,
  attributes: FileAttributes = FileAttributes()
) throws(IOError) -> CommittedFile {
  var file = try AtomicFile(target, .init { $0.sparse = sparse })
  try file.write(bytes)
  return try file.commit(replacing: replacing, attributes: attributes, sync: sync)
}

extension SyscallFaults {
  /// Descriptors opened and not closed while the plan was installed.
  var leftOpen: Int {
    trace.reduce(0) { count, event in
      switch event.kind {
      case .open, .openat, .openat2, .duplicate: count + (event.result >= 0 ? 1 : 0)
      case .pipe: count + (event.result >= 0 ? 2 : 0)
      case .close: count - 1
      default: count
      }
    }
  }
}
