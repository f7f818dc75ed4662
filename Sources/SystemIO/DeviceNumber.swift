// SPDX-License-Identifier: Apache-2.0

/// The number of a device, whole and in its two parts.

/// The number by which the kernel knows a device: which driver, and which of the driver's devices.
public struct DeviceNumber: Hashable, Sendable {
  /// The driver.
  public var major: UInt32
  /// The device of that driver.
  public var minor: UInt32

  /// Makes a number from its parts.
  public init(major: UInt32, minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  /// Takes apart a number as `FileStatus` has it in `device` and `representedDevice`.
  public init(rawValue: UInt64) {
    major = UInt32(truncatingIfNeeded: rawValue >> 8 & 0xfff | rawValue >> 32 & 0xffff_f000)
    minor = UInt32(truncatingIfNeeded: rawValue & 0xff | rawValue >> 12 & 0xffff_ff00)
  }

  /// The parts put together: the lower 12 and 8 bits are where they were when a number had 16 or 32 bits, the rest is
  /// around them.
  public var rawValue: UInt64 {
    let (major, minor) = (UInt64(major), UInt64(minor))
    return (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xffff_ff00) << 12 | (major & 0xffff_f000) << 32
  }
}

/// How a device is used.
public enum DeviceKind: Hashable, Sendable {
  /// By characters, such as a terminal.
  case character
  /// By blocks, such as a disk.
  case block
}

extension FileStatus {
  /// The device a device node stands for; 0, 0 for anything else.
  public var representedDeviceNumber: DeviceNumber { DeviceNumber(rawValue: representedDevice) }
}
