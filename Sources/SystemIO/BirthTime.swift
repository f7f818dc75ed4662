// SPDX-License-Identifier: Apache-2.0

/// When a file was made. It has a call of its own, because the ordinary one does not tell it.
internal import CCodecs
internal import Glibc

/// The answer of the call.
struct BirthTime {
  private var seconds: Int64 = 0
  private var nanoseconds: UInt32 = 0
  private var isKnown = false

  var timestamp: Timestamp? { isKnown ? Timestamp(seconds: seconds, nanoseconds: nanoseconds) : nil }

  /// Makes the call; an empty name means the descriptor itself.
  @safe
  mutating func read(_ descriptor: Int32, _ name: UnsafePointer<CChar>) -> Int32 {
    let result = unsafe ccodecs_birth_time(descriptor, name, &seconds, &nanoseconds)
    isKnown = result == 1
    return result
  }
}

extension FileHandle {
  /// When the file was made; nil where the file system does not keep it.
  ///
  /// - Throws: What the system answered.
  public func birthTime() throws(IOError) -> Timestamp? {
    let target = descriptor
    var birth = BirthTime()
    try Syscalls.run(.statx, "get the time of birth", path: path, descriptor: target) { _ in
      Int(birth.read(target, ""))
    }
    return birth.timestamp
  }
}
