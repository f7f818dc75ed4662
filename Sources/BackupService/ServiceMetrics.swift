// SPDX-License-Identifier: Apache-2.0

/// Figures for a monitoring system, in the text form of Prometheus.
internal import BackupKit
internal import SystemIO

/// Counts answers, and describes the service.
final class ServiceMetrics: Sendable {
  private let answers = Monitor<[Int: Int]>([:])

  /// Counts an answer.
  func count(_ status: Int) { answers.withLock { $0[status, default: 0] += 1 } }

  /// All figures.
  ///
  /// - Parameters:
  ///   - core: the service.
  ///   - account: of whose backups; `nil` for those of all. How busy the service is concerns everybody.
  func text(_ core: ServiceCore, account: String?) -> String {
    var text = ""
    func family(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: String, value: UInt64)]) {
      text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
      for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
    }
    family(
      "archivetool_http_answers_total", "counter", "Answers by status.",
      answers.withLock { $0 }.sorted { $0.key < $1.key }.map { ("{status=\"\($0.key)\"}", UInt64($0.value)) })
    let load = core.load
    family("archivetool_work_waiting", "gauge", "Backups, checks and restores that wait.", [("", UInt64(load.waiting))])
    family("archivetool_work_running", "gauge", "Backups, checks and restores at work.", [("", UInt64(load.working))])
    let records = (try? core.view()).map { Array($0.selection(account: account)) } ?? []
    var states: [BackupState: UInt64] = [:]
    var newest: [String: Int64] = [:]
    var stored: UInt64 = 0
    for record in records {
      states[record.state, default: 0] += 1
      stored &+= record.sizes.stored
      if record.state == .complete { newest[record.instance] = record.createdAt.seconds }
    }
    family(
      "archivetool_backups", "gauge", "Backups by state.",
      BackupState.allCases.map { ("{state=\"\($0.rawValue)\"}", states[$0] ?? 0) })
    family("archivetool_stored_bytes", "gauge", "Bytes of all archives.", [("", stored)])
    family(
      "archivetool_last_complete_timestamp_seconds", "gauge",
      "When the newest complete backup of an instance was asked for.",
      newest.sorted { $0.key < $1.key }.map { ("{instance=\"\(Self.escaped($0.key))\"}", UInt64(clamping: $0.value)) })
    let restores = core.restoreRecords.filter { account == nil || $0.backup.account == account }
    family(
      "archivetool_restores", "gauge", "Restores since the start by state.",
      RestoreRecord.State.allCases.map { state in
        ("{state=\"\(state.rawValue)\"}", UInt64(restores.count { $0.state == state }))
      })
    let active = records.filter(\.state.isActive)
    family(
      "archivetool_backup_progress_bytes", "gauge", "Bytes read for backups that are being made.",
      active.compactMap { record in
        core.activities[record.id].map { activity in
          ("{instance=\"\(Self.escaped(record.instance))\"}", activity.progress.bytesRead)
        }
      })
    return text
  }

  private static func escaped(_ text: String) -> String {
    // By scalars: what follows a quotation mark may make one character with it.
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}
