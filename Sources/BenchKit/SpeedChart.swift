// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO
import TextFormats

/// A picture of speed against ratio, as SVG: one point for each case, a line through those that nothing beats.
package struct SpeedChart {
  /// Which speed.
  package enum Direction { case compress, decompress }

  let report: BenchReport
  let direction: Direction

  package init(report: BenchReport, direction: Direction) {
    self.report = report
    self.direction = direction
  }

  // Small enough that the text can be read on a telephone, where the picture shrinks to its width.
  private static let width = 540.0
  private static let height = 470.0
  private static let plot = LabelPlacer.Box(x: 52, y: 74, width: 474, height: 322)
  private static let fontSize = 13.0
  private static let radius = 5.0
  private static let colors = 8

  /// One point.
  struct Point {
    var name: String
    var codec: String
    var x: Double
    var y: Double
    var isOnFront: Bool
    /// What a reader sees who points at it.
    var detail: String
    var label: LabelPlacer.Placement?
  }

  private func speed(_ result: BenchResult) -> Double {
    direction == .compress ? result.compressSpeed : result.decompressSpeed
  }

  private var front: [Int] {
    direction == .compress
      ? ParetoFront.ofCompression(report.results) : ParetoFront.ofDecompression(report.results)
  }

  private var speedAxis: ChartAxis {
    ChartAxis.logarithmic(
      report.results.map { speed($0) / 1e6 }, from: Self.plot.x, to: Self.plot.x + Self.plot.width
    ) { value in
      value >= 1 ? NumberText.grouped(Int(value + 0.5)) : NumberText.fixed(value, decimals: value < 0.1 ? 2 : 1)
    }
  }

  private var ratioAxis: ChartAxis {
    ChartAxis.linear(
      report.results.map(\.ratio), from: Self.plot.y + Self.plot.height, to: Self.plot.y
    ) { NumberText.fixed($0, decimals: $1) }
  }

  /// The points with their names in place: those on the front are named first, where there is most room.
  func points() -> [Point] {
    let (horizontal, vertical) = (speedAxis, ratioAxis)
    let front = Set(front)
    var points = report.results.indices.map { index in
      let result = report.results[index]
      return Point(
        name: report.name(result), codec: result.case.codec, x: horizontal.place(speed(result) / 1e6),
        y: vertical.place(result.ratio), isOnFront: front.contains(index),
        detail:
          "\(report.name(result)): \(SpeedText.megabytes(speed(result))) MB/s, ratio \(SpeedText.ratio(result.ratio))"
      )
    }
    var placer = LabelPlacer(
      area: Self.plot, points: points.map { ($0.x, $0.y) }, radius: Self.radius, lineHeight: Self.fontSize * 1.15,
      line: self.front.map { (points[$0].x, points[$0].y) })
    for index in points.indices.sorted(by: { (points[$0].isOnFront ? 0 : 1, $0) < (points[$1].isOnFront ? 0 : 1, $1) })
    {
      points[index].label = placer.place(index, width: Self.textWidth(points[index].name))
    }
    return points
  }

  /// The width of a text, on the safe side for every sans-serif font.
  static func textWidth(_ text: String) -> Double {
    text.unicodeScalars.reduce(0) { width, scalar in
      let isWide = scalar == "m" || scalar == "w" || (scalar.value >= 65 && scalar.value <= 90)
      let isNarrow = "il.,:' ".unicodeScalars.contains(scalar)
      return width + fontSize * (isWide ? 0.86 : isNarrow ? 0.36 : 0.62)
    }
  }

  /// The picture.
  package var svg: String {
    let points = points()
    var parts: [String] = [head]
    parts.append(grid)
    parts.append(lines(points))
    for point in points { parts.append(mark(point)) }
    for point in points { parts.append(label(point)) }
    return parts.joined() + "</svg>\n"
  }

  // MARK: - Parts

  private var title: String {
    direction == .compress ? "Compress speed and ratio" : "Decompress speed and ratio"
  }

  private var head: String {
    let place = MarkupText.escaped(
      Self.cut("\(report.corpus.summary)", to: Self.width - 26, size: 12))
    let machine = MarkupText.escaped(
      Self.cut("\(report.machine.processor), archivetool \(report.version)", to: Self.width - 26, size: 12))
    let busy = report.busyReasons.isEmpty ? "" : " (busy machine)"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(MarkupText.number(Self.width)) \
      \(MarkupText.number(Self.height))" width="\(MarkupText.number(Self.width))" \
      height="\(MarkupText.number(Self.height))" class="chart" role="img" \
      font-family="system-ui, 'DejaVu Sans', Arial, sans-serif" font-size="\(MarkupText.number(Self.fontSize))">
      <title>\(title)</title>
      <desc>\(MarkupText.escaped(description))</desc>
      <style>\(Self.css)</style>
      <rect class="back" width="100%" height="100%"/>
      <text class="ink" x="14" y="24" font-size="16" font-weight="600">\(title)\(busy)</text>
      <text class="soft" x="14" y="43" font-size="12">\(place)</text>
      <text class="soft" x="14" y="60" font-size="12">\(machine)</text>

      """
  }

  /// The picture in words, for who cannot see it.
  private var description: String {
    report.results.map {
      "\(report.name($0)): \(SpeedText.megabytes(speed($0))) MB/s at ratio \(SpeedText.ratio($0.ratio))"
    }
    .joined(separator: "; ")
  }

  private static func cut(_ text: String, to width: Double, size: Double) -> String {
    guard textWidth(text) * size / fontSize > width else { return text }
    var kept = text
    while !kept.isEmpty, textWidth(kept + "…") * size / fontSize > width { kept.removeLast() }
    return kept + "…"
  }

  private var grid: String {
    let box = Self.plot
    let bottom = box.y + box.height
    var text = "<g class=\"grid\">\n"
    for tick in speedAxis.ticks {
      let x = MarkupText.number(speedAxis.place(tick.value))
      text += "<path d=\"M\(x) \(MarkupText.number(box.y))V\(MarkupText.number(bottom))\"/>\n"
    }
    for tick in ratioAxis.ticks {
      let y = MarkupText.number(ratioAxis.place(tick.value))
      text += "<path d=\"M\(MarkupText.number(box.x)) \(y)H\(MarkupText.number(box.x + box.width))\"/>\n"
    }
    text += "</g>\n<g class=\"soft\" font-size=\"12\">\n"
    for tick in speedAxis.ticks {
      // A label at the right end must not reach out of the picture.
      let middle = speedAxis.place(tick.value)
      let x = MarkupText.number(min(middle, Self.width - 4 - Self.textWidth(tick.label) / 2))
      text += "<text x=\"\(x)\" y=\"\(MarkupText.number(bottom + 17))\" text-anchor=\"middle\">\(tick.label)</text>\n"
    }
    for tick in ratioAxis.ticks {
      let y = MarkupText.number(ratioAxis.place(tick.value) + 4)
      text += "<text x=\"\(MarkupText.number(box.x - 7))\" y=\"\(y)\" text-anchor=\"end\">\(tick.label)</text>\n"
    }
    let middle = MarkupText.number(box.x + box.width / 2)
    let center = MarkupText.number(box.y + box.height / 2)
    let word = direction == .compress ? "compress" : "decompress"
    text += """
      <text x="\(middle)" y="\(MarkupText.number(bottom + 36))" text-anchor="middle">\(word) speed, MB of plain data a second \
      (each step a multiple) →</text>
      <text x="14" y="\(center)" text-anchor="middle" transform="rotate(-90 14 \(center))">ratio: plain by compressed size →</text>
      <text x="\(MarkupText.number(Self.width / 2))" y="\(MarkupText.number(bottom + 58))" text-anchor="middle">Up is smaller, \
      right is faster; nothing measured beats the line.\(threads)</text>
      </g>

      """
    return text
  }

  /// What the numbers behind some names mean.
  private var threads: String {
    let most = report.results.map(\.case.threads).max() ?? 1
    return report.hasThreads && most > 1 ? " ×\(most): \(most) threads." : ""
  }

  /// The line through the front.
  private func lines(_ points: [Point]) -> String {
    func path(_ indices: [Int]) -> String {
      indices.enumerated().map { position, index in
        "\(position == 0 ? "M" : "L")\(MarkupText.number(points[index].x)) \(MarkupText.number(points[index].y))"
      }.joined()
    }
    return front.count > 1 ? "<path class=\"front\" d=\"\(path(front))\"/>\n" : ""
  }

  private func color(_ point: Point) -> Int {
    var codecs: [String] = []
    for result in report.results where !codecs.contains(result.case.codec) { codecs.append(result.case.codec) }
    return (codecs.firstIndex(of: point.codec) ?? 0) % Self.colors
  }

  private func mark(_ point: Point) -> String {
    let style = point.isOnFront ? "full" : "open"
    return """
      <circle class="\(style) c\(color(point))" cx="\(MarkupText.number(point.x))" cy="\(MarkupText.number(point.y))" \
      r="\(MarkupText.number(Self.radius))"><title>\(MarkupText.escaped(point.detail))</title></circle>

      """
  }

  private func label(_ point: Point) -> String {
    guard let label = point.label else { return "" }
    let box = label.box
    var text = ""
    if label.needsLine {
      // To the nearest point of the text's box.
      let x = min(max(point.x, box.x), box.x + box.width)
      let y = min(max(point.y, box.y), box.y + box.height)
      text += """
        <path class="lead" d="M\(MarkupText.number(point.x)) \(MarkupText.number(point.y))L\(MarkupText.number(x)) \
        \(MarkupText.number(y))"/>

        """
    }
    // Towards the point, so that a font that is narrower than thought leaves no gap.
    let middle = box.x + box.width / 2
    let anchor = box.x >= point.x ? "start" : box.x + box.width <= point.x ? "end" : "middle"
    let x = anchor == "start" ? box.x : anchor == "end" ? box.x + box.width : middle
    let weight = point.isOnFront ? " font-weight=\"600\"" : ""
    return text + """
      <text class="name \(point.isOnFront ? "ink" : "soft")" x="\(MarkupText.number(x))" \
      y="\(MarkupText.number(box.y + box.height * 0.8))" text-anchor="\(anchor)"\(weight)>\
      \(MarkupText.escaped(point.name))</text>

      """
  }

  /// Colours that can be told apart by most eyes, on light and on dark ground.
  private static let css = """
    .chart .back{fill:#fff}.chart .ink{fill:#1c1e21}.chart .soft{fill:#555b63}
    .chart .grid path{stroke:#e3e6ea;stroke-width:1;fill:none}
    .chart .front{stroke:#8a919b;stroke-width:2;fill:none;stroke-dasharray:1 5;stroke-linecap:round}
    .chart .lead{stroke:#9aa1ab;stroke-width:1;fill:none}
    .chart .open{fill:#fff;stroke-width:2}.chart .name{stroke:#fff;stroke-width:3;paint-order:stroke;stroke-linejoin:round}
    .chart .c0{stroke:#0b6bcb}.chart .c1{stroke:#c4560a}.chart .c2{stroke:#2a8a3e}.chart .c3{stroke:#a3349c}
    .chart .c4{stroke:#b3261e}.chart .c5{stroke:#7a6200}.chart .c6{stroke:#007a78}.chart .c7{stroke:#5b54c9}
    .chart .full.c0{fill:#0b6bcb}.chart .full.c1{fill:#c4560a}.chart .full.c2{fill:#2a8a3e}.chart .full.c3{fill:#a3349c}
    .chart .full.c4{fill:#b3261e}.chart .full.c5{fill:#7a6200}.chart .full.c6{fill:#007a78}.chart .full.c7{fill:#5b54c9}
    @media (prefers-color-scheme:dark){
    .chart .back{fill:#15181c}.chart .ink{fill:#eceff3}.chart .soft{fill:#a9b1bb}
    .chart .grid path{stroke:#2a2f36}.chart .front{stroke:#7d8691}.chart .lead{stroke:#6d7681}.chart .open{fill:#15181c}
    .chart .name{stroke:#15181c}
    .chart .c0{stroke:#5aa9ff}.chart .c1{stroke:#ff9a52}.chart .c2{stroke:#62cf7a}.chart .c3{stroke:#e788df}
    .chart .c4{stroke:#ff8078}.chart .c5{stroke:#d8bd3a}.chart .c6{stroke:#4fd0cc}.chart .c7{stroke:#a9a3ff}
    .chart .full.c0{fill:#5aa9ff}.chart .full.c1{fill:#ff9a52}.chart .full.c2{fill:#62cf7a}.chart .full.c3{fill:#e788df}
    .chart .full.c4{fill:#ff8078}.chart .full.c5{fill:#d8bd3a}.chart .full.c6{fill:#4fd0cc}.chart .full.c7{fill:#a9a3ff}
    }
    """
}
