// SPDX-License-Identifier: Apache-2.0

/// Reads a qpress archive, as `.qp` backups are made of: directories and files in order, the content of files block by
/// block. Does no I/O, and works with any sizes of input and output.
///
/// ```swift
/// let reader = try QuickLZArchiveReader()
/// let step = try reader.step(input, into: &output, isEnd: false)
/// switch step.event {
/// case .file(let name): open(reader.directories, name)
/// case .fileEnd(let isComplete): close(isComplete)
/// …
/// ```
///
/// Every name is refused that could lead out of the folder to extract to: absolute ones, and `.`, `..` and empty ones as a
/// part. That is an event, and the file, or all that is in the directory, is passed over. What a name means to the file
/// system, such as links that are there already, is the caller's business.
///
/// A damaged block is an event: the rest of its file is passed over without decoding, so that the files behind it can be
/// had. What was delivered of the file before is right. Everything else that is wrong ends the archive.
public final class QuickLZArchiveReader {
  /// What a step came to.
  public enum Event: Hashable, Sendable {
    /// All input is consumed, and more is needed.
    case needsInput
    /// There is content to deliver, and no room for it.
    case needsOutput
    /// What follows lies in a directory of this name, which may be a path.
    case directory(name: [UInt8])
    /// The directory that was entered last ends.
    case directoryEnd
    /// A file begins; its content follows.
    case file(name: [UInt8])
    /// A file or directory has a name that leads elsewhere, and is passed over with all that is in it: its path with the
    /// directories that it lies in, and why.
    case refused(path: [[UInt8]], CodecError)
    /// The file is damaged, and the rest of it will not be delivered: why.
    case damage(CodecError)
    /// The file ends. It is not complete when it was damaged or skipped.
    case fileEnd(isComplete: Bool)
    /// The archive ends.
    case end
  }

  /// What a step did.
  public struct Step: Hashable, Sendable {
    /// How many bytes of the input were consumed.
    public var consumed: Int
    /// How many bytes were appended to the output: content of the file that began last.
    public var produced: Int
    /// What was met after that.
    public var event: Event
  }

  /// The directories that were entered and not left, outermost first.
  public private(set) var directories: [[UInt8]] = []
  /// How large blocks may be, as the archive says; 0 before its beginning was read.
  public private(set) var chunkSize = 0
  /// How many bytes of the archive were understood.
  public private(set) var position: UInt64 = 0
  /// How much content the current file had so far. Of a file that is skipped, how much its blocks say they hold.
  public private(set) var fileSize: UInt64 = 0
  /// What was wrong last.
  private(set) var fault: QuickLZFault?
  /// Whether a step ends, with `needsOutput`, before every block.
  var pausesAtBlocks = false

  private let maximumWindowSize: UInt64
  private let refusesUnsafeNames: Bool
  /// Whether errors say which block of the file it is, counted from 1.
  var namesBlocks = true
  /// How many blocks of the current file were read.
  private var blockCount: UInt64 = 0
  /// How many directories are entered with the first one of them that was refused; `nil` when none is.
  private var refusedDepth: Int?
  /// Whether the current file, too, is not spoken of.
  private var isHidden = false
  /// Whether the current file is skipped because nobody wants it.
  private var isUnwanted = false
  private let decoder = QuickLZBlockDecoder()
  private var pathLength = 0
  /// What may stand at ``position``.
  private(set) var place = QuickLZArchivePlace.start
  private var mode = Mode.reading
  /// The beginning of an item that the input did not hold as a whole.
  private var held = ByteBuffer()
  /// A block's content that did not fit into the caller's output.
  private var decoded = ByteBuffer()

  private enum Mode: Hashable {
    case reading
    /// From block to block, to the end of the file.
    case skipping
    /// Behind a block whose size may be part of the damage.
    case doubting(length: Int)
    /// For the next block or the end of the file, which do not begin in so many bytes.
    case searching(past: Int)
    case ended, failed
  }

