// SPDX-License-Identifier: Apache-2.0

/// A fresh folder for one test.
import Foundation
public import SystemIO

/// A fresh folder that is removed, with all that is in it, when the value goes away.
///
/// It uses Foundation and not the module under test, so that planned faults do not reach it.
public final class TemporaryFolder: Sendable {
  /// The folder.
  public let path: Path
  private let location: String

  /// Where files are in memory; `nil` when there is no such place, or little room.
  private static let memory: String? = {
    let place = "/dev/shm"
    let found = try? FileManager.default.attributesOfFileSystem(forPath: place)
    let free = (found?[.systemFreeSize] as? NSNumber)?.uint64Value ?? 0
    return free >= 1 << 30 && FileManager.default.isWritableFile(atPath: place) ? place : nil
  }()

  /// Makes a folder.
  ///
  /// - Parameter inMemory: whether it may be in memory: for tests of small files that are synced very often, for which
  ///   they would wait most of their time.
  public init(inMemory: Bool = false) throws {
    let parent = (inMemory ? Self.memory : nil) ?? NSTemporaryDirectory()
    location = parent + "/codeckit-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: location, withIntermediateDirectories: false)
    path = Path(location)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: location)
  }

  /// The path of `name` in the folder.
  public func path(_ name: String) -> Path {
    path.joining(name)
  }

  /// The path of `name` in the folder as text.
  public func location(_ name: String) -> String {
    location + "/" + name
  }

  /// The names in the folder, sorted.
  public var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: location)) ?? []).sorted()
  }

  /// Writes a file.
  public func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: location(name)))
  }

  /// The bytes of a file; nil when it is not there.
  public func contents(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: location(name)).map { Array($0) }
  }

  /// Makes a folder in the folder.
  public func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: location(name), withIntermediateDirectories: true)
  }

  /// Makes a symbolic link in the folder.
  public func makeLink(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: location(name), withDestinationPath: target)
  }
}
