// SPDX-License-Identifier: Apache-2.0

// What stands in a damaged gzip stream: members.

extension Gzip {
  /// A walker from member to member. Of a damaged member, what comes before the damage is read.
  public func makeSalvageWalker(_ options: DecompressionOptions) throws(CodecError) -> (any SalvageWalker)? {
    try options.refuseDictionary(codec: descriptor.id)
    return GzipSalvageWalker(
      options, try library.makeInflater(codec: descriptor.id), trials: try library.makeInflater(codec: descriptor.id))
  }
}

/// Reads one member, and takes nothing behind it.
final class GzipMemberEngine: StreamEngine {
  private let engine: InflateEngine
  private var taken: UInt64 = 0
  /// How many bytes the member has, once it has been read and checked.
  private(set) var memberSize: UInt64?

  init(_ inflater: any RawInflater) {
    let framing = GzipFraming(requiresProvenEnd: false, stopsAfterMember: true)
    engine = InflateEngine(inflater, framing, trailingData: .ignore)
    framing.onMember = { [unowned self] _, member in memberSize = member.packedSize }
  }

  var preferredInputSize: Int { engine.preferredInputSize }

  var preferredOutputSize: Int { engine.preferredOutputSize }

  func step(_ input: RawSpan, into output: inout OutputRawSpan, flush: Flush) throws(CodecError) -> StreamStep {
    guard memberSize == nil else { return StreamStep(consumed: 0, produced: 0, state: .finished) }
    var step = try engine.step(input, into: &output, flush: flush)
    if let memberSize {
      // What was swallowed behind the member is given back.
      step.consumed = Int(memberSize - min(memberSize, taken))
      step.state = .finished
    }
    taken += UInt64(step.consumed)
    return step
  }

  func reset() {
    engine.reset()
    taken = 0
    memberSize = nil
  }
}

/// Walks a gzip stream from member to member: by the sizes that headers tell, or by decoding. Behind damage, the next
/// header is searched for, and believed when it is like the ones before and what follows it decodes.
final class GzipSalvageWalker: SalvageWalker {
  var engine: any StreamEngine { members }

  private let options: DecompressionOptions
  private let members: GzipMemberEngine
  private let trialMembers: GzipMemberEngine
  private var trials: PieceDecoder
  private var neighbours = PieceNeighbours()
  private var isStarted = false
  private var hasSeenMember = false
  /// The size hint of the members so far: which kind, if all have the same.
  private var form: Form?
  /// Whether the piece that is being decoded ends for certain where it says.
  private var isCertain = false

  /// What members of one writer have in common.
  private struct Form: Equatable {
    var flags: UInt8
    var isSized: Bool
  }

  /// A header that makes sense.
  private struct Header {
    var size: Int
    /// Where the member ends, by its own word.
    var end: UInt64?
    var form: Form
  }

  /// So much of a member must decode before its header is believed in a search.
  private static let sample: UInt64 = 64 << 10
  private static let commonHeader = 512
  private static let endMemberSize: UInt64 = 30
  private static let longestHeader = 3 * (64 << 10) + 16

  init(_ options: DecompressionOptions, _ inflater: any RawInflater, trials: any RawInflater) {
    self.options = options
    members = GzipMemberEngine(inflater)
    trialMembers = GzipMemberEngine(trials)
    self.trials = PieceDecoder(trialMembers, codec: "gzip")
  }

