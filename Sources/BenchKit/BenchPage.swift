// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import SystemIO
import TextFormats

/// A report as one page of HTML that needs nothing else: both pictures, a table that can be sorted, and everything one
/// must know to judge the figures.
package struct BenchPage {
  let report: BenchReport

  package init(report: BenchReport) { self.report = report }

  /// The page.
  package var html: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
    <title>\(Self.text("Codecs on " + report.corpus.summary))</title>
    <style>\(Self.css)</style>
    </head>
    <body>
    <main>
    <h1>Which codec for this data?</h1>
    <p class="lead">\(Self.text(report.corpus.summary)), on \(Self.text(report.machine.processor)), \
    \(report.machine.cores) \(report.machine.cores == 1 ? "core" : "cores").</p>
    \(warnings)\(choices)
    <h2>Speed and ratio</h2>
    <div class="charts">
    <figure>\(SpeedChart(report: report, direction: .compress).svg)</figure>
    <figure>\(SpeedChart(report: report, direction: .decompress).svg)</figure>
    </div>
    <h2>All figures</h2>
    \(table)
    <p class="note">Speeds are millions of bytes of your data a second, by the clock and by CPU time; medians. Memory is what \
    the codec takes at its peak, in a process of its own. Spread is how far repeated runs lie from their median. \
    <b>Bold</b>: nothing measured is both faster to compress and smaller. A click on a heading sorts.</p>
    <h2>How it was measured</h2>
    <dl>\(conditions)</dl>
    </main>
    <script>\(Self.script)</script>
    </body>
    </html>

    """
  }

  private static func text(_ value: String) -> String { MarkupText.escaped(value) }

  private var warnings: String {
    var lines: [String] = []
    if !report.busyReasons.isEmpty {
      lines.append("The machine was busy: \(report.busyReasons.joined(separator: "; ")). Take the figures with care.")
    }
    if report.isPartial { lines.append("The run was stopped early: this is what there was.") }
    if lines.isEmpty { return "" }
    return "<div class=\"warning\">" + lines.map { "<p>\(Self.text($0))</p>" }.joined() + "</div>\n"
  }

  private var choices: String {
    var text = "<div class=\"choices\">\n"
    for item in report.recommendations {
      let result = item.choice.map { report.results[$0] }
      let name = result.map { report.name($0) } ?? "–"
      let purpose = item.purpose.prefix(1).uppercased() + item.purpose.dropFirst()
      text += "<section><h3>\(Self.text(purpose))</h3><p class=\"choice\">\(Self.text(name))</p>"
      text += "<p>\(Self.text(item.effect)).</p><p class=\"note\">Rule: \(Self.text(item.rule)).</p>"
      if let result { text += "<p><code>--codec \(Self.text(result.case.spec)) -T \(result.case.threads)</code></p>" }
      text += "</section>\n"
    }
    return text + "</div>"
  }

  private var table: String {
    let heads = [
      "codec", "ratio", "size", "compress MB/s", "decompress MB/s", "compress MB/CPU\u{A0}s",
      "decompress MB/CPU\u{A0}s",
      "memory", "spread", "runs",
    ]
    var text = "<div class=\"scroll\"><table><thead><tr>"
    for (index, head) in heads.enumerated() {
      text += "<th scope=\"col\"\(index > 0 ? " class=\"n\"" : "")><button type=\"button\">\(head)</button></th>"
    }
    text += "</tr></thead><tbody>\n"
    let front = Set(report.front)
    for (index, result) in report.results.enumerated() {
      let cells: [(value: Double, text: String)] = [
        (result.ratio, SpeedText.ratio(result.ratio)),
        (Double(result.packedSize), SpeedText.percent(1 / max(result.ratio, 1e-9))),
        (result.compressSpeed, SpeedText.megabytes(result.compressSpeed)),
        (result.decompressSpeed, SpeedText.megabytes(result.decompressSpeed)),
        (result.compressCPUSpeed, SpeedText.megabytes(result.compressCPUSpeed)),
        (result.decompressCPUSpeed, SpeedText.megabytes(result.decompressCPUSpeed)),
        (Double(result.peakMemory ?? 0), result.peakMemory.map { "\(ByteCount($0))" } ?? "-"),
        (result.spread ?? -1, result.spread.map { SpeedText.percent($0) } ?? "-"),
        (Double(result.compress.wall.count), "\(result.compress.wall.count)"),
      ]
      let name = Self.text(report.name(result))
      text += "<tr\(front.contains(index) ? " class=\"front\"" : "")><th scope=\"row\" data-v=\"\(index)\">\(name)</th>"
      for cell in cells {
        text += "<td data-v=\"\(NumberText.fixed(cell.value, decimals: 4))\">\(Self.text(cell.text))</td>"
      }
      text += "</tr>\n"
    }
    return text + "</tbody></table></div>"
  }

  private var conditions: String {
    report.conditions.map { condition in
      let value = Self.text(condition.text)
      let shown = condition.term == "command" ? "<code>\(value)</code>" : value
      return "<dt>\(condition.term)</dt><dd>\(shown)</dd>"
    }.joined(separator: "\n")
  }

  private static let css = """
    :root{--back:#fff;--ink:#1c1e21;--soft:#555b63;--line:#dfe3e8;--card:#f5f7f9;--warn:#fff4d6;--accent:#0b6bcb}
    @media (prefers-color-scheme:dark){:root{--back:#15181c;--ink:#eceff3;--soft:#a9b1bb;--line:#30363e;--card:#1e2329;\
    --warn:#3a3115;--accent:#5aa9ff}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,'DejaVu Sans',Arial,sans-serif}
    main{max-width:1160px;margin:0 auto;padding:24px 16px 48px}
    h1{font-size:1.6rem;line-height:1.2;margin:0 0 8px}h2{font-size:1.2rem;margin:32px 0 12px}
    h3{font-size:.9rem;font-weight:600;color:var(--soft);margin:0}
    .lead{color:var(--soft);margin:0 0 16px;overflow-wrap:anywhere}
    .note{color:var(--soft);font-size:.85rem}
    .warning{background:var(--warn);border-radius:8px;padding:8px 14px;margin:0 0 16px}.warning p{margin:4px 0}
    .choices{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:12px}
    .choices section{background:var(--card);border-radius:8px;padding:12px 14px}.choices p{margin:4px 0}
    .choice{font-size:1.3rem;font-weight:600;color:var(--accent)}
    .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:16px}
    figure{margin:0;border:1px solid var(--line);border-radius:8px;overflow:hidden}
    figure svg{display:block;width:100%;height:auto}
    .scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px}
    table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
    th,td{padding:6px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line);font-weight:400}
    tbody tr:last-child>*{border-bottom:0}
    thead th{vertical-align:bottom;white-space:normal}
    th:first-child{text-align:left;position:sticky;left:0;background:var(--back)}
    .front>*{font-weight:700}
    thead button{all:unset;cursor:pointer;color:var(--soft);font-weight:600}
    thead button:focus-visible{outline:2px solid var(--accent)}
    th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}dt{color:var(--soft)}
    dd{margin:0;overflow-wrap:anywhere}
    code{font-size:.85em;overflow-wrap:anywhere}
    @media (max-width:500px){dl{grid-template-columns:1fr;gap:0}dd{margin:0 0 8px}}
    """

  /// Sorts by a column; the first click shows the largest figures first, and the names in the order of the plan.
  private static let script = """
    for (const [column, head] of [...document.querySelectorAll('thead th')].entries()) {
      head.querySelector('button').addEventListener('click', () => {
        const was = head.getAttribute('aria-sort');
        const order = was === 'descending' || (was === null && column === 0) ? 'ascending' : 'descending';
        for (const other of head.parentNode.children) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', order);
        const body = document.querySelector('tbody');
        const value = row => Number(row.children[column].dataset.v);
        const sign = order === 'ascending' ? 1 : -1;
        body.append(...[...body.children].sort((a, b) => sign * (value(a) - value(b))));
      });
    }
    """
}
