// SPDX-License-Identifier: Apache-2.0

/// Decodes the elements of a block: a fast loop for the middle, and one checked element at a time for whatever is rare or
/// close to an end.
///
/// The fast loop holds its state in locals, selects without branches and copies 32 bytes whatever the length. It stays so
/// far from both ends that nothing it reads or writes can lie outside; what it writes too much is overwritten later. It
/// says only whether the block is right; ``S2BlockExtent`` tells what is wrong with one that is not.
@safe
struct S2BlockDecoder {
  /// Where decoding stands. Positions count from the start of the output, also those in the input: one base is enough
  /// then to read from either.
  private struct Cursor {
    var input: Int
    var output: Int
    /// The remembered offset; 0 when there is none.
    var offset: Int
    var isValid = true

    static let failure = Cursor(input: 0, output: 0, offset: 0, isValid: false)
  }

  private let base: UnsafeMutableRawPointer
  private let inputEnd: Int
  private let outputEnd: Int
  private let dictionary: UnsafeRawBufferPointer

  /// Decodes elements into exactly the given output.
  ///
  /// - Parameters:
  ///   - elements: a block behind its declared size.
  ///   - output: as large as the block declares; no byte outside is touched.
  ///   - dictionary: the content in front of the output, if there is one.
  ///   - offset: the offset to begin with; 0 when there is none.
  /// - Returns: whether the elements are legal and fill the output exactly. If not, the output holds anything.
  static func decode(
    _ elements: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer,
    dictionary: UnsafeRawBufferPointer? = nil, offset: Int = 0
  ) -> Bool {
    guard let base = output.baseAddress, let source = elements.baseAddress else {
      return unsafe output.isEmpty && elements.isEmpty
    }
    let start = unsafe source - UnsafeRawPointer(base)
    let decoder = unsafe S2BlockDecoder(
      base: base, inputEnd: start + elements.count, outputEnd: output.count,
      dictionary: dictionary ?? UnsafeRawBufferPointer(start: nil, count: 0))
    return decoder.decode(from: start, offset: offset)
  }

  /// How far from the end of the input the fast loop stops: it reads a tag, and 64 bytes of a literal behind it.
  private static let inputMargin = 80
  /// How far from the end of the output the fast loop stops: an element yields up to 64 bytes, and 32 are written at once.
  private static let outputMargin = 96

  private func decode(from start: Int, offset: Int) -> Bool {
    var cursor = Cursor(input: start, output: 0, offset: offset)
    while cursor.input < inputEnd {
      // The fast loop's single check of an offset holds only when 16 bytes are out.
      if cursor.output >= 16 { cursor = runFast(cursor) }
      // Whatever made it stop, and all that is close to an end.
      if cursor.isValid, cursor.input < inputEnd { cursor = step(cursor) }
      guard cursor.isValid else { return false }
    }
    return cursor.output == outputEnd
  }

  // MARK: - Fast

  /// Decodes elements until one is rare or an end is near.
  private func runFast(_ cursor: Cursor) -> Cursor {
    let base = unsafe self.base
    let table = unsafe S2TagTable.entries
    let inputLimit = inputEnd &- Self.inputMargin
    let outputLimit = outputEnd &- Self.outputMargin
    var input = cursor.input
    var output = cursor.output
    var offset = cursor.offset
    while input <= inputLimit, output <= outputLimit {
      let word = UInt64(littleEndian: unsafe (base + input).loadUnaligned(as: UInt64.self))
      let entry = unsafe table[Int(truncatingIfNeeded: word & 0xFF)]
      var length = Int(truncatingIfNeeded: entry & 0xFF)
      let stored = Int(truncatingIfNeeded: ((word &>> 8) & (entry &>> 32)) &+ ((entry &>> 16) & 0x700))
      var next = input &+ Int(truncatingIfNeeded: (entry &>> 8) & 0xFF)
      // All ones for a copy, zero for a literal.
      let isCopy = 0 &- Int(truncatingIfNeeded: (entry &>> 27) & 1)
      // Zero repeats the remembered offset, but not in the two long forms.
      let remembered = offset & (0 &- Int(truncatingIfNeeded: (entry &>> 28) & 1))
      offset = stored == 0 ? remembered : stored
      if _slowPath(length == 0) {
        let kind = Int(truncatingIfNeeded: word & 3)
        if kind == 0 {
          // A literal of more than 60 bytes, or the length of a short one in a long form.
          let extra = Int(truncatingIfNeeded: (word & 0xFF) &>> 2) &- 59
          let mask = (1 as UInt64) &<< UInt64(truncatingIfNeeded: 8 &* extra) &- 1
          length = Int(truncatingIfNeeded: (word &>> 8) & mask) &+ 1
          next = input &+ 1 &+ extra
          guard length <= inputEnd &- next, length <= outputEnd &- output else { break }
          unsafe (base + output).copyMemory(from: base + next, byteCount: length)
          input = next &+ length
          output = output &+ length
          continue
        }
        let field = Int(truncatingIfNeeded: (word &>> 2) & 7)
        next = input &+ 2
        length = field &+ 4
        if stored == 0 {
          let extra = field &- 4
          let mask = (1 as UInt64) &<< UInt64(truncatingIfNeeded: 8 &* extra) &- 1
          length = Int(truncatingIfNeeded: (word &>> 16) & mask) &+ S2TagTable.repeatBase(field)
          next = next &+ extra
          guard length <= outputEnd &- output, UInt(bitPattern: offset &- 1) < UInt(bitPattern: output) else { break }
          if length > 64 {
            unsafe Self.copyLong(base + output, offset, length)
            input = next
            output = output &+ length
            continue
          }
        }
      }
      let literal = input &+ 1
      let from = literal ^ ((literal ^ (output &- offset)) & isCopy)
      // One comparison finds offsets that are short and offsets that lie before the start.
      if _slowPath(UInt(bitPattern: (offset &- 16) & isCopy) > UInt(bitPattern: output &- 16)) {
        guard UInt(bitPattern: offset &- 1) < UInt(bitPattern: output) else { break }
        unsafe Self.copyPattern(base + output, offset, length)
      } else {
        let to = unsafe base + output
        let source = unsafe base + from
        unsafe Self.copy16(source, to)
        unsafe Self.copy16(source + 16, to + 16)
        if length > 32 {
          unsafe Self.copy16(source + 32, to + 32)
          unsafe Self.copy16(source + 48, to + 48)
        }
      }
      input = next
      output = output &+ length
    }
    return Cursor(input: input, output: output, offset: offset)
  }

