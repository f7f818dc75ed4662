// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

/// An input that is open: its name, its file, and what was read of it for detection.
struct OpenedInput: ~Copyable {
  let name: InputName
  var source: FileSource
  /// What the file was when it was opened.
  let status: FileStatus
  /// The first bytes, already taken from the source.
  private(set) var prefix: [UInt8] = []

  /// Opens a path, or takes standard input.
  init(_ path: Path?) throws(Failure) {
    name = InputName(path: path?.bytes)
    do throws(IOError) {
      let file = if let path { try FileHandle.open(path) } else { FileHandle.standardInput }
      file.adviseSequential()
      status = try file.status()
      source = FileSource(file)
    } catch {
      throw Failure(error, input: InputName(path: path?.bytes))
    }
  }

  /// How many bytes there are to read, where that is known.
  var size: UInt64? { status.kind == .regular && status.size > 0 ? UInt64(status.size) : nil }

  /// Reads the beginning, for detection.
  mutating func readPrefix(_ count: Int = CodecRegistry.detectionLength) throws(Failure) {
    var bytes = [UInt8](repeating: 0, count: count)
    do throws(IOError) {
      let filled = try source.fill(&bytes)
      prefix = Array(bytes.prefix(filled))
    } catch {
      throw Failure(error, input: name)
    }
  }

  /// Whether the file is still what it was when it was opened: only then may it be deleted.
  func isUnchanged() throws(IOError) -> Bool {
    let now = try source.status()
    return now.size == status.size && now.modificationTime == status.modificationTime
  }
}

extension FileSource {
  /// Reads until the array is full or the file ends.
  mutating func fill(_ bytes: inout [UInt8]) throws(IOError) -> Int {
    let wanted = bytes.count
    var filled = 0
    // The array's own memory, one read at a time: a pipe may deliver in pieces.
    while filled < wanted {
      let offset = filled
      var failure: IOError?
      let count = unsafe bytes.withUnsafeMutableBytes { memory -> Int in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset...])
        var room = unsafe OutputRawSpan(buffer: rest, initializedCount: 0)
        do throws(IOError) {
          let count = try read(into: &room)
          _ = unsafe room.finalize(for: rest)
          return count
        } catch {
          _ = unsafe room.finalize(for: rest)
          failure = error
          return 0
        }
      }
      if let failure { throw failure }
      if count == 0 { break }
      filled += count
    }
    return filled
  }
}
