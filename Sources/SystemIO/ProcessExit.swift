// SPDX-License-Identifier: Apache-2.0

/// Ending the process.
internal import Glibc

/// Ends the process with an exit code, after removing the temporary files of `AtomicFile` values that were not
/// committed.
///
/// - Parameter code: The exit code; the shell sees its lowest eight bits.
public func exitProcess(_ code: Int32) -> Never {
  TemporaryRegistry.removeAll {
    exit(code)
  }
  // Not reached; the closure above cannot say so.
  exit(code)
}