  /// What the front of the archive comes to.
  private enum Look {
    /// So many bytes must be there first.
    case more(needed: Int)
    /// So many bytes mean nothing.
    case drop(Int)
    case item(QuickLZArchiveItem, length: Int)
    case damage(CodecError)
  }

  /// Makes a reader.
  ///
  /// - Parameter options: ``DecompressionLimits/maximumWindowSize`` bounds the size of blocks. Output limits are the
  ///   caller's to keep, who sees what each step produced.
  /// - Throws: ``CodecError`` with `invalidOption` when a dictionary is set.
  public convenience init(_ options: DecompressionOptions = .init()) throws(CodecError) {
    try options.refuseDictionary(codec: "quicklz")
    self.init(limits: options.limits, refusesUnsafeNames: true)
  }

  init(limits: DecompressionLimits, refusesUnsafeNames: Bool) {
    maximumWindowSize = limits.maximumWindowSize
    self.refusesUnsafeNames = refusesUnsafeNames
  }

  /// Back to the beginning of another archive, keeping allocations.
  public func reset() {
    directories = []
    pathLength = 0
    chunkSize = 0
    position = 0
    fileSize = 0
    fault = nil
    blockCount = 0
    refusedDepth = nil
    isHidden = false
    isUnwanted = false
    place = .start
    mode = .reading
    held.removeAll()
    decoded.removeAll()
  }

  /// Leaves the file that is being read: the rest of its blocks is not decoded. Without effect between files.
  public func skipFile() {
    guard place == .block, mode == .reading else { return }
    decoded.removeAll()
    mode = .skipping
    isUnwanted = true
  }

  /// Goes on until there is something to tell.
  ///
  /// - Parameters:
  ///   - input: the archive behind what was consumed so far.
  ///   - output: where content is appended.
  ///   - isEnd: whether nothing follows the input.
  /// - Returns: what was done and met. What was produced belongs before the event.
  /// - Throws: ``CodecError`` with `truncated`, `corrupt`, `checksumMismatch`, `unknownFormat`, `unsupportedFeature` or
  ///   `limitExceeded`. What was appended to `output` before is valid; nothing more can be had of the archive.
  public func step(_ input: RawSpan, into output: inout OutputRawSpan, isEnd: Bool) throws(CodecError) -> Step {
    let before = output.byteCount
    var used = 0
    let event = try work(input, &used, into: &output, isEnd: isEnd)
    return Step(consumed: used, produced: output.byteCount - before, event: event)
  }

  /// Whether nothing is held, and all that was read is sound.
  var isAtBorder: Bool { mode == .reading && held.isEmpty && decoded.isEmpty }

  /// Takes note of a block that was decoded elsewhere. Only between blocks.
  func accept(_ block: RawSpan, contentSize: Int) {
    position += UInt64(block.byteCount)
    fileSize += UInt64(contentSize)
    blockCount += 1
  }

  /// Moves to another block of the file. Only between blocks.
  func moveToBlock(_ number: UInt64, at position: UInt64, fileSize: UInt64) {
    self.position = position
    self.fileSize = fileSize
    blockCount = number
  }

  /// How many bytes of input suit the reader best at a time.
  var preferredInputSize: Int { max(128 << 10, min(2 * chunkSize, 8 << 20) + 4096) }

  /// How much room suits the reader best at a time.
  var preferredOutputSize: Int { max(256 << 10, min(2 * chunkSize, 8 << 20)) }

