// SPDX-License-Identifier: Apache-2.0

/// Reports the members of a gzip file: skips those that tell their size, and inflates the rest, dropping the content.
///
/// A size that is told is believed here, and the trailer that it leads to. When it leads to something else than another
/// member or the end, the report stops with `corrupt`. Decoding does not rely on such sizes. From the first member on
/// that does not tell its size, everything is inflated and checked.
final class GzipInspector: StreamInspector {
  private enum Stage { case border, trailer, inflating, done }

  private(set) var report = StreamReport()

  private let engine: InflateEngine
  private let framing: GzipFraming
  private var scratch = ByteBuffer()
  private var stage = Stage.border
  private var position: UInt64 = 0
  private var memberOffset: UInt64 = 0
  private var header = GzipHeader()

  init(_ inflater: any RawInflater) {
    framing = GzipFraming(requiresProvenEnd: false, keepsText: true)
    engine = InflateEngine(inflater, framing, trailingData: .report)
    report.checksum = "CRC-32"
  }

  func inspect(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> InspectionStep {
    do throws(CodecError) {
      let step = try walk(input, isEnd: isEnd)
      position += UInt64(step.used) + step.skip
      return step
    } catch {
      stage = .done
      throw error.completed(codec: "gzip")
    }
  }

  private func walk(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> InspectionStep {
    var used = 0
    while true {
      switch stage {
      case .border:
        GzipFraming.skipZeros(input, &used, when: report.frameCount > 0)
        memberOffset = position + UInt64(used)
        if used == input.byteCount, !isEnd || report.frameCount > 0 { return InspectionStep(used: used) }
        guard let (header, size) = try parseHeader(input.dropping(used)) else {
          guard isEnd else { return InspectionStep(used: used) }
          throw CodecError(
            .truncated, inputOffset: position + UInt64(input.byteCount), reason: "the input ends inside a header")
        }
        if let hint = header.memberSizeHint(headerSize: size), hint >= UInt64(size) + 10 {
          self.header = header
          stage = .trailer
          return InspectionStep(used: used + size, skip: hint - UInt64(size) - 8)
        }
        startInflating()
      case .trailer:
        guard input.byteCount - used >= 8 else {
          guard isEnd else { return InspectionStep(used: used) }
          throw CodecError(
            .truncated, inputOffset: position + UInt64(input.byteCount), reason: "the input ends inside a member")
        }
        let size = UInt64(input.uint32(at: used + 4))
        used += 8
        let end = position + UInt64(used)
        append(header, .init(offset: memberOffset, packedSize: end - memberOffset, contentSize: size))
        if report.frameCount > 1 {
          report.parallelBy = "sized members"
          report.seekableBy = "member sizes"
        }
        stage = .border
      case .inflating:
        return InspectionStep(used: used + (try inflate(input.dropping(used), isEnd: isEnd)))
      case .done: return InspectionStep(used: input.byteCount)
      }
    }
  }

  private func parseHeader(_ input: RawSpan) throws(CodecError) -> (GzipHeader, Int)? {
    if report.frameCount == 0, input.byteCount > 0 { try GzipFraming.nameForeign(input, 0, at: memberOffset) }
    do throws(CodecError) {
      return try GzipHeader.parse(input)
    } catch {
      let reason = report.frameCount == 0 ? error.reason : "after member \(report.frameCount): \(error.reason)"
      throw CodecError(error.code, inputOffset: memberOffset + (error.inputOffset ?? 0), reason: reason)
    }
  }

  /// Leaves the rest to the decoder, from the start of the member whose header has been seen.
  private func startInflating() {
    report.parallelBy = nil
    report.seekableBy = nil
    stage = .inflating
    let base = memberOffset
    framing.onMember = { [unowned self] parser, member in
      var member = member
      member.offset += base
      append(parser.header(), member)
    }
    scratch.reserve(engine.preferredOutputSize)
  }

  private func inflate(_ input: RawSpan, isEnd: Bool) throws(CodecError) -> Int {
    var used = 0
    while true {
      var room = scratch.take()
      defer { swap(&room, &scratch) }
      var output = room.room()
      let step: StreamStep
      do throws(CodecError) {
        step = try engine.step(input.dropping(used), into: &output, flush: isEnd ? .finish : .none)
      } catch {
        throw CodecError(
          error.code, inputOffset: error.inputOffset.map { $0 + memberOffset }, reason: error.reason,
          native: error.native)
      }
      used += step.consumed
      switch step.state {
      case .needsOutput: continue
      case .needsInput: return used
      case .finished:
        stage = .done
        report.details += engine.notices.map { notice in
          .init("notice", "\(notice.text) (offset \(notice.inputOffset + memberOffset))")
        }
        return used
      }
    }
  }

  private func append(_ header: GzipHeader, _ member: GzipFraming.Member) {
    var details: [StreamReport.Detail] = []
    if let name = header.fileName { details.append(.init("name", name)) }
    if let time = header.modificationTime { details.append(.init("modified", "\(time)")) }
    if let comment = header.comment { details.append(.init("comment", comment)) }
    if header.operatingSystem != 255 { details.append(.init("system", "\(header.operatingSystem)")) }
    if !header.extraFields.isEmpty {
      details.append(
        .init("extra", header.extraFields.map { "\($0.name) (\($0.bytes.count))" }.joined(separator: ", ")))
    }
    if header.hasChecksum { details.append(.init("header checksum", "CRC-16")) }
    report.append(
      .init(
        kind: "member", offset: member.offset, packedSize: member.packedSize, contentSize: member.contentSize,
        details: details))
  }
}
