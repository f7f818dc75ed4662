// SPDX-License-Identifier: Apache-2.0

import CommandLineKit

// The report for spreadsheets and for documents.

extension BenchReport {
  /// Comma-separated values after RFC 4180, with a line of headings.
  var csv: String {
    let heads = [
      "codec", "level", "settings", "threads", "chunk_size", "bytes_in", "bytes_out", "ratio", "compress_mb_per_s",
      "decompress_mb_per_s", "compress_mb_per_cpu_s", "decompress_mb_per_cpu_s", "compress_peak_memory",
      "decompress_peak_memory", "runs", "spread", "front",
    ]
    let front = Set(front)
    var lines = [heads]
    for (index, result) in results.enumerated() {
      let item = result.case
      lines.append([
        item.codec, item.level.map { "\($0)" } ?? "", item.settings, "\(item.threads)",
        item.chunkSize.map { "\($0)" } ?? "", "\(result.plainSize)", "\(result.packedSize)",
        NumberText.fixed(result.ratio, decimals: 4), Self.megabytes(result.compressSpeed),
        Self.megabytes(result.decompressSpeed), Self.megabytes(result.compressCPUSpeed),
        Self.megabytes(result.decompressCPUSpeed), result.compress.peakMemory.map { "\($0)" } ?? "",
        result.decompress.peakMemory.map { "\($0)" } ?? "", "\(result.compress.wall.count)",
        result.spread.map { NumberText.fixed($0, decimals: 4) } ?? "", front.contains(index) ? "yes" : "no",
      ])
    }
    return lines.map { $0.map(Self.cell).joined(separator: ",") + "\r\n" }.joined()
  }

  private static func megabytes(_ speed: Double) -> String { NumberText.fixed(speed / 1e6, decimals: 2) }

  private static func cell(_ text: String) -> String {
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// A table in Markdown, with the conditions under it.
  var markdown: String {
    var text = """
      | codec | ratio | compress MB/s | decompress MB/s | compress MB/CPU s | decompress MB/CPU s | memory | spread |
      |---|--:|--:|--:|--:|--:|--:|--:|

      """
    let front = Set(front)
    for (index, result) in results.enumerated() {
      let name = front.contains(index) ? "**\(name(result))**" : name(result)
      let cells = [
        name, SpeedText.ratio(result.ratio), SpeedText.megabytes(result.compressSpeed),
        SpeedText.megabytes(result.decompressSpeed), SpeedText.megabytes(result.compressCPUSpeed),
        SpeedText.megabytes(result.decompressCPUSpeed), result.peakMemory.map { "\(ByteCount($0))" } ?? "-",
        result.spread.map { SpeedText.percent($0) } ?? "-",
      ]
      text += "| \(cells.map(Self.escapedBar).joined(separator: " | ")) |\n"
    }
    text += "\nBold: nothing measured is both faster to compress and smaller. Speeds are of the plain data.\n\n"
    for reason in busyReasons { text += "* **busy machine**: \(reason)\n" }
    for item in recommendations {
      let choice = item.choice.map { name(results[$0]) } ?? "-"
      text += "* **\(item.purpose)**: \(choice): \(item.effect) (rule: \(item.rule))\n"
    }
    text += "\n"
    for (term, value) in conditions { text += "* \(term): \(term == "command" ? "`\(value)`" : value)\n" }
    return text
  }

  private static func escapedBar(_ text: String) -> String {
    text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  }
}
