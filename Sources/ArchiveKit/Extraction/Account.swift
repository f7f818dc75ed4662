// SPDX-License-Identifier: Apache-2.0

/// What the process may do.
internal import SystemIO

/// Who the process is.
enum Account {
  /// Whether it may give files away and make devices.
  static let isSuperuser = Machine.effectiveUser == 0
}
