// SPDX-License-Identifier: Apache-2.0

/// What a codec, a stream or a registry could not do, and why.
///
/// Switch on ``code``: codes are stable, reasons are for people and may change.
public struct CodecError: Error, Hashable, Sendable {
  /// The kind of failure. A struct, not an enum, so that new kinds can be added without breaking clients.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Kind: String, Sendable {
      case truncated, corrupt, checksumMismatch, unknownFormat, unsupportedFeature, dictionaryRequired
      case limitExceeded, levelOutOfRange, invalidOption, contentSizeMismatch, outputTooSmall, outOfMemory
      case streamFinished, internalInconsistency
    }

    private let kind: Kind

    private init(_ kind: Kind) { self.kind = kind }

    /// The input ends before the data does. More bytes may cure it.
    public static let truncated = Code(.truncated)
    /// The input breaks a rule of its format. More bytes cannot cure it.
    public static let corrupt = Code(.corrupt)
    /// The data decoded, but a stored checksum says that it is not what was written.
    public static let checksumMismatch = Code(.checksumMismatch)
    /// No registered codec knows these bytes or this name.
    public static let unknownFormat = Code(.unknownFormat)
    /// The format is known, but this version or feature of it is not supported.
    public static let unsupportedFeature = Code(.unsupportedFeature)
    /// The data needs a dictionary that was not given, or another one than was given.
    public static let dictionaryRequired = Code(.dictionaryRequired)
    /// Going on would exceed one of the ``DecompressionLimits``.
    public static let limitExceeded = Code(.limitExceeded)
    /// The codec has no such level.
    public static let levelOutOfRange = Code(.levelOutOfRange)
    /// An option or a spec string asks for what the codec cannot do.
    public static let invalidOption = Code(.invalidOption)
    /// The data is longer or shorter than the size that was declared for it.
    public static let contentSizeMismatch = Code(.contentSizeMismatch)
    /// A one-shot call was given too little room for its result.
    public static let outputTooSmall = Code(.outputTooSmall)
    /// Memory could not be had.
    public static let outOfMemory = Code(.outOfMemory)
    /// The stream has ended or failed already and takes no more calls.
    public static let streamFinished = Code(.streamFinished)
    /// A codec contradicts itself, for example when what it wrote does not decode to its input. Always a bug, never the
    /// fault of the input.
    public static let internalInconsistency = Code(.internalInconsistency)

    /// The name of the code, such as `truncated`.
    public var description: String { kind.rawValue }
  }

  /// A status number and its name, as a C library reported them.
  public struct NativeStatus: Hashable, Sendable, CustomStringConvertible {
    /// The library's own number.
    public let number: Int
    /// The library's own name or text for it.
    public let name: String

    /// Makes a status from a number and its name.
    public init(number: Int, name: String) {
      self.number = number
      self.name = name
    }

    /// The name with the number, such as `Corrupted block detected (20)`.
    public var description: String { "\(name) (\(number))" }
  }

  /// The kind of failure; stable.
  public let code: Code
  /// The codec that failed, if one did.
  public let codec: CodecID?
  /// Where in the input: the offset of the first byte that was not understood, counted from the start of the stream.
  /// Inside of deflate data, whose libraries read ahead, it may be up to 16 bytes beside that, and depend on how the input came.
  /// Where the output has passed a limit it says how far had been read by then.
  public let inputOffset: UInt64?
  /// Why, in one sentence: lower case, no full stop.
  public let reason: String
  /// What the C library said, if one did.
  public let native: NativeStatus?
  /// For `limitExceeded`: the value of the limit that would have been enough, when that is known.
  public let requiredLimit: UInt64?

  /// Makes an error.
  ///
  /// - Parameters:
  ///   - code: the kind of failure.
  ///   - codec: the codec that failed.
  ///   - inputOffset: the offset of the first byte that was not understood.
  ///   - reason: why, in one sentence, lower case, no full stop.
  ///   - native: what a C library reported.
  ///   - requiredLimit: the value of the limit that would have been enough.
  public init(
    _ code: Code, codec: CodecID? = nil, inputOffset: UInt64? = nil, reason: String, native: NativeStatus? = nil,
    requiredLimit: UInt64? = nil
  ) {
    self.code = code
    self.codec = codec
    self.inputOffset = inputOffset
    self.reason = reason
    self.native = native
    self.requiredLimit = requiredLimit
  }
}