  private func work(
    _ input: RawSpan, _ used: inout Int, into output: inout OutputRawSpan, isEnd: Bool
  ) throws(CodecError) -> Event {
    var hasRead = false
    while true {
      if decoded.drain(into: &output) > 0 { hasRead = true }
      guard decoded.isEmpty else { return .needsOutput }
      if pausesAtBlocks, place == .block, used > 0, used < input.byteCount, isAtBorder { return .needsOutput }
      if mode == .failed {
        throw CodecError(.streamFinished, codec: "quicklz", reason: "the archive has failed and takes no more input")
      }
      if mode == .ended {
        guard used == input.byteCount else {
          throw CodecError(.streamFinished, codec: "quicklz", reason: "the archive has ended and takes no more input")
        }
        return .end
      }
      if held.isEmpty {
        let front = input.dropping(used)
        if place == .entry, front.isEmpty {
          if isEnd { mode = .ended }
          return isEnd ? .end : .needsInput
        }
        switch try look(front) {
        case .damage(let error): return .damage(error)
        case .drop(let count):
          used += count
          position += UInt64(count)
        case .item(let item, let length):
          // A caller that empties its output saves a copy.
          if hasRead, contentSize(item) > output.freeCapacity { return .needsOutput }
          let taken = try take(item, front.extracting(0..<length), into: &output)
          used += taken.length
          if let event = taken.event { return event }
          hasRead = true
        case .more:
          if isEnd {
            if giveUpDoubt() { continue }
            throw failure(QuickLZArchiveFormat.cut(front, at: place), 0)
          }
          // A caller that tops its input up saves one as well.
          if hasRead, !front.isEmpty { return .needsOutput }
          held.append(front)
          used = input.byteCount
          return .needsInput
        }
      } else {
        var bytes = held.take()
        defer { swap(&bytes, &held) }
        switch try look(bytes.bytes) {
        case .damage(let error): return .damage(error)
        case .drop(let count):
          bytes.removeFirst(count)
          position += UInt64(count)
        case .item(let item, let length):
          if hasRead, contentSize(item) > output.freeCapacity { return .needsOutput }
          let taken = try take(item, bytes.bytes.extracting(0..<length), into: &output)
          bytes.removeFirst(taken.length)
          if let event = taken.event { return event }
          hasRead = true
        case .more(let needed):
          guard used < input.byteCount else {
            guard isEnd else { return .needsInput }
            if giveUpDoubt() { continue }
            throw failure(QuickLZArchiveFormat.cut(bytes.bytes, at: place), 0)
          }
          // No more than the item needs, so that what follows it can be read in place.
          let taken = min(max(1, needed - bytes.count), input.byteCount - used)
          bytes.append(input.extracting(used..<used + taken))
          used += taken
        }
      }
    }
  }

  /// Behind the block in doubt, the archive ends too soon to tell.
  private func giveUpDoubt() -> Bool {
    guard case .doubting = mode else { return false }
    mode = .searching(past: 1)
    return true
  }

  private func look(_ front: RawSpan) throws(CodecError) -> Look {
    if case .doubting(let length) = mode {
      guard front.byteCount >= length + 8 else { return .more(needed: length + 8) }
      let isRight = QuickLZArchiveFormat.beginsWithMarker(front.dropping(length))
      mode = isRight ? .skipping : .searching(past: 1)
      return .drop(isRight ? length : 0)
    }
    if case .searching(let past) = mode {
      if past > 0 {
        let count = min(past, front.byteCount)
        mode = .searching(past: past - count)
        return count > 0 ? .drop(count) : .more(needed: 1)
      }
      let found = QuickLZArchiveFormat.nextMarker(front)
      guard found == 0 else {
        return found > 0 ? .drop(found) : .more(needed: QuickLZArchiveFormat.trailerSize)
      }
      mode = .skipping
    }
    do throws(QuickLZFault) {
      switch try QuickLZArchiveFormat.extent(of: front, at: place, chunkSize: chunkSize) {
      case .unknown(let needed): return .more(needed: needed)
      case .known(let item, let length):
        return length <= front.byteCount ? .item(item, length: length) : .more(needed: length)
      }
    } catch {
      guard place == .block else { throw failure(error, 0) }
      let wasReading = mode == .reading
      mode = .searching(past: 1)
      return wasReading ? .damage(damage(error, error == .badBlockMarker ? 0 : 20)) : .drop(0)
    }
  }

  private func contentSize(_ item: QuickLZArchiveItem) -> Int {
    if mode == .reading, case .block(_, _, let packet) = item { packet.contentSize } else { 0 }
  }

