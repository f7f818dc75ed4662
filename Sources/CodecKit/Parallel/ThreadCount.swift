// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// How many threads an option stands for.
enum ThreadCount {
  /// More than this many help nobody, and cost memory.
  static let maximum = 256

  /// The number of workers: one per core for 0, at least one, at most ``maximum``.
  static func workers(_ threads: Int) -> Int {
    min(maximum, max(1, threads == 0 ? Int(ck_core_count()) : threads))
  }

  /// How many processors a control group's quota allows, rounded up; 0 without one.
  ///
  /// - Parameters:
  ///   - groupList: the file that lists the groups of a process.
  ///   - mount: where control groups are mounted.
  static func quota(groupList: String, mount: String) -> Int {
    unsafe groupList.withCString { list in
      unsafe mount.withCString { unsafe Int(ck_core_quota(list, $0)) }
    }
  }
}
