// SPDX-License-Identifier: Apache-2.0

/// Where the bytes of a file are.
public import CodecKit

/// A piece of a file's content.
public enum ContentRun: Hashable, Sendable {
  /// Consecutive chunks of an archive.
  ///
  /// - `ordinal`: the depth of the archive.
  /// - `first`: the number of the first chunk.
  /// - `count`: how many there are.
  /// - `length`: their bytes.
  case chunks(ordinal: UInt32, first: UInt64, count: UInt64, length: UInt64)
  /// Zeros that the file system need not store.
  case hole(length: UInt64)

  /// The bytes it stands for.
  public var length: UInt64 {
    switch self {
    case .chunks(_, _, _, let length), .hole(let length): length
    }
  }
}

/// A block of runs, for files with very many.
public struct MapReference: Hashable, Sendable {
  /// The depth of the archive it is in.
  public var ordinal: UInt32
  /// Its number there.
  public var block: UInt64
  /// The bytes of the file that it covers.
  public var length: UInt64
  /// What its raw bytes must be.
  public var digest: SHA256Digest
}

/// The content of a file.
public enum EntryContent: Hashable, Sendable {
  /// Its pieces, in order.
  case runs([ContentRun])
  /// Blocks of pieces, in order.
  case maps([MapReference])
}

/// Gathers chunks and holes into as few runs as possible.
struct ContentRuns: Hashable, Sendable {
  private(set) var runs: [ContentRun] = []
  private(set) var length: UInt64 = 0
  /// The bytes of all chunks.
  private(set) var dataLength: UInt64 = 0
  /// The chunks in all runs.
  private(set) var chunks: UInt64 = 0

  /// Keeps some of the runs; what has been counted stays counted.
  mutating func keep(_ runs: [ContentRun]) { self.runs = runs }

  mutating func add(chunk number: UInt64, ordinal: UInt32, length added: Int) {
    let added = UInt64(added)
    length += added
    dataLength += added
    chunks += 1
    if case .chunks(let last, let first, let count, let length) = runs.last, last == ordinal, first + count == number {
      runs[runs.count - 1] = .chunks(ordinal: ordinal, first: first, count: count + 1, length: length + added)
    } else {
      runs.append(.chunks(ordinal: ordinal, first: number, count: 1, length: added))
    }
  }

  mutating func add(hole added: UInt64) {
    guard added > 0 else { return }
    length += added
    if case .hole(let length) = runs.last {
      runs[runs.count - 1] = .hole(length: length + added)
    } else {
      runs.append(.hole(length: added))
    }
  }
}
