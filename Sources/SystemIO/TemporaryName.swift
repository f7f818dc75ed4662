// SPDX-License-Identifier: Apache-2.0

/// Names for temporary files that nobody can guess and everybody can recognise.
internal import CCodecs

/// The names of temporary files: hidden, of constant length, with 100 random bits.
public enum TemporaryName {
  private static let prefix = Array(".codeckit-".utf8)
  private static let suffix = Array(".partial".utf8)
  private static let randomCount = 20
  private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

  /// Whether a file name has the form that this module gives to temporary files, so that a leftover of a crash can be
  /// told from a file of the user.
  public static func matches(_ name: [UInt8]) -> Bool {
    name.count == prefix.count + randomCount + suffix.count && name.starts(with: prefix)
      && name.suffix(suffix.count).elementsEqual(suffix)
      && name[prefix.count..<(prefix.count + randomCount)].allSatisfy { alphabet.contains($0) }
  }

  /// A new name, which no other process will come upon.
  ///
  /// - Throws: What the system answered when it had no random bytes.
  public static func make() throws(IOError) -> [UInt8] {
    var random = [UInt8](repeating: 0, count: randomCount)
    // Up to 256 bytes are given whole and without interruption.
    let count = unsafe ccodecs_getrandom(&random, random.count)
    guard count == randomCount else { throw IOError("get random bytes", errno: count < 0 ? .current : .inputOutput) }
    return prefix + random.map { alphabet[Int($0 & 31)] } + suffix
  }
}
