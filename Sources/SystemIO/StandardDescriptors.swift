// SPDX-License-Identifier: Apache-2.0

/// Descriptors 0, 1 and 2.
internal import CCodecs
internal import Glibc

/// The three descriptors every process should have.
public enum StandardDescriptors {
  /// Opens the null device on each of descriptors 0, 1 and 2 that is closed, so that no file opened later becomes
  /// standard output by accident. To be called before anything is opened.
  ///
  /// It is opened for the wrong direction: reading or writing goes on to fail with `EBADF`, as if the descriptor were
  /// closed. Output that nobody gets must not look like a success.
  ///
  /// - Throws: What the system answered.
  public static func ensureOpen() throws(IOError) {
    for descriptor: Int32 in 0...2 {
      if ccodecs_get_descriptor_flags(descriptor) >= 0 { continue }
      // The lowest free number is taken, and all below are open.
      let opened = unsafe ccodecs_open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY, 0)
      if opened < 0 { throw IOError("open", path: "/dev/null", errno: .current) }
      if opened != descriptor { throw IOError("open", path: "/dev/null", errno: .badDescriptor) }
    }
  }
}
