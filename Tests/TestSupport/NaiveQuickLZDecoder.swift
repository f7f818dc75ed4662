// SPDX-License-Identifier: Apache-2.0

/// A QuickLZ decoder written for clarity, straight from the format's description: what the fast one is compared with.
public struct NaiveQuickLZDecoder {
  /// Why a packet was refused, by the stable names of the faults.
  public struct Fault: Error, Hashable {
    /// The name.
    public let name: String
  }

  private let buffer: Int
  private var history: [UInt8] = []
  private var table: [[Int?]] = []
  private var counters: [UInt8] = []
  private var streamLevel = 0
  private var hasFailed = false

  /// A decoder for packets that were written with a streaming buffer of a size.
  public init(streamingBuffer: Int = 0) { buffer = streamingBuffer }

  /// Decodes one packet, which must be all of the input.
  public mutating func decode(_ packet: [UInt8]) throws(Fault) -> [UInt8] {
    guard !hasFailed else { throw Fault(name: "stream-mismatch") }
    do {
      return try decodeNext(packet)
    } catch {
      hasFailed = buffer > 0
      throw error
    }
  }

  /// The size of the packet that begins with these bytes, if they have a whole header.
  public static func packetSize(_ bytes: ArraySlice<UInt8>) -> Int? {
    let bytes = Array(bytes.prefix(9))
    guard let flags = bytes.first else { return nil }
    if flags & 2 == 0 { return bytes.count >= 3 ? Int(bytes[1]) : nil }
    guard bytes.count >= 9 else { return nil }
    return number(bytes, 1, 4)
  }

  /// Whether a compressed packet has no match behind a literal of its last 11 bytes.
  public static func keepsTailRule(_ packet: [UInt8]) -> Bool {
    guard packet[0] & 1 == 1 else { return true }
    let headerSize = packet[0] & 2 == 0 ? 3 : 9
    let count = headerSize == 3 ? Int(packet[2]) : number(packet, 5, 4)
    var run = Run(
      level: Int(packet[0] >> 2 & 3), input: Array(packet[headerSize...]), output: [], count: count, table: [],
      counters: [])
    return (try? run.decode()) != nil && !run.metFlagInTail
  }

  private static func number(_ bytes: [UInt8], _ at: Int, _ count: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
  }

  private mutating func decodeNext(_ packet: [UInt8]) throws(Fault) -> [UInt8] {
    guard let flags = packet.first, packet.count >= (flags & 2 == 0 ? 3 : 9) else {
      throw Fault(name: "truncated-header")
    }
    let headerSize = flags & 2 == 0 ? 3 : 9
    guard flags & 0x40 != 0, flags & 0x80 == 0 else { throw Fault(name: "bad-header") }
    let level = Int(flags >> 2 & 3)
    guard level > 0 else { throw Fault(name: "bad-level") }
    let width = flags & 2 == 0 ? 1 : 4
    let size = Self.number(packet, 1, width)
    let count = Self.number(packet, 1 + width, width)
    guard size > headerSize, count >= 1 else { throw Fault(name: "bad-size") }
    let isCompressed = flags & 1 == 1
    if isCompressed {
      guard count <= 82 * (size - headerSize) else { throw Fault(name: "impossible-ratio") }
    } else {
      guard size == headerSize + count else { throw Fault(name: "stored-size-mismatch") }
    }
    let bits = [0: 0, 100_000: 1, 1_000_000: 2][buffer] ?? 3
    guard Int(flags >> 4 & 3) == bits else {
      throw Fault(name: buffer == 0 ? "streaming-packet" : "stream-mismatch")
    }
    guard buffer == 0 || streamLevel == 0 || streamLevel == level else { throw Fault(name: "stream-mismatch") }
    guard packet.count >= size else { throw Fault(name: "truncated-packet") }
    streamLevel = level

    let isIndependent = history.count + count > buffer
    if isIndependent {
      history = []
      table = []
    }
    let start = history.count
    if isCompressed {
      let payload = Array(packet[headerSize..<size])
      var run = Run(level: level, input: payload, output: history, count: count, table: table, counters: counters)
      try run.decode()
      guard run.used == payload.count || payload.count <= 9 else { throw Fault(name: "trailing-data") }
      history = run.output
      table = run.table
      counters = run.counters
    } else {
      history += packet[headerSize..<size]
      table = []
    }
    let content = Array(history[start...])
    if isIndependent {
      history = []
      table = []
    }
    return content
  }

