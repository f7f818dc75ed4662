// SPDX-License-Identifier: Apache-2.0

/// What could not be done with an archive, and why.
public import CodecKit
public import SystemIO

/// What could not be done with an archive, and why.
///
/// Switch on ``code``: codes are stable, reasons are for people and may change.
public struct ArchiveError: Error, Hashable, Sendable {
  /// The kind of failure. A struct, not an enum, so that new kinds can be added without breaking clients.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Kind: String, Sendable {
      case truncated, corrupt, checksumMismatch, notAnArchive, unsupportedFeature, limitExceeded, unsafeTree
      case notFound, missingParent, wrongParent, invalidOption, cancelled, io, codec
    }

    private let kind: Kind

    private init(_ kind: Kind) { self.kind = kind }

    /// The archive ends before it is complete.
    public static let truncated = Code(.truncated)
    /// The archive breaks a rule of its format.
    public static let corrupt = Code(.corrupt)
    /// Bytes are not what their checksum says.
    public static let checksumMismatch = Code(.checksumMismatch)
    /// These bytes are no archive.
    public static let notAnArchive = Code(.notAnArchive)
    /// The archive asks for what this version does not know.
    public static let unsupportedFeature = Code(.unsupportedFeature)
    /// Going on would exceed a limit.
    public static let limitExceeded = Code(.limitExceeded)
    /// The tree has a path, link or order that no honest writer makes.
    public static let unsafeTree = Code(.unsafeTree)
    /// There is no such entry.
    public static let notFound = Code(.notFound)
    /// The archive needs a parent that was not given.
    public static let missingParent = Code(.missingParent)
    /// A parent was given that is not the one.
    public static let wrongParent = Code(.wrongParent)
    /// Something was asked for that cannot be.
    public static let invalidOption = Code(.invalidOption)
    /// The work was given up because the caller wished it.
    public static let cancelled = Code(.cancelled)
    /// The system refused; see ``ArchiveError/system``.
    public static let io = Code(.io)
    /// A codec failed; see ``ArchiveError/codec``.
    public static let codec = Code(.codec)

    /// The name of the code, such as `truncated`.
    public var description: String { kind.rawValue }
  }

  /// The kind of failure; stable.
  public let code: Code
  /// Why, in one sentence: lower case, no full stop.
  public let reason: String
  /// Where in the archive.
  public let offset: UInt64?
  /// The entry concerned.
  public let path: [UInt8]?
  /// The archive concerned, when it is another one than that at hand: the name of an ancestor.
  public let ancestor: String?
  /// What the system said, if it refused.
  public let system: IOError?
  /// What a codec said, if one failed.
  public let codec: CodecError?

  /// Makes an error.
  ///
  /// - Parameters:
  ///   - code: the kind of failure.
  ///   - reason: why, in one sentence, lower case, no full stop.
  ///   - offset: where in the archive.
  ///   - path: the entry concerned.
  public init(_ code: Code, _ reason: String, offset: UInt64? = nil, path: [UInt8]? = nil) {
    self.init(code, reason, offset: offset, path: path, ancestor: nil, system: nil, codec: nil)
  }

  /// Wraps what the system answered.
  ///
  /// - Parameters:
  ///   - error: the answer.
  ///   - path: the entry concerned.
  public init(_ error: IOError, path: [UInt8]? = nil) {
    self.init(.io, error.description, offset: nil, path: path, ancestor: nil, system: error, codec: nil)
  }

  /// Wraps what a codec reported.
  ///
  /// - Parameters:
  ///   - error: the report. Damage stays damage; a missing feature stays one.
  ///   - offset: where the payload stands in the archive.
  public init(_ error: CodecError, offset: UInt64? = nil) {
    let code: Code =
      switch error.code {
      case .truncated, .corrupt, .contentSizeMismatch: .corrupt
      case .checksumMismatch: .checksumMismatch
      case .unsupportedFeature, .unknownFormat, .dictionaryRequired: .unsupportedFeature
      case .limitExceeded: .limitExceeded
      case .levelOutOfRange, .invalidOption: .invalidOption
      default: .codec
      }
    self.init(code, error.reason, offset: offset, path: nil, ancestor: nil, system: nil, codec: error)
  }

  private init(
    _ code: Code, _ reason: String, offset: UInt64?, path: [UInt8]?, ancestor: String?, system: IOError?,
    codec: CodecError?
  ) {
    self.code = code
    self.reason = reason
    self.offset = offset
    self.path = path
    self.ancestor = ancestor
    self.system = system
    self.codec = codec
  }

  /// The same error, said of an entry, if it is not said of one already.
  public func about(_ path: [UInt8]) -> ArchiveError {
    if self.path != nil { return self }
    return ArchiveError(code, reason, offset: offset, path: path, ancestor: ancestor, system: system, codec: codec)
  }

  /// The same error, said of one archive of several, if it names one.
  func inside(_ archive: String?) -> ArchiveError {
    guard let archive else { return self }
    return ArchiveError(
      code, "\(reason), in \(archive)", offset: offset, path: path, ancestor: archive, system: system, codec: codec)
  }

  /// The same error, met in the parent of the archive that is being written, or in an ancestor of that.
  func inParent(_ name: String) -> ArchiveError {
    ArchiveError(
      code, "the parent\(name.isEmpty ? "" : " \(name)"): \(reason)", offset: offset, path: path,
      ancestor: ancestor ?? name, system: system, codec: codec)
  }

  /// Whether bytes of the archive are not what they should be.
  public var isDamage: Bool {
    code == .truncated || code == .corrupt || code == .checksumMismatch || code == .unsafeTree
  }

  static func corrupt(_ reason: String, at offset: UInt64? = nil) -> ArchiveError {
    ArchiveError(.corrupt, reason, offset: offset)
  }
}
