// SPDX-License-Identifier: Apache-2.0

/// Extended attributes of an open directory and of the names in it.

extension DirectoryHandle {
  /// The names of the directory's own extended attributes; same meaning as `FileHandle.extendedAttributeNames`.
  ///
  /// - Throws: What the system answered.
  public func extendedAttributeNames() throws(IOError) -> [[UInt8]] {
    try handle.extendedAttributeNames()
  }

  /// An extended attribute of the directory itself; same meaning as `FileHandle.extendedAttribute`.
  ///
  /// - Throws: What the system answered.
  public func extendedAttribute(_ name: [UInt8]) throws(IOError) -> [UInt8]? {
    try handle.extendedAttribute(name)
  }

  /// All extended attributes of the directory itself; same meaning as `FileHandle.extendedAttributes`.
  ///
  /// - Throws: What the system answered.
  public func extendedAttributes() throws(IOError) -> [ExtendedAttribute] {
    try handle.extendedAttributes()
  }

  /// Sets an extended attribute of the directory itself; same meaning as `FileHandle.setExtendedAttribute`.
  ///
  /// - Throws: What the system answered.
  public func setExtendedAttribute(_ attribute: ExtendedAttribute) throws(IOError) {
    try handle.setExtendedAttribute(attribute)
  }

  /// Removes an extended attribute of the directory itself.
  ///
  /// - Throws: What the system answered, such as `ENODATA` when there is none of that name.
  public func removeExtendedAttribute(_ name: [UInt8]) throws(IOError) {
    try handle.removeExtendedAttribute(name)
  }
}

extension DirectoryHandle {
  /// The names of the extended attributes of what a name stands for, of the link for a symbolic link.
  ///
  /// These calls by name work without opening, so also for what may not be read and for a FIFO. They need the process
  /// file system: where it is not mounted they throw `ENOENT`.
  ///
  /// - Throws: What the system answered.
  public func extendedAttributeNames(of file: [UInt8]) throws(IOError) -> [[UInt8]] {
    try attributeHolder(file, "list the attributes").names()
  }

  /// An extended attribute of what a name stands for, of the link for a symbolic link; nil when it has none.
  ///
  /// - Throws: What the system answered.
  public func extendedAttribute(_ name: [UInt8], of file: [UInt8]) throws(IOError) -> [UInt8]? {
    try attributeHolder(file, "get the attribute").value(of: name)
  }

  /// All extended attributes of what a name stands for, of the link for a symbolic link. If somebody renames
  /// meanwhile, they may be those of two files; whoever must exclude that opens the file.
  ///
  /// - Throws: What the system answered.
  public func extendedAttributes(of file: [UInt8]) throws(IOError) -> [ExtendedAttribute] {
    try attributeHolder(file, "list the attributes").all()
  }

  /// Sets an extended attribute of what a name stands for, of the link for a symbolic link.
  ///
  /// - Throws: What the system answered, such as `EPERM` for the namespace `user` on anything but files and directories.
  public func setExtendedAttribute(_ attribute: ExtendedAttribute, of file: [UInt8]) throws(IOError) {
    try attributeHolder(file, "set the attribute").set(attribute)
  }

  /// Removes an extended attribute of what a name stands for, of the link for a symbolic link.
  ///
  /// - Throws: What the system answered, such as `ENODATA` when there is none of that name.
  public func removeExtendedAttribute(_ name: [UInt8], of file: [UInt8]) throws(IOError) {
    try attributeHolder(file, "remove the attribute").remove(name)
  }

  /// There is no such call for a name in an open directory, but the process file system gives the open directory a
  /// name: what that leads to cannot be exchanged, and of what comes behind it nothing is followed.
  private func attributeHolder(_ file: [UInt8], _ operation: String) throws(IOError) -> ExtendedAttributeHolder {
    let name = try component(file, operation)
    return ExtendedAttributeHolder(
      descriptor: handle.descriptor, link: Path("/proc/self/fd/\(handle.descriptor)").joining(name.bytes),
      path: path.joining(file))
  }
}