  /// One compressed packet.
  private struct Run {
    let level: Int
    let input: [UInt8]
    var used = 0
    var output: [UInt8]
    let start: Int
    let end: Int
    /// Level 1: one slot for each entry; level 2: four.
    var table: [[Int?]]
    var counters: [UInt8]
    /// Positions that may be inserted and have not been, in order.
    var waiting: [Int] = []
    var flags: [Bool] = []
    var metFlagInTail = false

    init(level: Int, input: [UInt8], output: [UInt8], count: Int, table: [[Int?]], counters: [UInt8]) {
      self.level = level
      self.input = input
      self.output = output
      start = output.count
      end = output.count + count
      self.table = table
      self.counters = counters
      if table.isEmpty, level < 3 {
        self.table = [[Int?]](repeating: [nil, nil, nil, nil], count: level == 1 ? 4096 : 2048)
        self.counters = [UInt8](repeating: 0, count: 2048)
      }
    }

    mutating func take(_ count: Int, else name: String) throws(Fault) -> [UInt8] {
      guard input.count - used >= count else { throw Fault(name: name) }
      used += count
      return Array(input[used - count..<used])
    }

    mutating func decode() throws(Fault) {
      while output.count < end {
        if flags.isEmpty {
          let word = number(try take(4, else: "truncated-control"))
          guard word >> 31 == 1 else { throw Fault(name: "bad-control-word") }
          flags = (0..<31).map { word >> $0 & 1 == 1 }
        }
        if flags[0] {
          flags.removeFirst()
          try copyMatch()
        } else if output.count < end - 11 {
          flags.removeFirst()
          waiting.append(output.count)
          output += try take(1, else: "truncated-literal")
        } else {
          try decodeTail()
        }
      }
      insert(upTo: end - 4)
    }

    mutating func decodeTail() throws(Fault) {
      while output.count < end {
        if flags.isEmpty {
          _ = try take(4, else: "truncated-control")
          flags = [Bool](repeating: false, count: 31)
        }
        if flags.removeFirst() { metFlagInTail = true }
        waiting.append(output.count)
        output += try take(1, else: "truncated-literal")
      }
    }

    mutating func copyMatch() throws(Fault) {
      let position = output.count
      let (length, reference, slot) = try readToken()
      guard length >= 3 else { throw Fault(name: "bad-length") }
      var source = position - reference
      if level < 3 {
        insert(upTo: position - 3)
        guard let found = table[reference][slot] else { throw Fault(name: "empty-slot") }
        source = found
      }
      guard position - source >= 3 else { throw Fault(name: "distance-too-small") }
      guard source >= 0 else { throw Fault(name: "distance-out-of-range") }
      guard position + length <= end - 4 else { throw Fault(name: "match-overrun") }
      for index in 0..<length { output.append(output[source + index]) }
      waiting.append(position)
    }

    mutating func readToken() throws(Fault) -> (length: Int, reference: Int, slot: Int) {
      let name = "truncated-token"
      var bytes = try take(1, else: name)
      if level == 3 {
        switch bytes[0] & 3 {
        case 0: return (3, Int(bytes[0] >> 2), 0)
        case 1:
          bytes += try take(1, else: name)
          return (3, number(bytes) >> 2, 0)
        case 2:
          bytes += try take(1, else: name)
          return (Int(bytes[0] >> 2 & 15) + 3, number(bytes) >> 6, 0)
        default:
          if bytes[0] & 0x7F != 3 {
            bytes += try take(2, else: name)
            return (Int(bytes[0] >> 2 & 31) + 2, number(bytes) >> 7, 0)
          }
          bytes += try take(3, else: name)
          return (number(bytes) >> 7 & 255 + 3, number(bytes) >> 15, 0)
        }
      }
      bytes += try take(1, else: name)
      let word = number(bytes)
      let short = level == 1 ? word & 15 : word >> 2 & 7
      let length = short == 0 ? Int(try take(1, else: name)[0]) : short + 2
      return level == 1 ? (length, word >> 4, 0) : (length, word >> 5, word & 3)
    }

    mutating func insert(upTo limit: Int) {
      guard level < 3 else { return }
      while let position = waiting.first, position <= limit {
        waiting.removeFirst()
        let bytes = number(Array(output[position..<position + 3]))
        if level == 1 {
          table[(bytes ^ bytes >> 12) & 4095][0] = position
        } else {
          let bucket = (bytes ^ bytes >> 9 ^ bytes >> 13) & 2047
          table[bucket][Int(counters[bucket] & 3)] = position
          counters[bucket] &+= 1
        }
      }
    }

    func number(_ bytes: [UInt8]) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }
  }
}
