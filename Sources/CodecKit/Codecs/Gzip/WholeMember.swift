// SPDX-License-Identifier: Apache-2.0

/// Content that is all in one place, as one plain member of gzip: the same bytes as the codec gzip writes for it.
struct WholeMember: Sendable {
  /// How it is compressed.
  let plan: DeflatePlan
  /// The member's header.
  let header: [UInt8]

  init(_ plan: DeflatePlan, header: [UInt8]) {
    self.plan = plan
    self.header = header
  }

  /// The most bytes that `count` bytes become: stored blocks, and the eighth leaves room for what a library adds at block
  /// borders.
  func bound(_ count: Int) -> Int { count + count / 8 + 1024 + header.count }

  /// Writes the member.
  ///
  /// - Parameters:
  ///   - content: the member's content.
  ///   - block: a compressor for ``plan``, if there is one already.
  ///   - output: has room for the bound.
  func write(
    _ content: RawSpan, by block: (any BlockDeflater)? = nil, into output: inout OutputRawSpan
  ) throws(CodecError) {
    if !plan.streams {
      var wrapper = DeflateWrapper.gzip(header: header)
      let block = if let block { block } else { try plan.makeBlockDeflater() }
      return try wrapper.pack(content, by: block, into: &output)
    }
    // What streaming libraries write depends on how they are fed.
    let engine = DeflateStreamEngine(try plan.makeDeflater(), .gzip(header: header))
    let step = try engine.step(content, into: &output, flush: .finish)
    guard step.state == .finished else { throw .deflateRoomTooSmall }
  }
}
