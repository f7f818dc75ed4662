// SPDX-License-Identifier: Apache-2.0

/// Delivers a stream of bytes as one file.
public import ArchiveKit
public import CodecKit
public import SystemIO

/// What a stream must turn out to be.
public struct StreamExpectation: Hashable, Sendable {
  /// How many bytes it has; `nil` for any number.
  public var size: UInt64?
  /// The SHA-256 of its bytes; `nil` for any.
  public var digest: SHA256Digest?

  /// Makes an expectation.
  ///
  /// - Parameters:
  ///   - size: how many bytes.
  ///   - digest: the SHA-256 of them.
  public init(size: UInt64? = nil, digest: SHA256Digest? = nil) {
    self.size = size
    self.digest = digest
  }
}

/// A stream that is counted and hashed on its way, and compared with what was announced.
final class CheckedStream: ArchiveStream {
  private let input: FileHandle
  private let expectation: StreamExpectation
  private var hash = SHA256()
  private var count: UInt64 = 0

  init(_ input: consuming FileHandle, _ expectation: StreamExpectation) {
    self.input = input
    self.expectation = expectation
  }

  func read(into room: inout OutputRawSpan) throws(ArchiveError) -> Int {
    let before = room.byteCount
    let read: Int
    do throws(IOError) { read = try input.read(into: &room) } catch { throw ArchiveError(error) }
    count += UInt64(read)
    if expectation.digest != nil { hash.update(room.bytes.extracting(droppingFirst: before)) }
    return read
  }

  /// Throws unless the stream, which has ended, is the one that was announced.
  func finish() throws(BackupError) {
    if let size = expectation.size, size != count {
      throw BackupError(.sourceFailed, "the stream has \(count) bytes, not the \(size) that were announced")
    }
    guard let digest = expectation.digest else { return }
    let actual = hash.value
    guard actual == digest else {
      throw BackupError(.sourceFailed, "the stream has the SHA-256 \(actual), not \(digest) as was announced")
    }
  }

  /// Stores the stream as one file of a backup.
  func archive(as name: [UInt8], into writer: ArchiveWriter, _ task: ProducerTask) throws(BackupError) {
    var settings = TreeArchiverOptions()
    settings.progress = { task.tell($0.bytes) }
    settings.isCancelled = task.observer.isCancelled
    do throws(ArchiveError) {
      _ = try TreeArchiver(to: writer, settings).archiveStream(name, modified: WallClock.now, self)
    } catch {
      throw BackupError(error)
    }
  }
}

/// Delivers an open file or pipe as one file of the backup. It can be read only once, so that there is no second attempt.
public final class StreamProducer: BackupProducer {
  private let name: [UInt8]
  private let stream: CheckedStream

  /// Takes a stream.
  ///
  /// - Parameters:
  ///   - input: the stream.
  ///   - name: the file's path in the archive.
  ///   - expectation: what it must turn out to be.
  public init(_ input: consuming FileHandle, as name: [UInt8], _ expectation: StreamExpectation = .init()) {
    self.name = name
    stream = CheckedStream(input, expectation)
  }

  /// It is gone when it has been read.
  public var isRepeatable: Bool { false }

  /// Reads the stream to its end.
  public func produce(into writer: ArchiveWriter, _ task: ProducerTask) throws(BackupError) -> ProducerReport {
    try stream.archive(as: name, into: writer, task)
    try stream.finish()
    return ProducerReport()
  }
}
