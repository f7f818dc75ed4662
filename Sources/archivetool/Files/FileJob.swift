// SPDX-License-Identifier: Apache-2.0

import CodecKit
import CommandLineKit
import SystemIO

/// Turns one input into one output: the order of things that makes it safe.
///
/// The output is written under a temporary name, completed, and only then named; the source goes only after the output
/// is on the device.
struct FileJob {
  let session: Session
  let files: FileOptions
  var sparse = SparseChoice.never
  /// Compares the finished output, still under its temporary name, with the checksum of what was read.
  var verify: ((_ temporary: Path, _ hash: UInt128) throws(Failure) -> Void)?

  /// Moves an input through a pump to its target.
  ///
  /// - Parameters:
  ///   - input: the input; its prefix goes first.
  ///   - pump: what happens on the way.
  ///   - target: where to.
  ///   - attributes: what the output takes over.
  /// - Returns: what was moved.
  func run(
    _ input: consuming OpenedInput, through pump: inout StreamPump, to target: OutputTarget,
    attributes: FileAttributes
  ) throws(Failure) -> TransferResult {
    let name = input.name
    if files.remove {
      guard case .file = target else { throw Failure(.usage, "--rm needs an output file", input: name) }
    }
    if case .file(let path) = target, session.written.contains(path) { throw notReplaced(path) }
    if verify != nil { input.source.startHashing() }
    var sink: OutputSink
    do throws(IOError) { sink = try OutputSink(target, sparse: sparse) } catch {
      throw Failure(error, input: target.name)
    }
    let prefix = input.prefix
    let result = try Transfer.run(
      &pump, from: &input.source, to: &sink, prefix: prefix, input: name, output: target.name,
      progress: session.progress)
    if let verify, let temporary = sink.temporary, let hash = input.source.hashValue {
      try verify(temporary, hash)
    }
    var receipt: CommittedFile?
    var isPlaced = true
    do throws(IOError) {
      let sync = files.sync || files.remove
      // Without -f nothing is replaced anyway.
      if files.force, case .file(let path) = target {
        var last: OutputSink? = sink
        isPlaced = try session.written.replace(path) { () throws(IOError) -> CommittedFile? in
          receipt = try last.take()?.finish(replacing: true, attributes: attributes, sync: sync)
          return receipt
        }
      } else {
        receipt = try sink.finish(replacing: files.force, attributes: attributes, sync: sync)
      }
    } catch {
      if error.errno == .exists {
        throw Failure(.partial, "already exists", path: target.name.path, hint: "-f replaces it")
      }
      throw Failure(error, input: target.name)
    }
    if !isPlaced, case .file(let path) = target { throw notReplaced(path) }
    if files.remove, let receipt { try removeSource(input, receipt) }
    return result
  }

  private func notReplaced(_ path: Path) -> Failure {
    Failure(
      .partial, "not replaced: another input of this run became this file", path: path.bytes,
      hint: "rename one of the inputs, or use another folder")
  }

  /// Removes a source whose output an earlier run has put in place.
  ///
  /// - Parameters:
  ///   - input: the source.
  ///   - output: the output, which has been compared with it.
  func removeSource(_ input: borrowing OpenedInput, foundAt output: Path) throws(Failure) {
    let receipt: CommittedFile
    do throws(IOError) { receipt = try FileSystem.makeDurable(output) } catch {
      throw Failure(error, input: InputName(path: output.bytes))
    }
    try removeSource(input, receipt)
  }

  private func removeSource(_ input: borrowing OpenedInput, _ receipt: CommittedFile) throws(Failure) {
    guard let path = input.name.path else { return }
    do throws(IOError) {
      guard try input.isUnchanged() else {
        session.reporter.warning(Failure(.partial, "kept: it changed while it was read", input: input.name))
        return
      }
      // The name may lead to another file by now, such as the new one of a log that was rotated.
      guard try FileSystem.status(of: Path(path)).isSameFile(as: input.status) else {
        session.reporter.warning(Failure(.partial, "kept: another file has taken its name", input: input.name))
        return
      }
      try FileSystem.removeSource(Path(path), copiedTo: receipt)
    } catch {
      throw Failure(error, input: input.name)
    }
  }
}
