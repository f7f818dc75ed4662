// SPDX-License-Identifier: Apache-2.0

import CodecKit
import SystemIO

/// How zeros in an output become holes.
enum SparseChoice: String, CaseIterable, Sendable {
  /// In files that are created, not in standard output.
  case auto
  /// Also in standard output, when it is a regular file.
  case always
  /// Nowhere.
  case never
}

/// The writing end of a transfer: standard output, a file that appears when it is complete, or a device.
struct OutputSink: ByteSink, ~Copyable {
  private var atomic: AtomicFile?
  private var stream: SparseOutput?

  /// Opens the target.
  ///
  /// - Parameters:
  ///   - target: where to write.
  ///   - sparse: how zeros become holes; compressed output has none to speak of.
  init(_ target: OutputTarget, sparse: SparseChoice = .never) throws(IOError) {
    switch target {
    case .standardOutput:
      stream = try SparseOutput(FileHandle.standardOutput, enabled: sparse == .always)
    case .special(let path):
      stream = try SparseOutput(FileHandle.open(path, .writingOnly), enabled: false)
    case .file(let path):
      let file = try AtomicFile(path, .init { $0.sparse = sparse != .never })
      temporary = file.temporary
      atomic = consume file
    }
  }

  mutating func write(_ bytes: RawSpan) throws(IOError) {
    try atomic?.write(bytes)
    try stream?.write(bytes)
  }

  /// Where the unfinished file is, for reading it back.
  private(set) var temporary: Path?

  /// Completes the output.
  ///
  /// - Parameters:
  ///   - replacing: whether an existing file is replaced.
  ///   - attributes: mode, owner and times of the file.
  ///   - sync: whether to wait until it is on the device.
  /// - Returns: the receipt that removing a source needs; `nil` when the output is no file of ours.
  consuming func finish(
    replacing: Bool, attributes: FileAttributes, sync: Bool
  ) throws(IOError) -> CommittedFile? {
    var ends = consume self
    if let stream = ends.stream.take() {
      try stream.finish(sync: false)
      return nil
    }
    return try ends.atomic.take()?.commit(replacing: replacing, attributes: attributes, sync: sync)
  }
}
