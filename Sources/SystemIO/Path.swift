// SPDX-License-Identifier: Apache-2.0

/// File names as the kernel knows them: bytes without an encoding.
internal import Glibc

/// A file name: any bytes, absolute or relative.
///
/// A path is never normalised; `a/../b` stays what it is, because only the file system knows where `a` leads. A path
/// with a NUL byte inside, or an empty one, can be made but not used: every operation on it throws `EINVAL` (`ENOENT`
/// for the empty path).
public struct Path: Hashable, Sendable {
  /// The bytes and one NUL after them, so that a call needs no copy.
  private let terminated: [UInt8]

  /// Makes a path from bytes.
  public init(_ bytes: [UInt8]) {
    var copy = bytes
    copy.append(0)
    terminated = copy
  }

  /// Makes a path from the UTF-8 bytes of a string.
  public init(_ string: String) {
    self.init(Array(string.utf8))
  }

  /// The bytes, without a terminator.
  public var bytes: [UInt8] { Array(terminated.dropLast()) }

  /// The number of bytes.
  public var count: Int { terminated.count - 1 }

  /// Whether there are no bytes at all.
  public var isEmpty: Bool { count == 0 }

  /// Whether the path starts at the root.
  public var isAbsolute: Bool { terminated[0] == Path.slash }

  /// Whether a NUL byte is inside, so that no system call can take the path.
  public var containsNUL: Bool { terminated.dropLast().contains(0) }

  /// The path as text, where bytes that are not UTF-8 become replacement characters. For messages use an escaping
  /// printer on `bytes` instead.
  public var lossyString: String { String(decoding: terminated.dropLast(), as: UTF8.self) }

  static let slash = UInt8(ascii: "/")
}

extension Path: ExpressibleByStringLiteral {
  /// Makes a path from a literal.
  public init(stringLiteral value: String) {
    self.init(value)
  }
}

extension Path {
  /// The bytes after the last slash, trailing slashes not counted: `c` for `/a/b/c/`. Empty for the root and for the
  /// empty path.
  public var lastComponent: [UInt8] {
    let range = lastComponentRange
    return Array(terminated[range])
  }

  /// The directory that holds `lastComponent`: `/a` for `/a/b`, `.` for `b`, `/` for `/b` and for `/`.
  public var parent: Path {
    var end = lastComponentRange.lowerBound
    if end == 0 { return isAbsolute ? "/" : "." }
    while end > 1, terminated[end - 1] == Path.slash { end -= 1 }
    return Path(Array(terminated[..<end]))
  }

  /// This path with `component` below it. An absolute `component` is put below as well; it never replaces.
  public func joining(_ component: [UInt8]) -> Path {
    var joined = bytes
    if let last = joined.last, last != Path.slash, component.first != Path.slash {
      joined.append(Path.slash)
    } else if joined.last == Path.slash, component.first == Path.slash {
      joined.removeLast()
    }
    joined.append(contentsOf: component)
    return Path(joined)
  }

  /// This path with the UTF-8 bytes of `component` below it.
  public func joining(_ component: String) -> Path {
    joining(Array(component.utf8))
  }

  /// This path with `suffix` directly after its last byte: `a.tar` and `.zst` give `a.tar.zst`.
  public func appending(suffix: String) -> Path {
    Path(bytes + Array(suffix.utf8))
  }

  /// Whether the last component ends in `suffix` and has at least one byte before it.
  public func hasSuffix(_ suffix: String) -> Bool {
    let name = lastComponent
    let tail = Array(suffix.utf8)
    return name.count > tail.count && name.suffix(tail.count).elementsEqual(tail)
  }

  /// The path without `suffix`, or nil when `hasSuffix` is false.
  public func removing(suffix: String) -> Path? {
    guard hasSuffix(suffix) else { return nil }
    let name = lastComponentRange
    return Path(Array(terminated[..<(name.upperBound - suffix.utf8.count)]))
  }

  private var lastComponentRange: Range<Int> {
    var end = count
    while end > 0, terminated[end - 1] == Path.slash { end -= 1 }
    var start = end
    while start > 0, terminated[start - 1] != Path.slash { start -= 1 }
    return start..<end
  }
}

extension Path {
  /// Hands the terminated bytes to `body`; throws `EINVAL` for `operation` when a NUL is inside.
  @safe
  func withCString<Result>(
    _ operation: String, _ body: (UnsafePointer<CChar>) throws(IOError) -> Result
  ) throws(IOError) -> Result {
    if containsNUL { throw IOError(operation, path: self, errno: .invalidArgument) }
    return try unsafe terminated.withUnsafeBufferPointer {
      (buffer: UnsafeBufferPointer<UInt8>) throws(IOError) -> Result in
      // The array always has its terminator, so there is a base address.
      guard let base = buffer.baseAddress else { throw IOError(operation, path: self, errno: .invalidArgument) }
      return try unsafe body(UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self))
    }
  }
}