  func next(at offset: UInt64, in input: SalvageInput) -> SalvageStep {
    defer { isStarted = true }
    guard offset < input.size else {
      if isStarted { return .end }
      return .gap(to: 0, contentSize: nil, fault: fault(.truncated, 0, "no gzip header: the input is empty"))
    }
    if let header = header(at: offset, input) {
      var piece = SalvagePiece(offset: offset, end: nil)
      isCertain = false
      if let end = header.end, end <= input.size, isBorder(end, input) {
        piece.end = end
        isCertain = true
        piece.expectedSize = storedSize(before: end, input)
      }
      if neighbours.areAlike { piece.expectedSize = neighbours.contentSize }
      return .piece(piece)
    }
    if isStarted, let end = zerosEnd(at: offset, input), isBorder(end, input) { return .pass(to: end) }
    if let piece = bare(at: offset, input) { return .piece(piece) }
    let next = search(from: offset + 1, input)
    if next == input.size, hasSeenMember, options.trailingData == .ignore { return .pass(to: next) }
    let isCut =
      input.size - offset < 18
      && input.bytes(at: offset, count: 2).elementsEqual(
        [0x1F, 0x8B].prefix(
          Int(min(2, input.size - offset))))
    return .gap(
      to: next, contentSize: contentSize(of: offset..<next, produced: 0, input),
      fault: fault(
        isCut ? .truncated : .corrupt, offset,
        isCut ? "the input ends inside a header" : "no member begins where one must"))
  }

  func conclude(_ piece: SalvagePiece, _ result: PieceResult, in input: SalvageInput) -> PieceConclusion {
    guard let fault = result.fault else {
      hasSeenMember = true
      let end =
        piece.end ?? piece.offset + (members.memberSize ?? 0) + UInt64(piece.replaced)
        - UInt64(piece.prologue.count)
      if let header = header(at: piece.offset, input) {
        form = form == nil || form == header.form ? header.form : form
      }
      if end < input.size, result.produced > 0 {
        neighbours.note(packed: end - piece.offset, content: result.produced)
      }
      return PieceConclusion(end: end, contentSize: result.produced)
    }
    if fault.code == .truncated, piece.end == nil, search(from: piece.offset + 1, input) == input.size {
      return PieceConclusion(end: input.size, contentSize: nil)
    }
    // The content has its right checksum; only its stored size is wrong.
    if fault.code == .contentSizeMismatch {
      let end = piece.end ?? min(input.size, (fault.inputOffset ?? piece.offset) + 4)
      return PieceConclusion(end: end, contentSize: result.produced)
    }
    // Of a member that inflates to its end, but to something else, the damage lies anywhere in it; where it stops to
    // inflate, the next member is behind.
    let end: UInt64
    if isCertain, let known = piece.end {
      end = known
    } else {
      let begin =
        fault.code == .checksumMismatch || fault.code == .truncated ? piece.offset : fault.inputOffset ?? piece.offset
      end = search(from: max(piece.offset + 1, begin), input)
    }
    return PieceConclusion(end: end, contentSize: contentSize(of: piece.offset..<end, produced: result.produced, input))
  }

  /// What a damaged member holds: its trailer says it, when that is confirmed by what was decoded or by the others.
  private func contentSize(of region: Range<UInt64>, produced: UInt64, _ input: SalvageInput) -> UInt64? {
    let packed = region.upperBound - region.lowerBound
    guard packed >= 18 else { return nil }
    let stored = storedSize(before: region.upperBound, input)
    let isPlausible =
      stored > 0 && stored >= produced && stored <= packed.multipliedReportingOverflow(by: 1032).partialValue + 64
    // The empty end member of sized members holds nothing.
    let isLast = input.size - region.upperBound <= Self.endMemberSize
    let neighbours =
      neighbours.contentSize == nil && !isLast ? looked(at: region.upperBound, input) : neighbours
    guard neighbours.areAlike, let typical = neighbours.contentSize else {
      return isPlausible && (isCertain || neighbours.contentSize == nil) ? stored : nil
    }
    // Where two members lie, the trailer of the second says nothing of the first.
    guard isCertain || neighbours.content(ofOneIn: packed) != nil else { return nil }
    if stored == produced, produced > 0 { return produced }
    if isLast { return isPlausible && stored <= typical ? stored : nil }
    return isCertain ? typical : neighbours.content(ofOneIn: packed)
  }

  /// What the trailer before a position says.
  private func storedSize(before offset: UInt64, _ input: SalvageInput) -> UInt64 {
    input.withBytes(at: offset - min(offset, 4), count: 4) { $0.byteCount == 4 ? UInt64($0.uint32(at: 0)) : 0 }
  }

