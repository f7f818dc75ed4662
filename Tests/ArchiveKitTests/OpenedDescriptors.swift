// SPDX-License-Identifier: Apache-2.0

// How many descriptors calls have left open.

import SystemIO

extension SyscallFaults.Event {
  /// The descriptors that the call added.
  var opened: Int {
    switch kind {
    case .open, .openat, .openat2, .duplicate: result >= 0 ? 1 : 0
    case .close: -1
    default: 0
    }
  }
}
