// SPDX-License-Identifier: Apache-2.0

/// How many files the process may have open.
internal import Glibc

/// The number of descriptors that every run must be able to have.
public enum DescriptorLimit {
  /// The smallest limit to work under. Workers need an event queue beneath them, and a process that gets no descriptors
  /// for that is ended by it, with whatever it was writing left behind; below this number such an end is possible.
  public static let least = 32

  /// Raises the limit to `least` where it is lower and may be raised. To be called before anything is opened.
  ///
  /// - Throws: `EMFILE` when it is lower and may not be raised.
  public static func ensure() throws(IOError) {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    // A system that does not tell has no such limit.
    guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < rlim_t(least) else { return }
    if limit.rlim_max >= rlim_t(least) {
      limit.rlim_cur = rlim_t(least)
      if unsafe setrlimit(resource, &limit) == 0 { return }
    }
    throw IOError("work with \(limit.rlim_cur) open files, \(least) are needed", errno: .tooManyOpenFiles)
  }

  /// Raises the limit as far as it may be, up to a number.
  ///
  /// - Parameter wanted: The number.
  /// - Returns: The limit from now on.
  public static func raise(to wanted: UInt64) -> UInt64 {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard unsafe getrlimit(resource, &limit) == 0 else { return wanted }
    guard limit.rlim_cur < rlim_t(wanted) else { return UInt64(limit.rlim_cur) }
    var raised = limit
    raised.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
    return unsafe UInt64(setrlimit(resource, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur)
  }
}