  /// What the member at a position holds, unless it is the last.
  private func looked(at offset: UInt64, _ input: SalvageInput) -> PieceNeighbours {
    var found = PieceNeighbours()
    let result = trials.trial(SalvagePiece(offset: offset, end: nil), in: input)
    if result.fault == nil, let size = trialMembers.memberSize, offset + size < input.size {
      found.note(packed: size, content: result.produced)
    }
    return found
  }

  // MARK: - Headers

  private func header(at offset: UInt64, _ input: SalvageInput) -> Header? {
    func read(_ count: Int) -> (header: Header?, isShort: Bool) {
      input.withBytes(at: offset, count: count) { bytes in
        guard bytes.byteCount >= 18 - 8, Self.mayBegin(bytes) else { return (nil, false) }
        let parsed: (header: GzipHeader, size: Int)?
        do throws(CodecError) { parsed = try GzipHeader.parse(bytes) } catch { return (nil, false) }
        guard let (header, size) = parsed else { return (nil, bytes.byteCount == count) }
        let hint = header.memberSizeHint(headerSize: size).flatMap { $0 >= UInt64(size) + 10 ? $0 : nil }
        return (
          Header(size: size, end: hint.map { offset + $0 }, form: Form(flags: bytes.byte(at: 3), isSized: hint != nil)),
          false
        )
      }
    }
    let quick = read(Self.commonHeader)
    return quick.isShort ? read(Self.longestHeader).header : quick.header
  }

  private static func mayBegin(_ bytes: RawSpan) -> Bool {
    bytes.byteCount >= 4 && bytes.uint32(at: 0) & 0xE0FF_FFFF == 0x0008_8B1F
  }

  private func isBorder(_ offset: UInt64, _ input: SalvageInput) -> Bool {
    if offset == input.size || header(at: offset, input) != nil { return true }
    return zerosEnd(at: offset, input).map { $0 == input.size || header(at: $0, input) != nil } ?? false
  }

  /// The end of padding at a position.
  private func zerosEnd(at offset: UInt64, _ input: SalvageInput) -> UInt64? {
    guard input.bytes(at: offset, count: 1) == [0] else { return nil }
    return input.firstOffset(in: offset..<input.size, lookahead: 1) {
      $0.byte(at: 0) != 0
    } sure: { _ in
      true
    }
      ?? input.size
  }

  /// A member whose first bytes are damaged, when all the rest of it decodes.
  private func bare(at offset: UInt64, _ input: SalvageInput) -> SalvagePiece? {
    let bytes = input.bytes(at: offset, count: 10)
    guard bytes.count == 10 else { return nil }
    // The magic or the method is damaged; or the flags, of which there are none then.
    for prologue in [[0x1F, 0x8B, 8], [0x1F, 0x8B, 8, form?.flags ?? 0]] as [[UInt8]] {
      var piece = SalvagePiece(offset: offset, end: nil)
      piece.prologue = prologue
      piece.replaced = prologue.count
      piece.repaired = fault(.corrupt, offset, "the first bytes of a member are damaged; nothing else of it is")
      isCertain = false
      if decodes(piece, input) { return piece }
    }
    return nil
  }

  /// The next position where a member begins for all we can tell; or the end.
  private func search(from offset: UInt64, _ input: SalvageInput) -> UInt64 {
    guard offset < input.size else { return input.size }
    return input.firstOffset(in: offset..<input.size, lookahead: 4) {
      $0.byte(at: 0) == 0x1F && Self.mayBegin($0)
    } sure: { position in
      guard let header = header(at: position, input) else { return false }
      if let form, form.isSized, !header.form.isSized { return false }
      return decodes(SalvagePiece(offset: position, end: nil), input)
    } ?? input.size
  }

  /// Whether the beginning of a member decodes, as far as there is one.
  private func decodes(_ piece: SalvagePiece, _ input: SalvageInput) -> Bool {
    let fault = trials.trial(piece, in: input, sample: Self.sample).fault
    return fault == nil || fault?.code == .truncated
  }

  private func fault(_ code: CodecError.Code, _ offset: UInt64, _ reason: String) -> CodecError {
    CodecError(code, codec: "gzip", inputOffset: offset, reason: reason)
  }
}