  /// Takes note of an item that is there as a whole.
  ///
  /// - Returns: what to tell of it, and how many bytes are done with.
  private func take(
    _ item: QuickLZArchiveItem, _ bytes: RawSpan, into output: inout OutputRawSpan
  ) throws(CodecError) -> (event: Event?, length: Int) {
    var event: Event?
    switch item {
    case .header(let chunkSize):
      guard UInt64(chunkSize) <= maximumWindowSize else {
        mode = .failed
        throw CodecError(
          .limitExceeded, codec: "quicklz", inputOffset: 8,
          reason: "the archive has blocks of \(chunkSize) bytes; the limit is \(maximumWindowSize)",
          requiredLimit: UInt64(chunkSize))
      }
      self.chunkSize = chunkSize
      place = .entry
    case .directory(let name):
      pathLength += name.count + 1
      guard pathLength <= QuickLZArchiveFormat.longestPath else { throw failure(.badName, 0) }
      directories.append(name)
      guard refusedDepth == nil else { break }
      if isAcceptable(name) {
        event = .directory(name: name)
      } else {
        refusedDepth = directories.count
        event = .refused(path: directories, damage(.unsafeName, 0))
      }
    case .up:
      guard let left = directories.popLast() else { throw failure(.unbalancedUp, 0) }
      pathLength -= left.count + 1
      if let depth = refusedDepth {
        if directories.count < depth { refusedDepth = nil }
      } else {
        event = .directoryEnd
      }
    case .file(let name):
      fileSize = 0
      blockCount = 0
      place = .block
      isHidden = refusedDepth != nil || !isAcceptable(name)
      if isHidden { mode = .skipping }
      if !isHidden {
        event = .file(name: name)
      } else if refusedDepth == nil {
        event = .refused(path: directories + [name], damage(.unsafeName, 0))
      }
    case .block(_, let checksum, let packet):
      if isUnwanted { fileSize &+= UInt64(packet.contentSize) }
      if mode == .reading, let error = decode(bytes, checksum, packet, into: &output) {
        event = .damage(error)
        if case .doubting = mode { return (event, 0) }
      }
      blockCount += 1
    case .trailer:
      if !isHidden { event = .fileEnd(isComplete: mode == .reading) }
      mode = .reading
      isHidden = false
      isUnwanted = false
      place = .entry
    }
    position += UInt64(bytes.byteCount)
    return (event, bytes.byteCount)
  }

  private func isAcceptable(_ name: [UInt8]) -> Bool {
    !refusesUnsafeNames || QuickLZArchiveFormat.isSafe(name)
  }

  private func decode(
    _ block: RawSpan, _ checksum: UInt32, _ packet: QuickLZHeader, into output: inout OutputRawSpan
  ) -> CodecError? {
    let problem: (fault: QuickLZFault, offset: Int)?
    if output.freeCapacity >= packet.contentSize {
      problem = decoder.decode(block, checksum: checksum, packet, into: &output)
    } else {
      var aside = decoded.take()
      defer { swap(&aside, &decoded) }
      aside.reserve(packet.contentSize)
      var room = aside.room()
      problem = decoder.decode(block, checksum: checksum, packet, into: &room)
      if problem == nil { aside.didAppend(packet.contentSize) }
    }
    if let problem {
      mode = problem.fault == .checksum ? .doubting(length: block.byteCount) : .skipping
      return damage(problem.fault, problem.offset)
    }
    fileSize += UInt64(packet.contentSize)
    return nil
  }

  private func failure(_ fault: QuickLZFault, _ offset: Int) -> CodecError {
    mode = .failed
    return damage(fault, offset)
  }

  private func damage(_ fault: QuickLZFault, _ offset: Int) -> CodecError {
    self.fault = fault
    let isInBlock = place == .block && fault != .unsafeName && fault != .truncatedTrailer
    let block = namesBlocks && isInBlock ? blockCount + 1 : nil
    return fault.error(at: position + UInt64(offset), block: block).completed(codec: "quicklz")
  }
}
