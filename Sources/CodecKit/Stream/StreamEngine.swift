// SPDX-License-Identifier: Apache-2.0

/// The stateful half of a codec: it turns input into output, step by step, with any sizes of either.
///
/// Implement this to add a codec; use ``Compressor`` and ``Decompressor`` to work with one. An engine serves one stream
/// at a time and is not shared between threads.
public protocol StreamEngine: AnyObject {
  /// Consumes a prefix of `input` and appends to `output`.
  ///
  /// It never does I/O and never keeps `input`. A call must make progress: consume, produce or change its answer. With
  /// `.finish`, no input follows what is given: the engine ends the stream, or throws `truncated` when it is a
  /// decompressor in the middle of something. After a throw, what was appended to `output` is valid, and the engine takes
  /// nothing but ``reset()``.
  ///
  /// - Parameters:
  ///   - input: the bytes to work on; what is not consumed must be given again.
  ///   - output: where results are appended.
  ///   - flush: whether to hold back input for a better result (`none`), or to push everything out.
  /// - Returns: how much was consumed and produced, and what the engine waits for.
  /// - Throws: ``CodecError``.
  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep

  /// Back to the state after creation, keeping allocations.
  func reset() throws(CodecError)

  /// How much input at a time suits the engine best, in bytes. Default: 128 KiB. Any size works.
  ///
  /// It may change from step to step, as an engine learns from the stream how much it needs.
  var preferredInputSize: Int { get }

  /// How much room for output at a time suits the engine best, in bytes. Default: 256 KiB. Any size works.
  var preferredOutputSize: Int { get }

  /// What the engine met that is no error but that the caller may want to tell. Default: nothing.
  var notices: [StreamNotice] { get }
}

extension StreamEngine {
  /// 128 KiB.
  public var preferredInputSize: Int { 128 << 10 }

  /// 256 KiB.
  public var preferredOutputSize: Int { 256 << 10 }

  /// Nothing.
  public var notices: [StreamNotice] { [] }
}

/// How urgently output is wanted.
public enum Flush: Hashable, Sendable {
  /// The engine may hold input back.
  case none
  /// Everything given so far must become output, readable for a decompressor or read by one; the stream goes on.
  case block
  /// No input follows; the stream ends.
  case finish
}

/// What one step of an engine did.
public struct StreamStep: Hashable, Sendable {
  /// What the engine waits for.
  public enum State: Hashable, Sendable {
    /// All input is consumed, and everything asked for is in the output.
    case needsInput
    /// There is more to deliver: call again with the rest of the input and with room for output.
    case needsOutput
    /// The stream has ended.
    case finished
  }

  /// How many bytes of the input were consumed.
  public var consumed: Int
  /// How many bytes were appended to the output.
  public var produced: Int
  /// What the engine waits for.
  public var state: State

  /// Makes a step.
  public init(consumed: Int, produced: Int, state: State) {
    self.consumed = consumed
    self.produced = produced
    self.state = state
  }
}

/// Something that a decoder met and that is no error: all data was delivered.
public struct StreamNotice: Hashable, Sendable {
  /// What was met.
  public enum Kind: Hashable, Sendable {
    /// Bytes follow the end of the data that do not belong to it.
    case trailingData
    /// The stream ends at a legal border, but its writer would have gone on.
    case possiblyTruncated
  }

  /// What was met.
  public let kind: Kind
  /// Where in the input.
  public let inputOffset: UInt64
  /// The same in one sentence: lower case, no full stop.
  public let text: String

  /// Makes a notice.
  public init(_ kind: Kind, inputOffset: UInt64, text: String) {
    self.kind = kind
    self.inputOffset = inputOffset
    self.text = text
  }
}
