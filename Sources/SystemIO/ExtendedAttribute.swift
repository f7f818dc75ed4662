// SPDX-License-Identifier: Apache-2.0

/// Extended attributes, and the calls on them for all who hold some.
internal import CCodecs
internal import Glibc

/// A name and a value that a file carries beside its content, such as `user.comment` or
/// `system.posix_acl_access`.
public struct ExtendedAttribute: Hashable, Sendable {
  /// The largest value the kernel takes, 64 KiB; a file system may take less.
  public static let maximumValueSize = 65536

  /// The name with its namespace: any bytes but NUL.
  public var name: [UInt8]
  /// The value: any bytes, perhaps none.
  public var value: [UInt8]

  /// Makes an attribute; nothing is checked.
  public init(name: [UInt8], value: [UInt8]) {
    self.name = name
    self.value = value
  }
}

/// Where extended attributes are: an open file, or a name that is not followed.
struct ExtendedAttributeHolder {
  /// Most lists and values fit in here, so that one call gives them.
  private static let usualSize = 256

  /// An open file; not used when there is a link.
  let descriptor: Int32
  /// A path whose last component is not followed.
  let link: Path?
  /// The file, for messages.
  let path: Path?

  func names() throws(IOError) -> [[UInt8]] {
    do throws(IOError) {
      let list = try read(.listxattr, "list the attributes") { link, buffer, size in
        unsafe ccodecs_list_attributes(descriptor, link, buffer, size)
      }
      return list.split(separator: 0).map { Array($0) }.sorted { $0.lexicographicallyPrecedes($1) }
    } catch {
      if error.errno == .notSupported { return [] }
      throw error
    }
  }

  func value(of name: [UInt8]) throws(IOError) -> [UInt8]? {
    let operation = "get the attribute"
    let name = try checked(name, operation)
    do throws(IOError) {
      return try name.withCString(operation) { (name: UnsafePointer<CChar>) throws(IOError) -> [UInt8] in
        try read(.getxattr, operation) { link, buffer, size in
          unsafe ccodecs_get_attribute(descriptor, link, name, buffer, size)
        }
      }
    } catch {
      if error.errno == .noData || error.errno == .notSupported { return nil }
      throw error
    }
  }

  func all() throws(IOError) -> [ExtendedAttribute] {
    var attributes: [ExtendedAttribute] = []
    // One that has gone since the list was made is left out.
    for name in try names() {
      if let value = try value(of: name) { attributes.append(ExtendedAttribute(name: name, value: value)) }
    }
    return attributes
  }

  func set(_ attribute: ExtendedAttribute) throws(IOError) {
    let operation = "set the attribute"
    let value = attribute.value
    try checked(attribute.name, operation).withCString(operation) { (name: UnsafePointer<CChar>) throws(IOError) in
      try withLink(operation) { (link: UnsafePointer<CChar>?) throws(IOError) in
        try run(.setxattr, operation, size: value.count) {
          unsafe Int(ccodecs_set_attribute(descriptor, link, name, value, value.count))
        }
      }
    }
  }

  func remove(_ name: [UInt8]) throws(IOError) {
    let operation = "remove the attribute"
    try checked(name, operation).withCString(operation) { (name: UnsafePointer<CChar>) throws(IOError) in
      try withLink(operation) { (link: UnsafePointer<CChar>?) throws(IOError) in
        try run(.removexattr, operation) { unsafe Int(ccodecs_remove_attribute(descriptor, link, name)) }
      }
    }
  }
}

extension ExtendedAttributeHolder {
  /// Reads into a small buffer first. When that is too small, all that the kernel ever gives is made room for at once,
  /// so that it does not matter whether somebody makes list or value longer meanwhile.
  @safe
  private func read(
    _ kind: SyscallKind, _ operation: String,
    _ body: (UnsafePointer<CChar>?, UnsafeMutablePointer<UInt8>, Int) -> Int64
  ) throws(IOError) -> [UInt8] {
    try withLink(operation) { (link: UnsafePointer<CChar>?) throws(IOError) -> [UInt8] in
      var size = ExtendedAttributeHolder.usualSize
      while true {
        var buffer = [UInt8](repeating: 0, count: size)
        let result = Syscalls.call(kind, subject, size: size) { allowed in
          unsafe Int(body(link, &buffer, allowed))
        }
        if result >= 0 { return Array(buffer.prefix(result)) }
        let error = Errno(result: result)
        guard error == .outOfRange && size < ExtendedAttribute.maximumValueSize else {
          throw IOError(operation, path: path, errno: error)
        }
        size = ExtendedAttribute.maximumValueSize
      }
    }
  }

  private func run(
    _ kind: SyscallKind, _ operation: String, size: Int = 0, _ body: () -> Int
  ) throws(IOError) {
    let result = Syscalls.call(kind, subject, size: size) { _ in body() }
    if result < 0 { throw IOError(operation, path: path, errno: Errno(result: result)) }
  }

  private var subject: SyscallSubject {
    if link != nil, let path { return .path(path) }
    return .descriptor(descriptor)
  }

  /// The kernel calls an empty name out of range, which here means a buffer that is too small.
  private func checked(_ name: [UInt8], _ operation: String) throws(IOError) -> Path {
    if name.isEmpty || name.contains(0) { throw IOError(operation, path: path, errno: .invalidArgument) }
    return Path(name)
  }

  @safe
  private func withLink<Result>(
    _ operation: String, _ body: (UnsafePointer<CChar>?) throws(IOError) -> Result
  ) throws(IOError) -> Result {
    guard let link else { return try body(nil) }
    return try link.withCString(operation) { (text: UnsafePointer<CChar>) throws(IOError) -> Result in
      try unsafe body(text)
    }
  }
}
