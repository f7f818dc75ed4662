// SPDX-License-Identifier: Apache-2.0

/// Rows in aligned columns.
public struct Table: Hashable, Sendable {
  /// A column.
  public struct Column: Hashable, Sendable {
    /// The heading; if all headings are empty, no line of headings is written.
    public let title: String
    /// Whether the cells end at the same place, as numbers should.
    public let isRightAligned: Bool
    /// Whether the column may be cut when the table is too wide.
    public let canShrink: Bool

    /// A column of numbers.
    ///
    /// - Parameter title: The heading.
    /// - Returns: A column that is right-aligned and never cut.
    public static func number(_ title: String) -> Column {
      Column(title: title, isRightAligned: true, canShrink: false)
    }

    /// A column of short words.
    ///
    /// - Parameter title: The heading.
    /// - Returns: A column that is left-aligned and never cut.
    public static func word(_ title: String) -> Column {
      Column(title: title, isRightAligned: false, canShrink: false)
    }

    /// A column of free text.
    ///
    /// - Parameter title: The heading.
    /// - Returns: A column that is left-aligned and gives way when the table is too wide.
    public static func text(_ title: String) -> Column {
      Column(title: title, isRightAligned: false, canShrink: true)
    }
  }

  /// The columns.
  public let columns: [Column]
  /// The rows added so far.
  public private(set) var rows: [[String]] = []

  /// Creates a table.
  ///
  /// - Parameter columns: The columns.
  public init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row.
  ///
  /// - Parameter cells: One printable text for each column; missing ones are empty, surplus ones are dropped.
  public mutating func add(_ cells: [String]) {
    let missing = Array(repeating: "", count: max(0, columns.count - cells.count))
    rows.append(Array(cells.prefix(columns.count)) + missing)
  }

  /// The smallest width to which a column is cut.
  private static let narrowest = 8

  /// The table as lines, each ending in a newline, without spaces at line ends.
  ///
  /// - Parameters:
  ///   - width: The columns of the terminal, or `nil` for no bound. Text columns give way, numbers never do, so a very
  ///     narrow terminal may still be too narrow.
  ///   - style: Headings are bold if it is enabled.
  /// - Returns: The text.
  public func rendered(width: Int? = nil, style: Style = .plain) -> String {
    let titles = columns.map(\.title)
    let hasTitles = titles.contains { !$0.isEmpty }
    let widths = columnWidths(hasTitles ? [titles] + rows : rows, width)
    var text = hasTitles ? style.apply(.bold, line(titles, widths)) + "\n" : ""
    for row in rows { text += line(row, widths) + "\n" }
    return text
  }

  private func columnWidths(_ lines: [[String]], _ width: Int?) -> [Int] {
    var widths = columns.indices.map { column in lines.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
    guard let width else { return widths }
    var excess = widths.reduce(0, +) + 2 * max(0, columns.count - 1) - width
    while excess > 0 {
      // The widest column gives first, down to the next widest, so that short texts are not cut for a long one.
      let open = columns.indices.filter { columns[$0].canShrink && widths[$0] > Self.narrowest }
      guard let widest = open.max(by: { widths[$0] < widths[$1] }) else { break }
      let next = open.filter { $0 != widest }.map { widths[$0] }.max() ?? Self.narrowest
      let cut = min(excess, max(1, widths[widest] - max(next, Self.narrowest)))
      widths[widest] -= cut
      excess -= cut
    }
    return widths
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let cut = columns[index].canShrink ? DisplayWidth.truncated(cell, to: widths[index]) : cell
      if index > 0 { line += "  " }
      line += DisplayWidth.padded(cut, to: widths[index], isRightAligned: columns[index].isRightAligned)
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}
