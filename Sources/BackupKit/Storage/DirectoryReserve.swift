// SPDX-License-Identifier: Apache-2.0

/// Room that a repository keeps for the moment when its disk is full.
internal import SystemIO

/// Files that hold nothing. A deletion on a full disk gives them up, because it has to write before it frees anything: that
/// it has begun, for whoever comes after an interruption.
///
/// There are several, since what has to be written may lack names as well as bytes.
struct DirectoryReserve {
  static let count = 4
  static let size = 256 << 10

  private let folder: Path

  /// Those in a folder, which need not exist.
  init(_ folder: Path) { self.folder = folder }

  private var files: [Path] { (1...Self.count).map { folder.joining("\($0)") } }

  /// Makes what is missing.
  ///
  /// - Throws: what the system answered; what could be made is kept.
  func keep() throws(IOError) {
    var noise: [UInt8]?
    for file in files where try !isWhole(file) {
      let bytes = noise ?? Self.noise()
      noise = bytes
      do throws(IOError) { try write(bytes, to: file) } catch {
        // Another process makes it at this moment.
        if error.errno == .exists { continue }
        throw error
      }
    }
  }

  /// Gives the room up.
  ///
  /// - Returns: whether there was any.
  func release() throws(IOError) -> Bool {
    var isFreed = false
    for file in files {
      do throws(IOError) {
        try FileSystem.remove(file)
        isFreed = true
      } catch {
        guard error.errno == .noSuchFile else { throw error }
      }
    }
    // Some file systems have the room only when the removal is on the device.
    if isFreed { try FileSystem.syncDirectory(folder) }
    return isFreed
  }

  private func isWhole(_ file: Path) throws(IOError) -> Bool {
    do throws(IOError) {
      if try FileSystem.linkStatus(of: file).size >= Self.size { return true }
      // Broken off, unless another process is at it, which then makes it for nobody.
      try FileSystem.remove(file)
      return false
    } catch {
      if error.errno == .noSuchFile { return false }
      throw error
    }
  }

  private func write(_ bytes: [UInt8], to file: Path) throws(IOError) {
    do throws(IOError) { try FileSystem.makeDirectory(folder, mode: .privateDirectory) } catch {
      guard error.errno == .exists else { throw error }
    }
    let handle = try FileHandle.create(file, mode: .ownerOnly)
    do throws(IOError) {
      try handle.write(bytes)
      try handle.sync()
    } catch {
      try? FileSystem.remove(file)
      throw error
    }
  }

  /// What no file system makes smaller.
  private static func noise() -> [UInt8] {
    var state = UInt64.random(in: 1 ... .max)
    return (0..<size).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state)
    }
  }
}
