// SPDX-License-Identifier: Apache-2.0

/// Telling the kernel how a file will be used. Advice alone: nothing depends on it, so nothing is reported.
internal import Glibc

extension FileHandle {
  /// Tells the kernel that the file will be read from front to back. Advice alone: nothing depends on it, so nothing
  /// is reported.
  public func adviseSequential() {
    advise(POSIX_FADV_SEQUENTIAL, 0..<0)
  }

  /// Tells the kernel that a part will be read soon, so that it may begin now.
  ///
  /// - Parameter range: The part, from the start of the file.
  public func adviseWillNeed(_ range: Range<Int64>) {
    if !range.isEmpty { advise(POSIX_FADV_WILLNEED, range) }
  }

  /// Tells the kernel that a part will not be read again soon, so that its memory may serve others. Of what was
  /// written, only what is on the device already can be given up.
  ///
  /// - Parameter range: The part, from the start of the file.
  public func adviseDontNeed(_ range: Range<Int64>) {
    if !range.isEmpty { advise(POSIX_FADV_DONTNEED, range) }
  }

  /// An empty range is the whole file.
  private func advise(_ advice: Int32, _ range: Range<Int64>) {
    let target = descriptor
    let length = range.upperBound.subtractingReportingOverflow(range.lowerBound)
    _ = Syscalls.call(
      .advise, .descriptor(target), offset: range.lowerBound, size: length.overflow ? 0 : Int(length.partialValue)
    ) { size in
      let result = posix_fadvise(target, off_t(range.lowerBound), off_t(size), advice)
      if result == 0 { return 0 }
      errno = result
      return -1
    }
  }
}
