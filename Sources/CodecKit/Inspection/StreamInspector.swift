// SPDX-License-Identifier: Apache-2.0

/// Walks a stream to report its structure: headers and sizes, without decoding more than it must.
///
/// The caller feeds bytes from the start of the stream and obeys the answer: how many bytes were used, and how many
/// bytes behind them are of no interest. A caller that can seek jumps over those; one that cannot reads and drops them.
public protocol StreamInspector: AnyObject {
  /// Looks at the next bytes.
  ///
  /// - Parameters:
  ///   - input: bytes that follow what was used and skipped so far.
  ///   - isEnd: whether the stream ends behind them.
  /// - Returns: what was used, and what may be skipped after it. With nothing used and nothing skipped, more input is
  ///   needed; at the end, that means done.
  /// - Throws: ``CodecError`` with `truncated`, `corrupt` and the like. ``report`` holds what was seen before.
  func inspect(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> InspectionStep

  /// What was seen so far; complete after the last call.
  var report: StreamReport { get }
}

/// How an inspector wants to go on.
public struct InspectionStep: Hashable, Sendable {
  /// How many of the given bytes were used.
  public var used: Int
  /// How many bytes after the used ones may be skipped; they may lie behind the given ones, even behind the end.
  public var skip: UInt64

  /// Makes a step.
  public init(used: Int, skip: UInt64 = 0) {
    self.used = used
    self.skip = skip
  }
}

/// The structure of a compressed stream.
public struct StreamReport: Hashable, Sendable {
  /// One frame, member or chunk.
  public struct Frame: Hashable, Sendable {
    /// What it is, such as `frame`, `skippable`, `member`.
    public var kind: String
    /// Where it starts in the stream.
    public var offset: UInt64
    /// Its size in the stream, headers and all.
    public var packedSize: UInt64
    /// How many bytes it holds, when that is known without decoding.
    public var contentSize: UInt64?
    /// How many blocks it has, when it is made of blocks.
    public var blocks: UInt64?
    /// More facts: name and value, in the order to show, such as `window: 2 MiB`.
    public var details: [Detail]

    /// Makes a frame.
    public init(
      kind: String, offset: UInt64, packedSize: UInt64, contentSize: UInt64? = nil, blocks: UInt64? = nil,
      details: [Detail] = []
    ) {
      self.kind = kind
      self.offset = offset
      self.packedSize = packedSize
      self.contentSize = contentSize
      self.blocks = blocks
      self.details = details
    }
  }

  /// A named fact.
  public struct Detail: Hashable, Sendable {
    /// What it is about, such as `window`.
    public var name: String
    /// The fact, such as `2 MiB`.
    public var value: String

    /// Makes a fact.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The most frames that a report lists; further ones are counted only, so that memory stays bounded.
  public static let maximumListedFrames = 100_000

  /// The most bytes of text that the details of the listed frames have in all: names and comments come from the stream.
  static let maximumListedText = 16 << 20

  private var listedText = 0

  /// The frames in order, at most ``maximumListedFrames``, and fewer when their details are long.
  public private(set) var frames: [Frame] = []
  /// How many frames there are, listed or not.
  public private(set) var frameCount: UInt64 = 0
  /// How many of them hold content; the others are skippable or padding.
  public private(set) var contentFrameCount: UInt64 = 0
  /// How many bytes the stream holds, when every frame says so.
  public private(set) var contentSize: UInt64? = 0
  /// Which checksum protects the content, such as `XXH64`; `nil` when there is none, or not on every frame.
  public var checksum: String?
  /// Facts about the whole stream, in the order to show.
  public var details: [Detail] = []
  /// By what it can be decoded in parallel, such as `frames`; `nil` when it cannot.
  public var parallelBy: String?
  /// By what a ``PartReader`` finds places in it to begin at, such as `the seek table`; `nil` when there are none but the
  /// start.
  public var seekableBy: String?

  /// How it can be decoded, such as `in parallel, by frames; anywhere, by the seek table`, or `from start to end`.
  public var access: String {
    let ways = [parallelBy.map { "in parallel, by \($0)" }, seekableBy.map { "anywhere, by \($0)" }].compactMap(\.self)
    return ways.isEmpty ? "from start to end" : ways.joined(separator: "; ")
  }

  /// An empty report.
  public init() {}

  /// Adds a frame.
  ///
  /// - Parameters:
  ///   - frame: the frame.
  ///   - holdsContent: whether decoding it delivers bytes.
  public mutating func append(_ frame: Frame, holdsContent: Bool = true) {
    frameCount += 1
    if holdsContent {
      contentFrameCount += 1
      if let size = frame.contentSize, let sum = contentSize {
        let (total, overflow) = sum.addingReportingOverflow(size)
        contentSize = overflow ? nil : total
      } else {
        contentSize = nil
      }
    }
    guard frames.count < Self.maximumListedFrames, listedText < Self.maximumListedText else { return }
    listedText += frame.details.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    frames.append(frame)
  }
}
