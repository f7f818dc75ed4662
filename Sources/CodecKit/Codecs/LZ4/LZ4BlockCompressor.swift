// SPDX-License-Identifier: Apache-2.0

internal import CCodecs

/// Which of liblz4's two compressors works, and how hard.
enum LZ4Method: Hashable, Sendable {
  /// One probe for each position; higher accelerations look at fewer positions.
  case fast(acceleration: Int32)
  /// Hash chains, and optimal parsing from level 10.
  case high(level: Int32)

  /// The method for a level: as the lz4 tool counts them.
  init(level: Int) {
    if level >= 3 {
      self = .high(level: Int32(clamping: level))
    } else {
      self = .fast(acceleration: level < 0 ? Int32(clamping: 1 - level) : 1)
    }
  }

  /// Tells digests apart: those for the fast compressor do not depend on its acceleration.
  var digestLevel: Int {
    switch self {
    case .fast: 0
    case .high(let level): Int(level)
    }
  }

  /// Memory for a state. Its content need not be set: every use begins with a reset.
  func allocateState() -> UnsafeMutableRawPointer {
    let size =
      switch self {
      case .fast: ck_lz4_state_size()
      case .high: ck_lz4hc_state_size()
      }
    return UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
  }
}

/// Compresses single LZ4 blocks with one native state.
@safe
final class LZ4BlockCompressor {
  private let method: LZ4Method
  private let dictionary: LZ4DictionaryDigest?
  private let state: UnsafeMutableRawPointer

  /// Makes a compressor.
  ///
  /// - Parameters:
  ///   - level: as the lz4 tool counts them.
  ///   - dictionary: what each block may refer to.
  init(level: Int, dictionary: CodecDictionary?) throws(CodecError) {
    let method = LZ4Method(level: level)
    if let dictionary {
      self.dictionary = try LZ4DictionaryDigest.of(dictionary, for: method)
    } else {
      self.dictionary = nil
    }
    self.method = method
    unsafe state = method.allocateState()
  }

  deinit { unsafe state.deallocate() }

  /// Compresses a block.
  ///
  /// - Parameters:
  ///   - block: at most 1 GiB.
  ///   - room: where the result goes, from the start.
  /// - Returns: the size of the result, 0 when there is too little room.
  func compress(_ block: RawSpan, into room: UnsafeMutableRawBufferPointer) -> Int {
    let size = Int32(clamping: block.byteCount)
    let capacity = Int32(clamping: room.count)
    let target = room.baseAddress
    let written = unsafe block.withUnsafeBytes { (bytes) -> Int32 in
      let source = bytes.baseAddress
      switch method {
      case .fast(let acceleration):
        if let dictionary {
          return unsafe ck_lz4_compress_with(
            state, dictionary.state, source, size, target, capacity, acceleration)
        }
        return unsafe ck_lz4_compress(state, source, size, target, capacity, acceleration)
      case .high(let level):
        if let dictionary {
          return unsafe ck_lz4hc_compress_with(state, dictionary.state, source, size, target, capacity, level)
        }
        return unsafe ck_lz4hc_compress(state, source, size, target, capacity, level)
      }
    }
    return Int(max(0, written))
  }
}
