// SPDX-License-Identifier: Apache-2.0

/// Turns the state of a work into a line for the terminal, a plain line or a JSON line; time is handed in.
public struct ProgressBar: Sendable {
  /// What the user sees.
  public let label: String
  /// Bytes read so far.
  public private(set) var bytesIn: UInt64 = 0
  /// Bytes written so far, `nil` if that means nothing for this work.
  public private(set) var bytesOut: UInt64?
  /// Bytes to read, `nil` if unknown.
  public var total: UInt64?

  private let start: UInt64
  private var now: UInt64
  private var rate: ProgressRate
  private var frame = 0

  /// Nothing is drawn before this much time has passed, so that short works leave no trace.
  public static let delayNanoseconds: UInt64 = 500_000_000

  /// The sequence that removes the line from the terminal.
  public static let eraseSequence = "\r\u{1B}[K"

  /// Begins a work.
  ///
  /// - Parameters:
  ///   - label: What the user sees, for example a file name made safe by ``Escaping``; it is made safe here once more.
  ///   - total: Bytes to read, `nil` if unknown.
  ///   - start: Now, in nanoseconds of a monotonic clock.
  public init(label: String, total: UInt64?, start: UInt64) {
    self.label = Escaping.visible(label)
    self.total = total
    self.start = start
    now = start
    rate = ProgressRate(start: start)
  }

  /// Takes a sample.
  ///
  /// - Parameters:
  ///   - bytesIn: Bytes read so far.
  ///   - bytesOut: Bytes written so far.
  ///   - now: Now, in nanoseconds.
  public mutating func update(bytesIn: UInt64, bytesOut: UInt64? = nil, at now: UInt64) {
    self.bytesIn = bytesIn
    self.bytesOut = bytesOut
    self.now = max(now, start)
    rate.update(bytes: bytesIn, at: now)
    frame = frame &+ 1
  }

  /// Whether a terminal line is due at all.
  public var isVisible: Bool { now - start >= Self.delayNanoseconds }

  /// The time since the beginning.
  public var elapsed: Duration { .nanoseconds(Int64(clamping: now - start)) }

  /// The smallest time between two drawings.
  ///
  /// - Parameter perSecond: Drawings a second; held between 1 and 10.
  /// - Returns: Nanoseconds.
  public static func interval(perSecond: Int) -> UInt64 { 1_000_000_000 / UInt64(min(max(perSecond, 1), 10)) }

  // MARK: - Terminal

  /// The line for a terminal, with the sequences that put it in place of the last one.
  ///
  /// - Parameter columns: The width of the terminal.
  /// - Returns: Text without a newline.
  public func drawing(columns: Int) -> String { "\r\(line(columns: columns))\u{1B}[K" }

  /// The line alone: never wider than one column less than the terminal, whose last column would make some of them wrap.
  ///
  /// - Parameter columns: The width of the terminal; held between 20 and 300.
  /// - Returns: Printable text.
  public func line(columns: Int) -> String {
    let room = min(max(columns, 20), 300) - 1
    var parts: [String] = [lead]
    var used = DisplayWidth.of(lead)
    // What matters most comes first and stays longest when the terminal gets narrow.
    for part in details where used + 2 + DisplayWidth.of(part) <= room {
      parts.append(part)
      used += 2 + DisplayWidth.of(part)
    }
    var head = ""
    var left = room - used
    // The bar says more than the label: it keeps twelve columns.
    let labelRoom = min(left - 2 - (fraction == nil ? 0 : 12), max(8, room / 4))
    if labelRoom >= 8, !label.isEmpty {
      let shown = DisplayWidth.truncated(label, to: labelRoom)
      head = shown + "  "
      left -= DisplayWidth.of(head)
    }
    if let fraction, left >= 8 {
      parts.insert(Self.bar(fraction, width: min(left - 1, 40)), at: 0)
      return head + parts[0] + " " + parts.dropFirst().joined(separator: "  ")
    }
    return head + parts.joined(separator: "  ")
  }

  private var fraction: Double? {
    guard let total, total > 0 else { return nil }
    return min(1, Double(bytesIn) / Double(total))
  }

  /// Percent if the total is known, else a spinner: never a guessed percent.
  private var lead: String {
    guard let fraction else { return ["|", "/", "-", "\\"][frame & 3] }
    // Rounded down: 100 % means that everything was read.
    return DisplayWidth.padded("\(Int(fraction * 100))%", to: 4, isRightAligned: true)
  }

  private var details: [String] {
    var parts = [ByteCount(bytesIn).description]
    if let bytesOut { parts[0] += " -> \(ByteCount(bytesOut))" }
    if let rate = rate.bytesPerSecond { parts.append("\(Self.bytes(rate))/s") }
    if let total {
      if let rest = rate.remaining(of: total, at: now) { parts.append("ETA \(DurationText.clock(rest))") }
    } else {
      parts.append(DurationText.clock(elapsed))
    }
    // Before anything is written a ratio would say nothing, and look like a share of the work.
    if let bytesOut, bytesOut > 0, bytesIn > 0 { parts.append("to \(NumberText.percent(bytesOut, of: bytesIn))") }
    return parts
  }

  private static func bytes(_ value: Double) -> ByteCount { ByteCount(value < 1.8e19 ? UInt64(max(0, value)) : .max) }

  private static func bar(_ fraction: Double, width: Int) -> String {
    let inner = width - 2
    let filled = Int(fraction * Double(inner))
    let tip = filled < inner ? ">" : ""
    let rest = String(repeating: " ", count: inner - filled - tip.count)
    return "[\(String(repeating: "=", count: filled))\(tip)\(rest)]"
  }

  // MARK: - Lines

  /// A line for a log or for a question by signal, with a newline.
  public var plainLine: String {
    let percent = fraction.map { "\(Int($0 * 100))%, " } ?? ""
    let time = total == nil ? [] : [DurationText.clock(elapsed)]
    return "\(label): \(percent)\((details + time).joined(separator: ", "))\n"
  }

  /// A line of machine output, with a newline.
  public var jsonLine: String {
    var object: JSONValue = ["type": "progress", "v": 1, "label": .string(label), "bytes_in": .uint(bytesIn)]
    if let bytesOut { object.add("bytes_out", .uint(bytesOut)) }
    if let total { object.add("bytes_total", .uint(total)) }
    if let rate = rate.bytesPerSecond { object.add("bytes_per_second", .uint(Self.bytes(rate).bytes)) }
    object.add("elapsed", .seconds(elapsed))
    if let total, let rest = rate.remaining(of: total, at: now) { object.add("eta", .seconds(rest)) }
    return JSONWriter.line(object)
  }
}
