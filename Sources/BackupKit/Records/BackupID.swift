// SPDX-License-Identifier: Apache-2.0

/// What identifies a backup: the UUID of its record, which stands in its archive too.
public import ArchiveKit

/// The identifier of a backup.
public struct BackupID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The same, as the archive has it.
  public let uuid: ArchiveUUID

  /// The backup whose archive has an identifier.
  public init(_ uuid: ArchiveUUID) { self.uuid = uuid }

  /// A fresh one.
  public static func random() -> BackupID { BackupID(.random()) }

  /// Reads the form in which it is written; capitals do not matter.
  ///
  /// - Parameter text: the text; nil is the answer to anything else.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 36 else { return nil }
    var digits: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if [8, 13, 18, 23].contains(index) {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
        digits.append(UInt8(digit))
      }
    }
    uuid = ArchiveUUID(stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
  }

  /// As it is written: `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
  public var description: String { uuid.description }

  /// The first eight digits, for people.
  public var short: String { String(description.prefix(8)) }

  /// By their text.
  public static func < (left: BackupID, right: BackupID) -> Bool {
    left.uuid.bytes.lexicographicallyPrecedes(right.uuid.bytes)
  }
}