  @inline(__always)
  private static func copy16(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    unsafe target.storeBytes(of: source.loadUnaligned(as: SIMD2<UInt64>.self), as: SIMD2<UInt64>.self)
  }

  @inline(__always)
  private static func copy16(_ source: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer) {
    unsafe copy16(UnsafeRawPointer(source), target)
  }

  /// Repeats a pattern of fewer than 16 bytes, up to 64 bytes long; writes up to 15 bytes too much.
  @inline(__always)
  private static func copyPattern(_ target: UnsafeMutableRawPointer, _ offset: Int, _ length: Int) {
    let source = unsafe UnsafeRawPointer(target) + (0 &- offset)
    var done = 0
    if offset >= 8 {
      while done < length {
        let word = UInt64(littleEndian: unsafe (source + done).loadUnaligned(as: UInt64.self))
        unsafe (target + done).storeBytes(of: word.littleEndian, as: UInt64.self)
        done = done &+ 8
      }
      return
    }
    let bits = UInt64(truncatingIfNeeded: offset &* 8)
    var pattern = UInt64(littleEndian: unsafe source.loadUnaligned(as: UInt64.self))
    pattern &= ((1 as UInt64) &<< bits) &- 1
    pattern |= pattern &<< bits
    if offset < 4 { pattern |= pattern &<< (bits &* 2) }
    if offset < 2 { pattern |= pattern &<< 32 }
    // 7, 6 and 5 bytes are stored at a time; 6 of a pattern of 3; 8 of the others.
    let stride = offset > 4 ? offset : offset == 3 ? 6 : 8
    while done < length {
      unsafe (target + done).storeBytes(of: pattern.littleEndian, as: UInt64.self)
      done = done &+ stride
    }
  }

  /// Repeats what lies `offset` bytes before, any length, and writes nothing behind it.
  ///
  /// What has been written doubles with each call of `memcpy`, so that runs cost no more than other copies.
  @inline(never)
  private static func copyLong(_ target: UnsafeMutableRawPointer, _ offset: Int, _ length: Int) {
    let source = unsafe UnsafeRawPointer(target) + (0 &- offset)
    var done = 0
    while done < length {
      let count = min(offset &+ done, length &- done)
      unsafe (target + done).copyMemory(from: source, byteCount: count)
      done = done &+ count
    }
  }

  // MARK: - Checked

  /// Decodes one element, with every check there is.
  @inline(never)
  private func step(_ cursor: Cursor) -> Cursor {
    guard let element = unsafe S2Element(base + cursor.input, count: inputEnd - cursor.input),
      element.length <= outputEnd - cursor.output
    else { return .failure }
    var cursor = cursor
    cursor.input += element.size
    let target = unsafe base + cursor.output
    cursor.output += element.length
    switch element.kind {
    case .literal:
      guard element.length <= inputEnd - cursor.input else { return .failure }
      unsafe target.copyMemory(from: base + cursor.input, byteCount: element.length)
      cursor.input += element.length
      return cursor
    case .copy(let offset): cursor.offset = offset
    case .repeated: break
    }
    let produced = cursor.output - element.length
    guard cursor.offset > 0 else { return .failure }
    if cursor.offset <= produced {
      unsafe Self.copyLong(target, cursor.offset, element.length)
      return cursor
    }
    let position = unsafe dictionary.count - (cursor.offset - produced)
    guard produced <= S2Format.dictionaryReach, position >= 0, unsafe element.length <= dictionary.count - position,
      let content = unsafe dictionary.baseAddress
    else { return .failure }
    unsafe target.copyMemory(from: content + position, byteCount: element.length)
    return cursor
  }
}
