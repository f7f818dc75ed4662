// SPDX-License-Identifier: Apache-2.0

/// Extended attributes of an open file.

extension FileHandle {
  var attributeHolder: ExtendedAttributeHolder {
    ExtendedAttributeHolder(descriptor: descriptor, link: nil, path: path)
  }

  /// The names of its extended attributes in the order of their bytes; none where the file system has no such thing.
  ///
  /// Names of the namespace `trusted` are given only to who has the right to read them.
  ///
  /// - Throws: What the system answered, such as `E2BIG` for more than 64 KiB of names, which no call can give.
  public func extendedAttributeNames() throws(IOError) -> [[UInt8]] {
    try attributeHolder.names()
  }

  /// The value of an extended attribute; nil when the file has none of that name, or its file system has no such thing.
  ///
  /// - Throws: What the system answered: `EINVAL` for an empty name or one with a NUL, `ERANGE` for a name that is too
  ///   long, `EPERM` or `EACCES` for one that may not be read.
  public func extendedAttribute(_ name: [UInt8]) throws(IOError) -> [UInt8]? {
    try attributeHolder.value(of: name)
  }

  /// All extended attributes in the order of the bytes of their names; one that goes away meanwhile is left out.
  ///
  /// - Throws: What `extendedAttributeNames` and `extendedAttribute` throw.
  public func extendedAttributes() throws(IOError) -> [ExtendedAttribute] {
    try attributeHolder.all()
  }

  /// Sets an extended attribute, replacing one of the same name. A change of the owner removes some of them, so set
  /// them after it.
  ///
  /// - Throws: What the system answered: `EOPNOTSUPP` where the file system has no such thing, `EPERM` for a namespace
  ///   that is not for everybody, `ENOSPC` or `E2BIG` for a value that is too large.
  public func setExtendedAttribute(_ attribute: ExtendedAttribute) throws(IOError) {
    try attributeHolder.set(attribute)
  }

  /// Removes an extended attribute.
  ///
  /// - Throws: What the system answered, such as `ENODATA` when there is none of that name.
  public func removeExtendedAttribute(_ name: [UInt8]) throws(IOError) {
    try attributeHolder.remove(name)
  }
}
